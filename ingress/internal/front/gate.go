package front

import (
	"bytes"
	"net/http"
)

// Verdict is why the gate refuses a request; the zero Verdict lets it pass.
type Verdict struct {
	Status int
	Reason string // stable, dotted
}

func malformed(reason string) Verdict { return Verdict{http.StatusBadRequest, reason} }

// Check judges the head of a request: its line and the raw block of header lines, the empty line
// included. It knows nothing that a parser made of them, so a field that the parser hides or corrects
// is still seen. maxFields is how many fields are allowed.
func Check(method, target, protocol, raw []byte, maxFields int) Verdict {
	if v := checkLine(method, target, protocol); v.Status != 0 {
		return v
	}
	return checkFields(raw, string(protocol) == "HTTP/1.0", maxFields)
}

func checkLine(method, target, protocol []byte) Verdict {
	switch string(method) {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH":
	default:
		return malformed("http.method")
	}
	if p := string(protocol); p != "HTTP/1.1" && p != "HTTP/1.0" {
		return malformed("http.version")
	}
	// Only the origin form: a path that a proxy in front and we read in the same way.
	if len(target) == 0 || target[0] != '/' {
		return malformed("http.target")
	}
	for _, c := range target {
		if c <= ' ' || c >= 0x7f || c == '#' || c == '\\' {
			return malformed("http.target")
		}
	}
	return Verdict{}
}

func checkFields(raw []byte, http10 bool, maxFields int) Verdict {
	var fields, hosts, lengths, encodings, types int
	complete := false
	for len(raw) > 0 {
		end := bytes.IndexByte(raw, '\n')
		if end < 1 || raw[end-1] != '\r' {
			return malformed("http.line_end")
		}
		line := raw[:end-1]
		raw = raw[end+1:]
		if len(line) == 0 {
			if len(raw) > 0 {
				return malformed("http.line_end")
			}
			complete = true
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			return malformed("header.folded")
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 1 {
			return malformed("header.name")
		}
		name, value := line[:colon], line[colon+1:]
		for _, c := range name {
			if !tokenByte[c] {
				return malformed("header.name")
			}
		}
		for _, c := range value {
			if c < ' ' && c != '\t' || c == 0x7f {
				return malformed("header.value")
			}
		}
		if fields++; fields > maxFields {
			return Verdict{http.StatusRequestHeaderFieldsTooLarge, "header.many"}
		}
		switch len(name) {
		case len("host"):
			if bytes.EqualFold(name, []byte("host")) {
				hosts++
				if len(bytes.Trim(value, " \t")) == 0 {
					return malformed("header.host")
				}
			}
		case len("content-type"):
			if bytes.EqualFold(name, []byte("content-type")) {
				types++
			}
		case len("content-length"):
			if bytes.EqualFold(name, []byte("content-length")) {
				lengths++
				if !decimal(bytes.Trim(value, " \t")) {
					return malformed("header.content_length")
				}
			}
		case len("transfer-encoding"):
			if bytes.EqualFold(name, []byte("transfer-encoding")) {
				encodings++
				if !bytes.EqualFold(bytes.Trim(value, " \t"), []byte("chunked")) {
					return malformed("header.transfer_encoding")
				}
			}
		}
	}
	switch {
	case !complete:
		return malformed("http.line_end")
	case hosts != 1:
		return malformed("header.host")
	case lengths > 1:
		return malformed("header.content_length")
	case encodings > 1, encodings == 1 && http10:
		return malformed("header.transfer_encoding")
	case types > 1:
		return malformed("header.content_type")
	case lengths == 1 && encodings == 1:
		return malformed("header.framing")
	}
	return Verdict{}
}

func decimal(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0 && len(text) < 19
}

// tokenByte are the characters of a header name (RFC 9110 5.6.2).
//
//nolint:gochecknoglobals // constant data
var tokenByte = func() (t [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		t[c] = true
	}
	return t
}()

package verify

import (
	"bytes"
	"encoding/base64"
	"strings"
)

const (
	typeForm      = "application/x-www-form-urlencoded"
	typeMultipart = "multipart/form-data"
)

// formPair is one parameter of a form, unescaped.
type formPair struct{ name, value []byte }

// compare orders pairs by the bytes of name and value. Nothing of a form is secret.
func (p formPair) compare(other formPair) int {
	switch { // comparing bytes as strings copies nothing
	case string(p.name) < string(other.name):
		return -1
	case string(p.name) > string(other.name):
		return 1
	case string(p.value) < string(other.value):
		return -1
	case string(p.value) > string(other.value):
		return 1
	}
	return 0
}

// parseForm reads application/x-www-form-urlencoded strictly: no part is empty, each has a name and a =,
// each escape is two hexadecimal digits, and there are most parts at most. The pairs share one copy of
// the body.
func parseForm(body []byte, most int) ([]formPair, bool) {
	if len(body) == 0 {
		return nil, true
	}
	count := bytes.Count(body, []byte{'&'}) + 1
	if count > most {
		return nil, false
	}
	out := make([]formPair, 0, count)
	room := make([]byte, 0, len(body))
	take := func(text []byte) ([]byte, bool) {
		start := len(room)
		var ok bool
		room, ok = unescape(room, text)
		return room[start:len(room):len(room)], ok
	}
	for rest, more := body, true; more; {
		var item []byte
		item, rest, more = bytes.Cut(rest, []byte{'&'})
		name, value, found := bytes.Cut(item, []byte{'='})
		if !found || len(name) == 0 {
			return nil, false
		}
		var p formPair
		var ok, ok2 bool
		p.name, ok = take(name)
		p.value, ok2 = take(value)
		if !ok || !ok2 {
			return nil, false
		}
		out = append(out, p)
	}
	return out, true
}

// unescape appends text with + as a space and %XX as a byte.
func unescape(dst, text []byte) ([]byte, bool) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '+':
			dst = append(dst, ' ')
		case '%':
			if i+2 >= len(text) {
				return dst, false
			}
			high, ok := hexDigit(text[i+1])
			low, ok2 := hexDigit(text[i+2])
			if !ok || !ok2 {
				return dst, false
			}
			dst = append(dst, high<<4|low)
			i += 2
		default:
			dst = append(dst, c)
		}
	}
	return dst, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// mediaType gives the content type without its parameters, in lower case; "" where there is none.
func mediaType(h Header) (string, *Refusal) {
	v, n := h.Field("Content-Type")
	if n > 1 {
		return "", errHeaderRepeated
	}
	kind, _, _ := bytes.Cut(v, []byte{';'})
	return strings.ToLower(string(bytes.TrimSpace(kind))), nil
}

// address is a signed URL in pieces: start (scheme and host), the port, and the rest.
type address struct {
	start, rest []byte
	given       []byte // the port as the address has it, with its colon; empty = none
	port        []byte // the given port, or the default one of the scheme
}

// splitAddress finds the pieces of an http or https URL.
func splitAddress(url string) (address, bool) {
	text := []byte(url)
	var a address
	switch {
	case bytes.HasPrefix(text, []byte("https://")):
		a.port = []byte(":443")
	case bytes.HasPrefix(text, []byte("http://")):
		a.port = []byte(":80")
	default:
		return address{}, false
	}
	host := bytes.Index(text, []byte("://")) + len("://")
	end := len(text)
	if i := bytes.IndexAny(text[host:], "/?#"); i >= 0 {
		end = host + i
	}
	a.start, a.rest = text[:end], text[end:]
	if colon := bytes.LastIndexByte(a.start[host:], ':'); colon > bytes.LastIndexByte(a.start[host:], ']') {
		a.start, a.given = text[:host+colon], text[host+colon:end]
		a.port = a.given
	}
	return a, len(a.start) > host
}

// decodeExactly decodes base64 text that must fill dst.
func decodeExactly(dst, text []byte) ([]byte, bool) {
	// The length check also keeps out line breaks, which the decoder would skip.
	if len(text) != base64.StdEncoding.EncodedLen(len(dst)) {
		return nil, false
	}
	n, err := strictBase64.Decode(dst, text)
	return dst, err == nil && n == len(dst)
}

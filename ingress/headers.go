package ingress

import (
	"strings"
	"unicode/utf8"

	"github.com/valyala/fasthttp"
)

const (
	maxEventHeaders = 32
	maxEventHeader  = 1024 // bytes of a value
)

// private are words in a header name that speak of a proof, a secret or the way through proxies: such a
// field never becomes part of an event.
//
//nolint:gochecknoglobals // constant data
var private = []string{
	"token", "auth", "cookie", "signature", "hmac", "secret", "key", "password", "credential", "session",
	"x-forwarded-", "x-real-ip", "x-client-cert", "x-ssl-",
}

// eventHeaders copies the safe part of the header into the event: content-type, user-agent, the
// sender's x- fields and those that the preset names, in lower case. Values that are long or not UTF-8 are
// left out; of a repeated field the values are joined by commas.
func eventHeaders(h *fasthttp.RequestHeader, named, proofs []string) map[string]string {
	// All texts share one string, which is one copy for the whole header.
	type field struct{ name, value, end int }
	var list [maxEventHeaders]field
	var room [1024]byte
	buf, n := room[:0], 0
	for name, v := range h.All() {
		if n == len(list) {
			break
		}
		if !maybeEventHeader(name, named) || len(v) == 0 || len(v) > maxEventHeader || !utf8.Valid(v) {
			continue
		}
		list[n].name = len(buf)
		for _, c := range name {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			buf = append(buf, c)
		}
		list[n].value = len(buf)
		buf = append(buf, v...)
		list[n].end = len(buf)
		n++
	}
	text := string(buf)
	out := make(map[string]string, n)
	for _, f := range list[:n] {
		name, v := text[f.name:f.value], text[f.value:f.end]
		if contains(proofs, name) || !contains(named, name) && isPrivate(name) {
			continue
		}
		if first, again := out[name]; again {
			if v = first + ", " + v; len(v) > maxEventHeader {
				continue
			}
		}
		out[name] = v
	}
	return out
}

func maybeEventHeader(name []byte, named []string) bool {
	if len(name) > 64 {
		return false
	}
	if len(name) > 2 && (name[0] == 'X' || name[0] == 'x') && name[1] == '-' {
		return true
	}
	switch string(name) {
	case "Content-Type", "User-Agent":
		return true
	}
	for _, n := range named {
		if strings.EqualFold(n, string(name)) {
			return true
		}
	}
	return false
}

func isPrivate(name string) bool {
	for _, word := range private {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

package ingress

import (
	"bytes"
	"strings"
)

// maxMediaTypes is how many content types a webhook may name.
const maxMediaTypes = 32

// mediaType is a pattern of content types: application/json, text/*, application/*+json or */*.
type mediaType struct {
	main, sub string // in lower case; "" = any
	suffix    string // such as +json; only where sub is ""
}

type mediaTypes []mediaType

// checkMediaTypes gives the patterns in lower case and compiled.
func checkMediaTypes(list []string) ([]string, mediaTypes, error) {
	if len(list) > maxMediaTypes {
		return nil, nil, invalid("contentTypes", "there are %d content types, and %d are allowed", len(list), maxMediaTypes)
	}
	var texts []string
	var out mediaTypes
	for _, text := range list {
		text = strings.ToLower(text)
		m, ok := parseMediaType(text)
		if !ok {
			return nil, nil, invalid("contentTypes", "%q is no content type", text).
				WithHint("write it like application/json, text/* or application/*+json, without parameters")
		}
		texts, out = append(texts, text), append(out, m)
	}
	return texts, out, nil
}

func parseMediaType(text string) (m mediaType, ok bool) {
	main, sub, ok := strings.Cut(text, "/")
	if !ok || main == "*" && sub != "*" {
		return m, false
	}
	if main != "*" {
		m.main = main
	}
	if rest, open := strings.CutPrefix(sub, "*"); open {
		m.suffix = rest
		return m, (rest == "" || rest[0] == '+' && isMediaName(rest[1:])) && (main == "*" || isMediaName(main))
	}
	m.sub = sub
	return m, isMediaName(main) && isMediaName(sub)
}

// isMediaName follows RFC 6838 4.2.
func isMediaName(text string) bool {
	if text == "" || len(text) > 127 {
		return false
	}
	for _, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte("!#$&-^_.+", c) < 0 {
			return false
		}
	}
	return true
}

// match holds the value of a Content-Type field against the patterns. Without patterns all match.
func (list mediaTypes) match(contentType []byte) bool {
	if len(list) == 0 {
		return true
	}
	kind, _, _ := bytes.Cut(contentType, []byte{';'})
	main, sub, ok := bytes.Cut(bytes.TrimSpace(kind), []byte{'/'})
	if !ok || len(main) == 0 || len(sub) == 0 {
		return false
	}
	for _, m := range list {
		if m.main != "" && !sameFold(main, m.main) {
			continue
		}
		if m.sub != "" && sameFold(sub, m.sub) || m.sub == "" && len(sub) > len(m.suffix) && sameFold(sub[len(sub)-len(m.suffix):], m.suffix) {
			return true
		}
	}
	return false
}

// sameFold compares without the case of ASCII letters; lower is in lower case.
func sameFold(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i, c := range text {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

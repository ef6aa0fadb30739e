package ingress

import "bytes"

// pairs walks the name=value pairs of a query or url-encoded form. It decodes strictly: a broken
// percent escape ends the walk. The texts it gives are copies.
type pairs struct {
	rest   []byte
	broken bool
}

func (p *pairs) next() (name, text string, ok bool) {
	for len(p.rest) > 0 {
		var pair []byte
		pair, p.rest, _ = bytes.Cut(p.rest, []byte{'&'})
		if len(pair) == 0 {
			continue
		}
		rawName, rawText, _ := bytes.Cut(pair, []byte{'='})
		name, okName := unescape(rawName)
		text, okText := unescape(rawText)
		if !okName || !okText {
			p.broken = true
			return "", "", false
		}
		return name, text, true
	}
	return "", "", false
}

func unescape(text []byte) (string, bool) {
	if bytes.IndexByte(text, '%') < 0 && bytes.IndexByte(text, '+') < 0 {
		return string(text), true
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '+':
			out = append(out, ' ')
		case '%':
			if i+2 >= len(text) {
				return "", false
			}
			high, low := unhex(text[i+1]), unhex(text[i+2])
			if high < 0 || low < 0 {
				return "", false
			}
			out = append(out, byte(high<<4|low))
			i += 2
		default:
			out = append(out, c)
		}
	}
	return string(out), true
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

package front

import "bytes"

// Pairs walks the name=value pairs of a query or url-encoded form. It decodes strictly: a broken
// percent escape ends the walk. The texts it gives are copies.
type Pairs struct {
	Rest   []byte
	Broken bool
}

// Next gives the next pair; ok is false at the end.
func (p *Pairs) Next() (name, text string, ok bool) {
	for len(p.Rest) > 0 {
		var pair []byte
		pair, p.Rest, _ = bytes.Cut(p.Rest, []byte{'&'})
		if len(pair) == 0 {
			continue
		}
		rawName, rawText, _ := bytes.Cut(pair, []byte{'='})
		name, okName := Unescape(rawName)
		text, okText := Unescape(rawText)
		if !okName || !okText {
			p.Broken = true
			return "", "", false
		}
		return name, text, true
	}
	return "", "", false
}

// Unescape decodes the percent escapes of a text, strictly.
func Unescape(text []byte) (string, bool) {
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

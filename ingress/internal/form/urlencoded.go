package form

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// The limits of both kinds of form.
const (
	MaxPairs = 1_000     // of an url-encoded form
	MaxParts = 64        // of a multipart form
	MaxName  = 1 << 10   // bytes of a field's name, decoded
	MaxText  = 1 << 20   // bytes of a field's value, decoded
	maxFile  = 4_194_304 // bytes of a file: the largest body there is
)

// The refusals. They hold no part of the form.
var (
	ErrPairs  = fmt.Errorf("the form has more than %d fields", MaxPairs)
	ErrName   = fmt.Errorf("a field's name is longer than %d bytes", MaxName)
	ErrText   = fmt.Errorf("a field is longer than %d bytes", MaxText)
	ErrEscape = errors.New("a percent escape is broken")
)

// Decode gives the fields of an url-encoded form as an object: texts, and a list of texts where a name
// occurs several times. `+` is a space. A broken percent escape is refused; bytes that are not UTF-8 become
// U+FFFD. An empty name is a name, and a pair without `=` has an empty text.
func Decode(body []byte) (map[string]any, error) {
	fields := map[string]any{}
	for n := 0; len(body) > 0; {
		var pair []byte
		pair, body, _ = bytes.Cut(body, []byte{'&'})
		if len(pair) == 0 {
			continue
		}
		if n++; n > MaxPairs {
			return nil, ErrPairs
		}
		rawName, rawText, _ := bytes.Cut(pair, []byte{'='})
		name, err := unescape(rawName, MaxName, ErrName)
		if err != nil {
			return nil, err
		}
		text, err := unescape(rawText, MaxText, ErrText)
		if err != nil {
			return nil, err
		}
		add(fields, name, text)
	}
	return fields, nil
}

// add sets a field, or makes a list of it where the name is there already.
func add(fields map[string]any, name, text string) {
	switch old := fields[name].(type) {
	case nil:
		fields[name] = text
	case []any:
		fields[name] = append(old, text)
	default:
		fields[name] = []any{old, text}
	}
}

func unescape(raw []byte, limit int, tooLong error) (string, error) {
	if len(raw) > 3*limit {
		return "", tooLong
	}
	out := raw
	if bytes.IndexByte(raw, '%') >= 0 || bytes.IndexByte(raw, '+') >= 0 {
		out = make([]byte, 0, len(raw))
		for i := 0; i < len(raw); i++ {
			switch c := raw[i]; c {
			case '+':
				out = append(out, ' ')
			case '%':
				if i+2 >= len(raw) {
					return "", ErrEscape
				}
				high, low := unhex(raw[i+1]), unhex(raw[i+2])
				if high < 0 || low < 0 {
					return "", ErrEscape
				}
				out = append(out, byte(high<<4|low))
				i += 2
			default:
				out = append(out, c)
			}
		}
	}
	if len(out) > limit {
		return "", tooLong
	}
	return strings.ToValidUTF8(string(out), "\uFFFD"), nil
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

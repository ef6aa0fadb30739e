package main

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// maxText is the most bytes of a parameter that becomes part of a header field.
const maxText = 2_000

// checkText refuses what could end a line or mislead a parser, and what no header needs the length of.
// The error names the parameter and not its value.
func checkText(param, s string) error {
	if len(s) > maxText {
		return invalid(param, "is longer than %d bytes", maxText)
	}
	if !utf8.ValidString(s) {
		return invalid(param, "is not UTF-8")
	}
	for _, c := range s {
		if c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 {
			return invalid(param, "holds a line break or another control character")
		}
	}
	return nil
}

// isPlain reports whether s may stand in a field as it is: printable ASCII that nobody takes for an
// encoded word.
func isPlain(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return !strings.Contains(s, "=?")
}

// encodeWords gives s as encoded words joined by spaces, each of which stands alone.
func encodeWords(s string) string {
	const most = 42 // bytes of text in one word of at most 75 characters, with room for a rune
	var words []string
	for len(s) > 0 {
		n := 0
		for n < len(s) && n < most {
			_, size := utf8.DecodeRuneInString(s[n:])
			n += size
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}

const (
	softLine = 76  // a line of a header is folded there when it can be
	hardLine = 900 // and a word longer than this is encoded, since a line must stay below 998
)

// unstructured gives the line of a field with free text, folded and with its end.
func unstructured(name, text string) string {
	words := strings.Split(text, " ")
	plain := isPlain(text)
	for _, w := range words {
		plain = plain && len(w) < hardLine
	}
	if !plain {
		words = strings.Split(encodeWords(text), " ")
	}
	return fold(name, words)
}

// fold joins words by spaces and breaks the line before a word where it grows long.
func fold(name string, words []string) string {
	var b strings.Builder
	b.WriteString(name + ":")
	line := len(name) + 1
	for i, w := range words {
		if i > 0 && w != "" && line+1+len(w) > softLine {
			b.WriteString("\r\n")
			line = 0
		}
		b.WriteString(" " + w)
		line += 1 + len(w)
	}
	b.WriteString("\r\n")
	return b.String()
}

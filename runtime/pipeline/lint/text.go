package lint

import (
	"strings"
	"unicode"

	"github.com/penstock/penstock/runtime/fault"
)

// Snippet gives a line as it can be shown and, for the line below it, the marks under what lies between pos and end. Both
// are empty when the place is not in the text. A finding over several lines is marked to the end of its first one.
func Snippet(lines []string, pos, end fault.Position) (line, marks string) {
	if pos.Line < 1 || pos.Line > len(lines) || pos.Column < 1 {
		return "", ""
	}
	text := []rune(lines[pos.Line-1])
	from := min(pos.Column-1, len(text))
	to := len(text)
	if end.Line == pos.Line {
		to = min(max(end.Column-1, from), len(text))
	}
	const before, most = 60, 140 // a line that nobody writes by hand is cut
	first := 0
	if len(text) > most && from > before {
		first = from - before
	}
	last := min(len(text), first+most)
	for i, c := range text {
		if unicode.IsControl(c) { // one column for each character
			text[i] = ' '
		}
	}
	to = min(to, last)
	line = string(text[first:last])
	marks = strings.Repeat(" ", from-first) + strings.Repeat("^", max(to-from, 1))
	return line, marks
}

// Lines gives the lines of a file as [Snippet] and [Of] take them.
func Lines(text string) []string {
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return lines
}

// Mask gives the lines of a file with stars in place of the secrets that findings are about. lines stays as it is.
func Mask(file string, lines []string, found []Finding) []string {
	out := lines
	for _, f := range found {
		if f.Pos.File != file || !strings.HasPrefix(string(f.Code), "lint.secret.") || f.Pos.Line < 1 || f.Pos.Line > len(lines) {
			continue
		}
		if &out[0] == &lines[0] {
			out = append([]string(nil), lines...)
		}
		line := []rune(out[f.Pos.Line-1])
		for i := max(f.Pos.Column-1, 0); i < min(f.End.Column-1, len(line)); i++ {
			if line[i] != '"' && line[i] != '\'' {
				line[i] = '*'
			}
		}
		out[f.Pos.Line-1] = string(line)
	}
	return out
}

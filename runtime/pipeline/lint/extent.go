package lint

import (
	"strings"
	"unicode"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// extent gives where the word, the quoted text or the bracket at pos ends; pos itself when there is none.
func extent(lines []string, pos fault.Position) fault.Position {
	if pos.Line < 1 || pos.Line > len(lines) || pos.Column < 1 {
		return pos
	}
	line := []rune(lines[pos.Line-1])
	from := pos.Column - 1
	if from >= len(line) {
		return pos
	}
	pos.Column = from + length(line[from:]) + 1
	return pos
}

// length is how many characters of text, which is not empty, belong together.
func length(text []rune) int {
	switch c := text[0]; {
	case c == '"' || c == '\'':
		if n := quoted(text); n > 0 {
			return n
		}
	case c == '[' || c == '{':
		if n := bracketed(text); n > 0 {
			return n
		}
	case (c == '$' || c == '#') && len(text) > 1 && text[1] == '{':
		if n := bracketed(text[1:]); n > 0 {
			return n + 1
		}
	case isWord(c), c == '$' && len(text) > 1 && isWord(text[1]):
		return wordLength(text)
	}
	return 1
}

func isWord(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("_@", c)
}

// wordLength takes dots, dashes, slashes and colons between letters too: names of commands, keys and paths.
func wordLength(text []rune) int {
	n := 1
	for n < len(text) {
		switch {
		case isWord(text[n]):
			n++
		case strings.ContainsRune(".:/-", text[n]) && n+1 < len(text) && isWord(text[n+1]):
			n += 2
		default:
			return n
		}
	}
	return n
}

// quoted is the length of a text in quotes, 0 when it does not end here.
func quoted(text []rune) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && text[0] == '"':
			i++
		case text[i] == text[0] && text[0] == '\'' && i+1 < len(text) && text[i+1] == '\'':
			i++
		case text[i] == text[0]:
			return i + 1
		}
	}
	return 0
}

// bracketed is the length of what stands in brackets, 0 when they do not close here.
func bracketed(text []rune) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"', '\'':
			if n := quoted(text[i:]); n > 0 {
				i += n - 1
			}
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// wordAt gives the word at pos, without the quotes around it.
func wordAt(lines []string, pos fault.Position) (from, to fault.Position, word string) {
	to = extent(lines, pos)
	if to == pos {
		return pos, pos, ""
	}
	text := string([]rune(lines[pos.Line-1])[pos.Column-1 : to.Column-1])
	if len(text) >= 2 && (text[0] == '"' || text[0] == '\'') {
		pos.Column++
		to.Column--
		text = text[1 : len(text)-1]
		if strings.ContainsAny(text, `\'"`) {
			return pos, to, ""
		}
	}
	return pos, to, text
}

// scalarEnd gives where a scalar ends that stands at pos: behind text, when the file has it there as it is.
func scalarEnd(lines []string, pos fault.Position, text string) fault.Position {
	if pos.Line >= 1 && pos.Line <= len(lines) && pos.Column >= 1 && text != "" {
		line := []rune(lines[pos.Line-1])
		if from := pos.Column - 1; from < len(line) && strings.HasPrefix(string(line[from:]), text) {
			pos.Column += len([]rune(text))
			return pos
		}
	}
	return extent(lines, pos)
}

// end gives where the text of a scalar ends, in its first line.
func (f *file) end(v *pipeline.Value) fault.Position {
	text, _ := v.Text()
	return scalarEnd(f.lines, v.Pos, text)
}

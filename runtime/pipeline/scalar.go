package pipeline

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
)

// mark says where a piece of a scalar's text stands in the file: the text goes on there character by character, up to
// the next mark.
type mark struct {
	line, col     int // in the text
	atLine, atCol int // in the file
}

// scribe reads a scalar as it is written and notes where each of its characters comes from.
type scribe struct {
	text          strings.Builder
	marks         []mark
	count         int // of characters
	line, col     int // of the next character in the text
	atLine, atCol int // where the next character would be expected in the file
}

// put takes one character that stands at a place in the file.
func (s *scribe) put(c rune, line, col int) {
	if len(s.marks) == 0 || line != s.atLine || col != s.atCol {
		s.marks = append(s.marks, mark{s.line, s.col, line, col})
	}
	s.text.WriteRune(c)
	s.count++
	s.atLine, s.atCol = line, col+1
	if s.col++; c == '\n' {
		s.line, s.col = s.line+1, 1
		s.atLine = 0 // the next line begins somewhere else
	}
}

// marksOf gives where the characters of a scalar come from, nil when that cannot be told.
func (r *reader) marksOf(y *yaml.Node) []mark {
	if len(r.line(y.Line)) > longestLine {
		return nil
	}
	s := &scribe{line: 1, col: 1}
	switch y.Style &^ yaml.TaggedStyle {
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle, 0:
		r.flowScalar(s, y)
	case yaml.LiteralStyle, yaml.FoldedStyle:
		r.blockScalar(s, y)
	}
	if s.text.String() != y.Value && strings.TrimRight(s.text.String(), "\n") != strings.TrimRight(y.Value, "\n") {
		return nil
	}
	return s.marks
}

// flowScalar reads a plain or quoted text. The line breaks in it become blanks, or line breaks where lines are empty.
func (r *reader) flowScalar(s *scribe, y *yaml.Node) {
	var quote rune
	switch y.Style &^ yaml.TaggedStyle {
	case yaml.DoubleQuotedStyle:
		quote = '"'
	case yaml.SingleQuotedStyle:
		quote = '\''
	}
	line, base := y.Line, y.Column-1
	if quote != 0 {
		base++
	}
	breaks, joined := 0, false
	want := utf8.RuneCountInString(y.Value)
	for ; line <= len(r.lines) && s.count <= want; line++ {
		if line > y.Line {
			base = len(r.line(line)) - len(strings.TrimLeft(r.line(line), " \t"))
			breaks++
		}
		text := r.piece(line, base, 10*len(y.Value)+2) // no escape is longer
		to, closed := len(text), false
		if quote != 0 {
			to, closed = closingQuote(text, quote)
		}
		if to == 0 && !closed {
			continue // an empty line
		}
		switch {
		case breaks == 0 || joined:
		case breaks == 1:
			s.put(' ', line, base+1)
		default:
			for range breaks - 1 {
				s.put('\n', line, base+1)
			}
		}
		breaks = 0
		if !closed {
			for to > 0 && (text[to-1] == ' ' || text[to-1] == '\t') {
				to--
			}
		}
		joined = s.flowLine(text[:to], base, line, quote)
		if closed {
			return
		}
		if quote == 0 && s.count >= want {
			cutTo(s, y.Value)
			return
		}
	}
}

// piece gives the characters of a line from base on, at most so many bytes of them.
func (r *reader) piece(line, base, most int) []rune {
	text := strings.TrimRight(r.line(line), "\r")
	for ; base > 0 && text != ""; base-- {
		_, size := utf8.DecodeRuneInString(text)
		text = text[size:]
	}
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return []rune(text)
}

// cutTo gives up what stands behind a plain text in its line: a comment, or the rest of a list or map.
func cutTo(s *scribe, value string) {
	if strings.HasPrefix(s.text.String(), value) {
		s.text.Reset()
		s.text.WriteString(value)
	}
}

// flowLine reads one line of a flow scalar; joined tells that it ends with an escaped line break.
func (s *scribe) flowLine(text []rune, base, line int, quote rune) (joined bool) {
	for i := 0; i < len(text); i++ {
		switch {
		case quote == '\'' && text[i] == '\'': // one of two
			s.put('\'', line, base+i+1)
			i++
		case quote == '"' && text[i] == '\\':
			if i+1 >= len(text) {
				return true
			}
			c, size := unescaped(text[i+1:])
			s.put(c, line, base+i+1)
			i += size
		default:
			s.put(text[i], line, base+i+1)
		}
	}
	return false
}

// closingQuote gives the index of the quote that ends the text in this line, or the line's length.
func closingQuote(text []rune, quote rune) (int, bool) {
	for i := 0; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case text[i] == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i, true
		}
	}
	return len(text), false
}

// unescaped reads what stands behind a backslash.
func unescaped(text []rune) (c rune, size int) {
	simple := map[rune]rune{
		'0': 0, 'a': '\a', 'b': '\b', 't': '\t', '\t': '\t', 'n': '\n', 'v': '\v', 'f': '\f', 'r': '\r', 'e': 0x1b, ' ': ' ',
		'"': '"', '\'': '\'', '/': '/', '\\': '\\', 'N': 0x85, '_': 0xa0, 'L': 0x2028, 'P': 0x2029,
	}
	digits := map[rune]int{'x': 2, 'u': 4, 'U': 8}[text[0]]
	if digits == 0 || digits >= len(text) {
		return simple[text[0]], 1
	}
	n, _ := strconv.ParseUint(string(text[1:1+digits]), 16, 32)
	return rune(n), 1 + digits
}

// blockScalar reads a text behind | or >. In a folded one a line break between two lines of the same kind is a blank.
func (r *reader) blockScalar(s *scribe, y *yaml.Node) {
	indent := r.blockIndent(y)
	if indent < 0 {
		return
	}
	folded := y.Style&yaml.FoldedStyle != 0
	breaks, more, begun := 0, false, false
	for line := y.Line + 1; line <= len(r.lines); line++ {
		text := []rune(strings.TrimRight(r.line(line), "\r"))
		blank := strings.TrimSpace(string(text)) == ""
		if len(text) < indent || blank && len(text) <= indent {
			if !blank {
				return
			}
			breaks++
			continue
		}
		if strings.TrimLeft(string(text[:indent]), " ") != "" {
			return
		}
		deeper := len(text) > indent && (text[indent] == ' ' || text[indent] == '\t')
		lineBreaks := breaks
		if begun {
			lineBreaks++
			if folded && !deeper && !more {
				lineBreaks--
				if breaks == 0 {
					s.put(' ', line, indent+1)
				}
			}
		}
		for range lineBreaks {
			s.put('\n', line, indent+1)
		}
		for i := indent; i < len(text); i++ {
			s.put(text[i], line, i+1)
		}
		breaks, more, begun = 0, deeper, true
	}
}

// blockIndent gives how far the lines of a block are indented, -1 when it has none.
func (r *reader) blockIndent(y *yaml.Node) int {
	head := []rune(r.line(y.Line))
	for i := y.Column; i < len(head) && i < y.Column+2; i++ { // the sign that is told: it counts from the parent, which is not known
		if head[i] >= '1' && head[i] <= '9' {
			own := -1
			for no := y.Line + 1; no <= len(r.lines); no++ {
				if text := r.line(no); strings.TrimSpace(text) != "" {
					n := len(text) - len(strings.TrimLeft(text, " "))
					first := strings.SplitN(y.Value, "\n", 2)[0]
					own = n - (len(first) - len(strings.TrimLeft(first, " ")))
					break
				}
			}
			return own
		}
	}
	for no := y.Line + 1; no <= len(r.lines); no++ {
		if text := r.line(no); strings.TrimSpace(text) != "" {
			return len(text) - len(strings.TrimLeft(text, " "))
		}
	}
	return -1
}

// marked turns a position in the text of a scalar into one in the file.
func (n *node) marked(file string, rel fault.Position) fault.Position {
	at := n.marks[0]
	for _, m := range n.marks {
		if m.line > rel.Line || m.line == rel.Line && m.col > rel.Column {
			break
		}
		at = m
	}
	return fault.Position{File: file, Line: at.atLine, Column: at.atCol + max(rel.Column-at.col, 0)}
}

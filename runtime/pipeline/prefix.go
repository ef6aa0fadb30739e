package pipeline

import (
	"strings"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/fault"
)

// Expressions stand in ${...} or #{...}. The header exprPrefix names another sign, and then those two are
// plain text: %{...} for texts that are scripts or templates themselves.

const prefixSigns = "%&!?~^+=§"

// edit is a place behind which a translated text is longer than the written one.
type edit struct{ line, column, by int }

func (c *compiler) hasDelimiter(text string) bool {
	if c.prefix != "" {
		return strings.Contains(text, c.prefix+"{")
	}
	return strings.Contains(text, "${") || strings.Contains(text, "#{")
}

func (c *compiler) isDelimiter(text string) bool {
	if c.prefix != "" {
		return strings.HasPrefix(text, c.prefix+"{")
	}
	return strings.HasPrefix(text, "${") || strings.HasPrefix(text, "#{")
}

// translated gives the text of n with the delimiters that the language knows.
func (c *compiler) translated(n *node) string {
	text, _ := n.text()
	if c.prefix == "" || !strings.ContainsAny(text, "$#"+c.prefix) {
		return text
	}
	n.edits = nil
	var b strings.Builder
	line, column := 1, 1
	put := func(s string, written int) {
		for _, r := range s {
			if column++; r == '\n' {
				line, column = line+1, 1
			}
		}
		if by := utf8.RuneCountInString(s) - written; by != 0 {
			n.edits = append(n.edits, edit{line, column, by})
		}
		b.WriteString(s)
	}
	for i := 0; i < len(text); {
		rest := text[i:]
		switch {
		case strings.HasPrefix(rest, c.prefix+c.prefix+"{"):
			put(c.prefix+"{", 2+utf8.RuneCountInString(c.prefix))
			i += 2*len(c.prefix) + 1
		case strings.HasPrefix(rest, c.prefix+"{"):
			end := expressionEnd(rest, len(c.prefix)+1)
			put("${"+rest[len(c.prefix)+1:end], utf8.RuneCountInString(rest[:end]))
			i += end
		case strings.HasPrefix(rest, "${"), strings.HasPrefix(rest, "#{"):
			put(rest[:1]+rest[:2], 2)
			i += 2
		default:
			_, size := utf8.DecodeRuneInString(rest)
			put(rest[:size], 1)
			i += size
		}
	}
	return b.String()
}

// expressionEnd gives the index behind the } that ends the expression, or the end of the text.
func expressionEnd(text string, i int) int {
	depth := 1
	for ; i < len(text); i++ {
		switch ch := text[i]; ch {
		case '\'', '"', '`':
			for i++; i < len(text) && text[i] != ch; i++ {
				if text[i] == '\\' && ch != '`' {
					i++
				}
			}
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return min(i, len(text))
}

// written turns a position in a translated text into the one in the text as it was written.
func (n *node) written(rel fault.Position) fault.Position {
	column := rel.Column
	for _, e := range n.edits {
		if e.line == rel.Line && e.column <= rel.Column {
			column -= e.by
		}
	}
	rel.Column = max(column, 1)
	return rel
}

func (c *compiler) setPrefix(n *node) {
	text, ok := n.text()
	switch {
	case ok && (text == "$" || text == "#" || text == "${" || text == "#{"):
	case ok && utf8.RuneCountInString(strings.TrimSuffix(text, "{")) == 1 && strings.Contains(prefixSigns, strings.TrimSuffix(text, "{")):
		c.prefix = strings.TrimSuffix(text, "{")
	default:
		c.faults.add(fault.PipelineInvalid, n.line, n.col, "the header exprPrefix must be one of $ # %s", strings.Join(strings.Split(prefixSigns, ""), " ")).
			hint(`with exprPrefix: "%%" an expression is written %%{...}, and ${...} is plain text`)
	}
}

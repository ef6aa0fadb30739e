package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
)

// The marks stand for spellings that the parser cannot read. Each takes the place of one sign of the
// source, so that positions stay. They are letters, because names are made of letters; authors may not
// write them outside quotes.
const (
	utilMark    = '$' // @text.trim is read as $text.trim
	pointerMark = "ʘ" // # is read as ʘ, #this as ʘthis
	selectMark  = "ʔ" // .?[...] is read as .ʔ(...)
	projectMark = "ǃ" // .![...] is read as .ǃ(...)
)

var marks = strings.NewReplacer("$", "@", pointerMark, "#", "."+selectMark, ".?[...]", "."+projectMark, ".![...]") //nolint:gochecknoglobals // constant data

// unmarked writes a name as its author did.
func unmarked(name string) string { return marks.Replace(name) }

// marked refuses a name in which @ or # stands where a plain name belongs: body.#x, {@x: 1}.
func (c *compiler) marked(name *ast.StringNode) error {
	if name.Value == "" || !strings.ContainsAny(name.Value, "$"+pointerMark) {
		return nil
	}
	if written := []rune(c.src.expr)[name.Location().From:]; len(written) > 0 && (written[0] == '@' || written[0] == '#') {
		return c.syntax(name, "unexpected %q", string(written[0])).WithHint("write the name in quotes: body['@name']")
	}
	return nil
}

// translate writes the expression as the parser can read it.
func (s *source) translate() (string, error) {
	if !strings.ContainsAny(s.expr, "@#$?!^"+pointerMark+selectMark+projectMark) {
		return s.expr, nil
	}
	var out strings.Builder
	var open []byte // the brackets around i; '?' for that of a selection
	for i := 0; i < len(s.expr); {
		if end := skipText(s.expr, i); end > i {
			out.WriteString(s.expr[i:end])
			i = end
			continue
		}
		_, size := utf8.DecodeRuneInString(s.expr[i:])
		sign := s.expr[i : i+size]
		read, refused := s.sign(i, sign)
		if refused != nil {
			return "", refused
		}
		switch sign {
		case ".":
			if len(read) > 1 { // a selection
				out.WriteString(read)
				open = append(open, '?')
				i += len(".?[")
				continue
			}
		case "(", "[", "{":
			open = append(open, sign[0])
		case ")", "]", "}":
			if last := len(open) - 1; last >= 0 {
				if open[last] == '?' && sign != "]" {
					return "", s.syntax(s.char(i), "unexpected %q", sign)
				}
				if open[last] == '?' {
					read = ")"
				}
				open = open[:last]
			}
		}
		out.WriteString(read)
		i += size
	}
	return out.String(), nil
}

// sign gives what the sign at i is read as, or why it cannot be.
func (s *source) sign(i int, sign string) (read string, refused error) {
	rest := s.expr[i:]
	last, _ := utf8.DecodeLastRuneInString(s.expr[:i])
	if glued := unicode.IsLetter(last) || unicode.IsDigit(last) || last == '_'; glued && isOneOf(sign, "@", "#") {
		return "", s.syntax(s.char(i), "unexpected %q", sign)
	}
	switch sign {
	case "@":
		if len(rest) < 2 || !isLetter(rest[1]) {
			return "", s.syntax(s.char(i), `unexpected "@"`).WithHint("a util is written @name.function(...)")
		}
		return string(utilMark), nil
	case "#":
		return pointerMark, nil
	case "$":
		return "", s.syntax(s.char(i), `unexpected "$"`).WithHint("inside an expression names stand alone: body.name")
	case pointerMark, selectMark, projectMark:
		return "", s.syntax(s.char(i), "unexpected %q", sign).WithHint("write it in quotes: body['name']")
	case ".":
		switch {
		case last == '.': // of a range
		case strings.HasPrefix(rest, ".?["):
			return "." + selectMark + "(", nil
		case strings.HasPrefix(rest, ".!["):
			return "." + projectMark + "(", nil
		case strings.HasPrefix(rest, ".^["):
			return "", s.syntax(s.char(i), `".^[...]" is not supported`).WithHint("write find(list, .price > 10)")
		case strings.HasPrefix(rest, ".$["):
			return "", s.syntax(s.char(i), `".$[...]" is not supported`).WithHint("write findLast(list, .price > 10)")
		}
	}
	return sign, nil
}

// char turns a byte offset of the expression into a number of characters.
func (s *source) char(i int) int { return utf8.RuneCountInString(s.expr[:i]) }

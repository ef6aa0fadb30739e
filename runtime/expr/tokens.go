package expr

import (
	"unicode/utf8"

	"github.com/expr-lang/expr/parser/lexer"
)

// bracket is an open bracket.
type bracket struct {
	token  lexer.Token
	unary  int  // operators in front of it
	right  int  // right-hand nesting inside it
	commas int  // seen inside it
	calls  bool // it holds the arguments of a predicate call such as filter
	piped  bool // and the first argument stands in front of a |
}

// checkTokens refuses what nests too deep for a recursive parser: brackets, chains of unary operators,
// and everything that is parsed from the right (ternaries, powers, let, if).
func (l *Language) checkTokens(s *source, tokens []lexer.Token) error {
	open := []bracket{{}}
	depth, unary := 0, 0
	for _, t := range tokens {
		inner := &open[len(open)-1]
		switch {
		case t.Kind == lexer.Bytes:
			return s.syntax(t.From, "bytes are not supported").WithHint("write the text without b in front")
		case t.Kind == lexer.Bracket && isOneOf(t.Value, "(", "[", "{"):
			open = append(open, bracket{token: t, unary: unary})
			depth += 1 + unary
			unary = 0
		case t.Kind == lexer.Bracket:
			if t.Value != closes(inner.token.Value) {
				return s.syntax(t.From, "unexpected %q", t.Value)
			}
			depth -= 1 + inner.unary + inner.right
			open = open[:len(open)-1]
			unary = 0
		case t.Kind == lexer.Operator && isOneOf(t.Value, "-", "+", "!", "not"):
			unary++
		case t.Kind == lexer.Operator && isOneOf(t.Value, "?", "**", "^", "let", "if"):
			depth++
			inner.right++
			unary = 0
		case t.Kind == lexer.Operator && t.Value == ",":
			depth -= inner.right
			inner.right, unary = 0, 0
		default:
			unary = 0
		}
		if depth+unary > l.options.MaxNesting {
			return limit("levels of nesting", l.options.MaxNesting).At(s.position(t.From))
		}
	}
	return nil
}

func closes(open string) string {
	switch open {
	case "(":
		return ")"
	case "[":
		return "]"
	case "{":
		return "}"
	}
	return ""
}

func isOneOf(s string, of ...string) bool {
	for _, o := range of {
		if s == o {
			return true
		}
	}
	return false
}

// translateLists turns the Spring literals {1, 2}, {} and {:} into [1, 2], [] and { }, byte for byte,
// so that positions stay. A brace stays one where it holds names with values, a predicate or a block.
func translateLists(text string, tokens []lexer.Token) string {
	out := []byte(text)
	at := byteOffsets(text, tokens)
	open := []bracket{{}}
	for i, t := range tokens {
		inner := &open[len(open)-1]
		switch {
		case t.Is(lexer.Operator, ","):
			inner.commas++
		case t.Kind != lexer.Bracket:
		case t.Value == "{":
			next := bracket{token: t}
			if !isBlock(tokens, i, inner) && isList(tokens[i+1:]) {
				out[at[i]], next.token.Value = '[', "["
			} else if tokens[i+1].Is(lexer.Operator, ":") {
				out[at[i+1]] = ' '
			}
			open = append(open, next)
		case t.Value == "(":
			call := i > 0 && tokens[i-1].Kind == lexer.Identifier && isPredicateName(tokens[i-1].Value)
			piped := i > 1 && tokens[i-2].Is(lexer.Operator, "|")
			open = append(open, bracket{token: t, calls: call, piped: piped})
		case t.Value == "[":
			open = append(open, bracket{token: t})
		case len(open) > 1:
			out[at[i]] = closes(inner.token.Value)[0]
			open = open[:len(open)-1]
		}
	}
	return string(out)
}

// isBlock tells the braces of `if x { }` and of filter(list, { }) from literals.
func isBlock(tokens []lexer.Token, i int, inner *bracket) bool {
	if i > 0 && !startsOperand(tokens[i-1]) {
		return true
	}
	if !inner.calls || i == 0 {
		return false
	}
	if inner.piped {
		return inner.commas == 0 && tokens[i-1].Is(lexer.Bracket, "(")
	}
	return inner.commas == 1 && tokens[i-1].Is(lexer.Operator, ",")
}

// isList reports whether what follows an opening brace are items, not names with values.
func isList(tokens []lexer.Token) bool {
	depth := 0
	for i, t := range tokens {
		switch {
		case depth == 0 && t.Is(lexer.Operator, ":"):
			return i > 1 && !tokens[0].Is(lexer.Bracket, "(") // {a ? b : c} is a list, {a: b} and {(a): b} are maps
		case depth == 0 && (t.Is(lexer.Operator, ",") || t.Is(lexer.Operator, "?") || t.Kind == lexer.EOF):
			return true
		case t.Kind == lexer.Bracket && closes(t.Value) != "":
			depth++
		case t.Kind == lexer.Bracket:
			if depth--; depth < 0 {
				return true
			}
		}
	}
	return true
}

// startsOperand reports whether a value may follow t.
func startsOperand(t lexer.Token) bool {
	switch t.Kind {
	case lexer.Operator:
		return t.Value != "else"
	case lexer.Bracket:
		return isOneOf(t.Value, "(", "[", "{")
	}
	return false
}

// byteOffsets turns the character positions of tokens into byte positions.
func byteOffsets(text string, tokens []lexer.Token) []int {
	at := make([]int, len(tokens))
	char, offset := 0, 0
	for i, t := range tokens {
		for char < t.From && offset < len(text) {
			_, size := utf8.DecodeRuneInString(text[offset:])
			offset += size
			char++
		}
		at[i] = offset
	}
	return at
}

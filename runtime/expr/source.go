package expr

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"

	"github.com/penstock/penstock/runtime/fault"
)

// source is one expression and the text that it stands in.
type source struct {
	text   string
	offset int // of expr in text, in bytes
	expr   string
}

// position of the nth character of the expression, in the text.
func (s *source) position(char int) fault.Position {
	end := s.offset
	for range char {
		_, size := utf8.DecodeRuneInString(s.text[min(end, len(s.text)):])
		end += size
	}
	return positionIn(s.text, end)
}

func positionIn(text string, offset int) fault.Position {
	before := text[:min(offset, len(text))]
	lineStart := strings.LastIndexByte(before, '\n') + 1
	return fault.Position{
		Line:   strings.Count(before, "\n") + 1,
		Column: utf8.RuneCountInString(before[lineStart:]) + 1,
	}
}

// at gives err the position of the nth character, unless it already has one.
func (s *source) at(err error, char int) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Pos == (fault.Position{}) {
		return f.At(s.position(char))
	}
	return err
}

func (s *source) syntax(char int, format string, args ...any) *fault.Error {
	return fault.New(fault.ExprSyntax, format, args...).At(s.position(char))
}

// newGrammar is the parser's configuration, which it only reads.
func newGrammar(o Options) *conf.Config {
	config := conf.CreateNew()
	config.MaxNodes = uint(o.MaxNodes)
	for _, f := range builtin.Builtins {
		config.Disabled[f.Name] = true // functions are ours; predicates stay, the parser knows them apart
	}
	return config
}

// parse checks the size and nesting of the expression before the parser, which recurses, sees it.
func (l *Language) parse(s *source) (node ast.Node, err error) {
	if len(s.expr) > l.options.MaxSource {
		return nil, limit("bytes of source", l.options.MaxSource).At(s.position(0))
	}
	if strings.TrimSpace(s.expr) == "" {
		return nil, s.syntax(0, "the expression is empty")
	}
	text, err := s.translate()
	if err != nil {
		return nil, err
	}
	tokens, err := lexer.Lex(file.NewSource(text))
	if err != nil {
		return nil, s.translateError(err)
	}
	if err := l.checkTokens(s, tokens); err != nil {
		return nil, err
	}
	defer func() {
		if recover() != nil {
			node, err = nil, s.syntax(0, "the expression cannot be read")
		}
	}()
	tree, err := parser.ParseWithConfig(translateLists(text, tokens), l.grammar)
	if err != nil {
		return nil, s.translateError(err)
	}
	return tree.Node, nil
}

// translateError puts the parser's errors into our words.
func (s *source) translateError(err error) error {
	var e *file.Error
	if !errors.As(err, &e) {
		return s.syntax(0, "the expression cannot be read")
	}
	found := unexpectedToken.FindStringSubmatch(e.Message)
	switch {
	case strings.Contains(e.Message, "maximum allowed nodes"):
		return fault.New(fault.ExprLimit, "the expression has too many parts").At(s.position(0)).
			WithHint("split it over several steps")
	case strings.HasPrefix(e.Message, "a map key must be"):
		return s.syntax(e.From, "a map needs a name, a text or an expression in parentheses before ':'").
			WithHint("a list is written [1, 2]")
	case e.Message == "expected name":
		return s.syntax(e.From, "a name is missing behind the dot")
	case strings.HasPrefix(e.Message, "invalid") && strings.Contains(e.Message, "literal"):
		return s.syntax(e.From, "the number is out of range")
	case found == nil && len(e.Message) > 100:
		return s.syntax(e.From, "the expression cannot be read")
	case found == nil:
		return s.syntax(e.From, "%s", unmarked(strings.ReplaceAll(e.Message, "literal not terminated", "the text has no closing quote")))
	}
	return s.unexpected(e.From, found[1], found[2])
}

// unexpected refuses a token that the grammar does not allow there, with a hint for what other languages allow.
func (s *source) unexpected(char int, kind, token string) error {
	if kind == "EOF" {
		return s.syntax(char, "the expression ends too early")
	}
	if kind == "String" {
		return s.syntax(char, "unexpected text").WithHint(`a quote inside a text is written \'`)
	}
	if written := []rune(s.expr)[char:]; token == ")" && len(written) > 0 && written[0] == ']' {
		token = "]" // of a selection
	}
	err := s.syntax(char, "unexpected %q", unmarked(token[:min(len(token), 40)]))
	switch token {
	case ":":
		return err.WithHint("a map inside a predicate stands in parentheses: map(list, ({a: .name}))")
	case "=":
		return err.WithHint("compare with ==; to set a variable use output: or var.set")
	case ".":
		return err.WithHint("inside .?[...] and .![...] a field of the item stands alone: price")
	case "eq", "ne", "lt", "le", "gt", "ge":
		signs := map[string]string{"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
		return err.WithHint("write %s", signs[token])
	case "div", "mod":
		return err.WithHint("write %s", map[string]string{"div": "/", "mod": "%"}[token])
	case "instanceof":
		return err.WithHint("write type(value) == 'text'")
	}
	return err
}

var unexpectedToken = regexp.MustCompile(`^unexpected token (\w+)(?:\("(.*)"\))?$`)

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// skipText gives the index behind the quoted text or comment that starts at i, or i.
func skipText(s string, i int) int {
	switch c := s[i]; {
	case c == '\'' || c == '"':
		for j := i + 1; j < len(s); j++ {
			switch s[j] {
			case '\\':
				j++
			case c:
				return j + 1
			}
		}
		return len(s)
	case c == '`':
		if end := strings.IndexByte(s[i+1:], '`'); end >= 0 {
			return i + 1 + end + 1
		}
		return len(s)
	case strings.HasPrefix(s[i:], "//"):
		if end := strings.IndexByte(s[i:], '\n'); end >= 0 {
			return i + end
		}
		return len(s)
	case strings.HasPrefix(s[i:], "/*"):
		if end := strings.Index(s[i+2:], "*/"); end >= 0 {
			return i + 2 + end + 2
		}
		return len(s)
	}
	return i
}

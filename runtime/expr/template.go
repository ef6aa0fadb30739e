package expr

import (
	"context"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// Template is a compiled text with expressions in it. It may be evaluated from many goroutines.
type Template struct {
	lang   *Language
	parts  []part
	single bool // exactly one expression and nothing else: its value keeps its type

	constant bool // nothing is read: every evaluation gives value
	value    any
}

// maxInText is how many expressions one text may hold.
const maxInText = 1000

// part is fixed text or an expression.
type part struct {
	fixed   string
	program *Program
}

// Template reads a text with ${...} and #{...}. $${ and ##{ stand for a literal ${ and #{. Errors have
// fault.ExprSyntax or fault.ExprLimit and a position in text. What an expression gives is never read
// as a template again.
func (l *Language) Template(text string) (*Template, error) {
	t := &Template{lang: l}
	var fixed strings.Builder
	expressions := 0
	for i := 0; i < len(text); {
		next := strings.IndexAny(text[i:], "$#")
		if next < 0 {
			fixed.WriteString(text[i:])
			break
		}
		fixed.WriteString(text[i : i+next])
		i += next
		mark := text[i : i+1]
		switch {
		case strings.HasPrefix(text[i:], mark+mark+"{"):
			fixed.WriteString(mark + "{")
			i += 3
			continue
		case !strings.HasPrefix(text[i:], mark+"{"):
			fixed.WriteString(mark)
			i++
			continue
		}
		end := closing(text, i+2)
		if end < 0 {
			return nil, fault.New(fault.ExprSyntax, "the expression is not closed").At(positionIn(text, i)).
				WithHint(`write } behind it; a literal %s{ is written %s%s{`, mark, mark, mark)
		}
		p, err := l.compile(&source{text: text, offset: i + 2, expr: text[i+2 : end]})
		if err != nil {
			return nil, err
		}
		if expressions++; expressions > maxInText {
			return nil, fault.New(fault.ExprLimit, "a text holds at most %d expressions", maxInText).At(positionIn(text, i)).
				WithHint("make a list of texts, or use @text.concat")
		}
		t.add(part{fixed: fixed.String()}, part{program: p})
		fixed.Reset()
		i = end + 1
	}
	t.add(part{fixed: fixed.String()})
	t.single = expressions == 1 && len(t.parts) == 1
	t.fold()
	return t, nil
}

// add appends parts that are not empty.
func (t *Template) add(parts ...part) {
	for _, p := range parts {
		if p.program != nil || p.fixed != "" {
			t.parts = append(t.parts, p)
		}
	}
}

// fold writes the constant expressions of a mixed text out.
func (t *Template) fold() {
	if t.single {
		code := t.parts[0].program.code
		t.constant, t.value = code.constant, code.value
		return
	}
	folded := &Template{}
	var fixed strings.Builder
	for _, p := range t.parts {
		switch {
		case p.program == nil:
			fixed.WriteString(p.fixed)
		case p.program.code.constant:
			fixed.WriteString(Text(p.program.code.value))
		default:
			folded.add(part{fixed: fixed.String()}, p)
			fixed.Reset()
		}
	}
	if len(folded.parts) == 0 {
		t.constant, t.value = true, fixed.String()
	}
	folded.add(part{fixed: fixed.String()})
	t.parts = folded.parts
}

// closing gives the index of the } that ends the expression starting at i, -1 when there is none.
func closing(text string, i int) int {
	depth := 0
	for i < len(text) {
		if end := skipText(text, i); end > i {
			i = end
			continue
		}
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth == 0 {
				return i
			}
			depth--
		}
		i++
	}
	return -1
}

// Constant gives the value of a template that depends on nothing.
func (t *Template) Constant() (any, bool) { return t.value, t.constant }

// Eval gives the value of the template: of its expression with its type when it is nothing else, else a
// text. The limits hold for all expressions of the text together. Errors are those of [Program.Eval].
func (t *Template) Eval(ctx context.Context, env Env) (any, error) {
	if t.constant {
		return t.value, nil
	}
	if t.single {
		return t.parts[0].program.Eval(ctx, env)
	}
	st := t.lang.begin(ctx, env)
	defer t.lang.end(st)
	var few [8]string
	texts, size := few[:0], 0
	for _, p := range t.parts {
		text := p.fixed
		if p.program != nil {
			v, err := p.program.eval(st)
			if err != nil {
				return nil, err
			}
			if text, err = st.text(v); err != nil {
				return nil, err
			}
		}
		texts = append(texts, text)
		size += len(text)
	}
	if err := st.grow(size); err != nil {
		return nil, err
	}
	return strings.Join(texts, ""), nil
}

package expr

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/penstock/penstock/runtime/fault"
)

// function is one function of the language. It is pure unless it says otherwise: calls with constant
// arguments are done once, when the expression is compiled.
type function struct {
	name     string // len, @text.upperCase
	params   string // for people: "text, length"
	least    int    // arguments
	most     int    // arguments; -1 = any number
	changing bool   // gives another value each time
	run      func(st *state, args []any) (any, error)
	summary  string
	example  string
	want     string // JSON text of the example's value
}

// badArgument says that argument number index (from 0) has the wrong type.
type badArgument struct {
	index      int
	want, have string
}

func (b badArgument) Error() string { return "argument is a " + b.have + ", not a " + b.want }

func (c *compiler) call(n *ast.CallNode) (code, error) {
	if m, ok := n.Callee.(*ast.MemberNode); ok {
		if id, ok := m.Node.(*ast.IdentifierNode); !ok || id.Value[0] != utilMark {
			return c.member(n)
		}
	}
	return c.callLink(n, new(bool))
}

// callLink compiles name(...), @name.function(...) and value.method(...).
func (c *compiler) callLink(n *ast.CallNode, short *bool) (code, error) {
	name := ""
	var receiver []code
	var f *function
	switch callee := n.Callee.(type) {
	case *ast.IdentifierNode:
		name = callee.Value
		if f = c.lang.functions[name]; f == nil {
			return code{}, c.unknown(n, name)
		}
	case *ast.MemberNode:
		property, ok := callee.Property.(*ast.StringNode)
		if !ok {
			return code{}, c.syntax(n, "a call needs the name of a function")
		}
		if id, ok := callee.Node.(*ast.IdentifierNode); ok && id.Value[0] == utilMark {
			name = "@" + id.Value[1:] + "." + property.Value
			if f = c.lang.functions[name]; f == nil {
				return code{}, c.unknown(id, name)
			}
			break
		}
		name = "." + property.Value
		if f = c.lang.methods[property.Value]; f == nil {
			return code{}, c.unknown(n, name)
		}
		base, err := c.receiver(callee, short)
		if err != nil {
			return code{}, err
		}
		receiver = []code{base}
	default:
		return code{}, c.syntax(n, "a call needs the name of a function")
	}
	args, err := c.all(n.Arguments)
	if err != nil {
		return code{}, err
	}
	args = append(receiver, args...)
	if len(args) < f.least || (f.most >= 0 && len(args) > f.most) {
		return code{}, c.syntax(n, "%s does not take %d arguments", name, len(args)-len(receiver)).
			WithHint("it takes (%s)", f.params)
	}
	run := c.invoke(n, f, name, args, len(receiver))
	if f.changing {
		return code{run: run}, nil
	}
	return c.folded(run, args...), nil
}

// receiver compiles what a method is called on.
func (c *compiler) receiver(m *ast.MemberNode, short *bool) (code, error) {
	base, err := c.link(m.Node, short)
	if err != nil {
		return code{}, err
	}
	if m.Optional {
		*short = true
	}
	return code{constant: base.constant, value: base.value, run: func(st *state) (any, error) {
		v, err := base.run(st)
		if err != nil || v != nil {
			return v, err
		}
		if m.Optional {
			return nil, errShort
		}
		field := strings.TrimPrefix(shown(m), shown(m.Node))
		return nil, c.at(notReadable(v, shown(m.Node), field+"()"), m)
	}}, nil
}

func (c *compiler) invoke(n *ast.CallNode, f *function, name string, args []code, receivers int) node {
	return func(st *state) (any, error) {
		if err := st.step(1); err != nil {
			return nil, c.at(err, n)
		}
		base := len(st.args)
		for _, a := range args {
			v, err := a.run(st)
			if err != nil {
				st.args = st.args[:base]
				return nil, err
			}
			st.args = append(st.args, v)
		}
		v, err := f.run(st, st.args[base:])
		st.args = st.args[:base]
		if err == nil {
			return v, nil
		}
		var bad badArgument
		if errors.As(err, &bad) {
			if bad.index < receivers {
				return nil, c.at(fault.New(fault.ExprEval, "%s() needs a %s, found a %s", name, bad.want, bad.have), n)
			}
			err = fault.New(fault.ExprEval, "argument %d of %s is a %s, not a %s", bad.index+1-receivers, name, bad.have, bad.want)
		}
		return nil, c.at(err, n)
	}
}

// unknown names the nearest function of the same kind: plain, util or method.
func (c *compiler) unknown(n ast.Node, name string) error {
	var known []string
	switch name[0] {
	case '.':
		for m := range c.lang.methods {
			known = append(known, "."+m)
		}
	default:
		for f := range c.lang.functions {
			if (f[0] == '@') == (name[0] == '@') {
				known = append(known, f)
			}
		}
		if name[0] != '@' {
			known = append(known, predicateNames()...)
		}
	}
	hint := fault.DidYouMean(name, known)
	if space, _, ok := strings.Cut(name, "."); ok && name[0] == '@' {
		if spaces := namespaces(known); !slices.Contains(spaces, space) {
			if hint = fault.DidYouMean(space, spaces); hint == "" {
				hint = "there are " + strings.Join(spaces, ", ")
			}
			return c.syntax(n, "unknown util %q", space).WithHint("%s", hint)
		}
	}
	return c.syntax(n, "unknown function %q", name).WithHint("%s", hint)
}

func namespaces(names []string) []string {
	var out []string
	for _, name := range names {
		if space, _, ok := strings.Cut(name, "."); ok && !slices.Contains(out, space) {
			out = append(out, space)
		}
	}
	slices.Sort(out)
	return out
}

func (l *Language) compiler(src *source) *compiler {
	// Folding has a budget of its own, so that compiling stays cheap whatever the expression says.
	o := l.options
	fold := l.begin(context.Background(), nil)
	fold.maxSteps, fold.maxBytes = min(o.MaxSteps, 20_000), min(o.MaxBytes, 256<<10)
	fold.pause = fold.maxSteps + 1
	return &compiler{lang: l, src: src, fold: fold}
}

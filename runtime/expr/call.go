package expr

import (
	"errors"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/penstock/penstock/runtime/fault"
)

// call is one place where a function is called.
type call struct {
	f         *function
	form      params
	name      string // as written: len, @text.trim, .size
	receivers int    // arguments that stand in front of the dot: 0 or 1
	args      []code
	checks    []*param // of arguments that are only known when the call is done; nil = nothing to check
	chars     []int    // where each argument begins
	char      int      // where the call begins
	src       *source
}

func (c *compiler) call(n *ast.CallNode) (code, error) {
	if m, ok := n.Callee.(*ast.MemberNode); ok {
		if id, ok := m.Node.(*ast.IdentifierNode); !ok || id.Value[0] != utilMark {
			return c.member(n)
		}
	}
	return c.callLink(n, new(bool))
}

// callLink compiles name(...), @name.function(...), value.method(...) and the selections.
func (c *compiler) callLink(n *ast.CallNode, short *bool) (code, error) {
	k := &call{src: c.src, char: n.Location().From}
	switch callee := n.Callee.(type) {
	case *ast.IdentifierNode:
		k.name = callee.Value
		if k.f = c.lang.functions[k.name]; k.f == nil {
			return code{}, c.unknown(n, k.name)
		}
	case *ast.MemberNode:
		property, ok := callee.Property.(*ast.StringNode)
		if !ok {
			return code{}, c.syntax(n, "a call needs the name of a function")
		}
		if id, ok := callee.Node.(*ast.IdentifierNode); ok && id.Value[0] == utilMark {
			k.name, k.char = "@"+id.Value[1:]+"."+property.Value, id.Location().From
			if k.f = c.lang.functions[k.name]; k.f == nil {
				return code{}, c.unknown(id, k.name)
			}
			break
		}
		if property.Value == selectMark || property.Value == projectMark {
			return c.selection(n, callee, short)
		}
		k.name = "." + property.Value
		if k.f = c.lang.methods[property.Value]; k.f == nil {
			return code{}, c.unknown(n, k.name)
		}
		base, err := c.receiver(callee, short)
		if err != nil {
			return code{}, err
		}
		k.args, k.chars, k.receivers = []code{base}, []int{start(callee.Node)}, 1
	default:
		return code{}, c.syntax(n, "a call needs the name of a function")
	}
	args, err := c.all(n.Arguments)
	if err != nil {
		return code{}, err
	}
	k.args = append(k.args, args...)
	for _, a := range n.Arguments {
		k.chars = append(k.chars, start(a))
	}
	if err := k.settle(c); err != nil {
		return code{}, err
	}
	return k.folded(c)
}

// folded does a call ahead that depends on nothing. One that its function refuses would fail every time.
func (k *call) folded(c *compiler) (code, error) {
	values := make(args, len(k.args))
	for i, a := range k.args {
		if values[i] = a.value; !a.constant || k.checks[i] != nil {
			return code{run: k.run}, nil
		}
	}
	if k.f.changing {
		return code{run: k.run}, nil
	}
	err := c.fold.step(1)
	var v any
	if err == nil {
		v, err = k.f.run(c.fold, values)
	}
	if err == nil {
		_, err = c.fold.measure(v, 0)
	}
	var r refusal
	switch {
	case err == nil:
		return constant(v), nil
	case errors.As(err, &r):
		return code{}, k.explain(fault.ExprType, r.index, r)
	}
	return code{run: k.run}, nil // it fails when it is done, if it is
}

// settle finds the form that is called and checks what is known of its arguments.
func (k *call) settle(c *compiler) error {
	form, ok := k.f.form(len(k.args))
	if !ok {
		var counts, signatures []string
		for _, p := range k.f.forms() {
			counts, signatures = append(counts, p[k.receivers:].counts()), append(signatures, p[k.receivers:].signature(k.name))
		}
		return c.src.syntax(k.char, "%s takes %s, found %d", k.name, strings.Join(counts, " or "), len(k.args)-k.receivers).
			WithHint("write %s", strings.Join(signatures, " or "))
	}
	k.form, k.checks = form, make([]*param, len(k.args))
	for i, a := range k.args {
		p := form.at(i)
		if !a.constant || a.value == nil && i < k.receivers {
			k.checks[i] = p
			continue
		}
		v, err := p.take(c.fold, a.value)
		var r refusal
		switch {
		case errors.As(err, &r):
			return k.explain(fault.ExprType, i, r)
		case err != nil:
			k.checks[i] = p // of too small a budget: it is checked when the call is done
		default:
			k.args[i] = constant(v)
		}
	}
	return nil
}

// run does the call.
func (k *call) run(st *state) (any, error) {
	if err := st.step(1); err != nil {
		return nil, k.src.at(err, k.char)
	}
	base := len(st.args)
	for i := range k.args {
		v, err := k.args[i].run(st)
		if err == nil && k.checks[i] != nil {
			if v, err = k.checks[i].take(st, v); err != nil {
				err = k.place(err, i)
			}
		}
		if err != nil {
			st.args = st.args[:base]
			return nil, err
		}
		st.args = append(st.args, v)
	}
	v, err := k.f.run(st, args(st.args[base:]))
	st.args = st.args[:base]
	if err != nil {
		return nil, k.place(err, -1)
	}
	return v, nil
}

// place gives an error the names of the call and its position. i is the argument that was checked, -1 for none.
func (k *call) place(err error, i int) error {
	var r refusal
	if !errors.As(err, &r) {
		return k.src.at(err, k.char)
	}
	if i < 0 {
		i = r.index
	}
	return k.explain(fault.ExprEval, i, r)
}

func (k *call) explain(code fault.Code, i int, r refusal) error {
	what := "the value in front of " + k.name + "()"
	if i >= k.receivers {
		what = k.form.at(i).name + " of " + k.form[k.receivers:].signature(k.name)
	}
	return fault.New(code, "%s %s", what, r.says).WithHint("%s", r.hint).At(k.src.position(k.chars[i]))
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
		if !strings.HasSuffix(field, "]") {
			field += "()"
		}
		return nil, c.at(notReadable(v, shown(m.Node), field), m)
	}}, nil
}

// start is where the first sign of n stands.
func start(n ast.Node) int {
	switch n := n.(type) {
	case *ast.MemberNode:
		return start(n.Node)
	case *ast.ChainNode:
		return start(n.Node)
	case *ast.SliceNode:
		return start(n.Node)
	case *ast.BinaryNode:
		return start(n.Left)
	case *ast.ConditionalNode:
		return start(n.Cond)
	case *ast.CallNode:
		return start(n.Callee)
	}
	return n.Location().From
}

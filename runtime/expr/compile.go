package expr

import (
	"context"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/penstock/penstock/runtime/fault"
)

// node evaluates one part of an expression.
type node func(st *state) (any, error)

// code is a compiled part.
type code struct {
	run      node
	constant bool
	value    any   // of a constant
	path     *path // set for plain chains such as body.a.b, which need no state
}

func constant(v any) code {
	return code{run: func(*state) (any, error) { return v, nil }, constant: true, value: v}
}

// compiler turns the parser's tree into nested functions. Nothing of the library runs after this: its
// machine calls methods of values by reflection, cannot be interrupted, doubles its work for each
// nested a < b < c and shows values in its errors.
type compiler struct {
	lang   *Language
	src    *source
	locals []string // names of `let` in scope, innermost last; the index is the slot
	slots  int      // most slots in use at once
	parts  int      // compiled so far
	loops  int      // predicates and selections around this part
	bare   bool     // the innermost of them is a selection: names that are no root are fields of the item
	reads  []*path  // chains of names that begin with a root
	fold   *state   // its small budget is shared by all foldings of one expression
}

func (l *Language) compiler(src *source) *compiler {
	// Folding has a budget of its own that grows with the source, so that compiling a text of many expressions
	// costs no more than its length says, whatever they are.
	o := l.options
	fold := l.begin(context.Background(), nil)
	fold.maxSteps, fold.maxBytes = min(o.MaxSteps, 500+16*len(src.expr)), min(o.MaxBytes, 1024+16*len(src.expr))
	fold.pause = fold.maxSteps + 1
	return &compiler{lang: l, src: src, fold: fold}
}

func (l *Language) compile(src *source, names ...string) (*Program, error) {
	tree, err := l.parse(src)
	if err != nil {
		return nil, err
	}
	c := l.compiler(src)
	c.locals, c.slots = slices.Clip(names), len(names)
	defer func() { l.end(c.fold); c.fold = nil }()
	out, err := c.compile(tree)
	if err != nil {
		return nil, err
	}
	return &Program{lang: l, src: src, code: out, vars: c.slots, names: names, reads: c.reads}, nil
}

func (c *compiler) at(err error, n ast.Node) error { return c.src.at(err, n.Location().From) }

func (c *compiler) syntax(n ast.Node, format string, args ...any) *fault.Error {
	return c.src.syntax(n.Location().From, format, args...)
}

func (c *compiler) compile(n ast.Node) (code, error) {
	c.parts++
	switch n := n.(type) {
	case *ast.NilNode:
		return constant(nil), nil
	case *ast.BoolNode:
		return constant(n.Value), nil
	case *ast.IntegerNode:
		return constant(n.Value), nil
	case *ast.FloatNode:
		return constant(n.Value), nil
	case *ast.StringNode:
		return constant(n.Value), nil
	case *ast.IdentifierNode:
		return c.identifier(n)
	case *ast.PointerNode:
		return c.pointer(n, n.Name)
	case *ast.MemberNode, *ast.ChainNode:
		return c.member(n)
	case *ast.SliceNode:
		return c.slice(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.CallNode:
		return c.call(n)
	case *ast.BuiltinNode:
		return c.predicate(n)
	case *ast.ArrayNode:
		return c.array(n)
	case *ast.MapNode:
		return c.object(n)
	case *ast.VariableDeclaratorNode:
		return c.let(n)
	case *ast.SequenceNode:
		return code{}, c.syntax(n, `unexpected ";"`).WithHint("an expression gives one value; use let name = value; in front of it")
	}
	return code{}, fault.New(fault.ExprSyntax, "the expression cannot be read").At(c.src.position(0))
}

func (c *compiler) all(nodes []ast.Node) ([]code, error) {
	out := make([]code, len(nodes))
	for i, n := range nodes {
		var err error
		if out[i], err = c.compile(n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// folded gives run, or its value when all it depends on is constant. A part that fails is left to fail
// when it is evaluated.
func (c *compiler) folded(run node, parts ...code) code {
	for _, p := range parts {
		if !p.constant {
			return code{run: run}
		}
	}
	v, err := run(c.fold)
	if err != nil {
		return code{run: run}
	}
	if _, err := c.fold.measure(v, 0); err != nil {
		return code{run: run}
	}
	return constant(v)
}

// root compiles one of the names that are readable everywhere.
func (c *compiler) root(n ast.Node, name string) code {
	p := &path{root: name, src: c.src, char: n.Location().From}
	c.reads = append(c.reads, p)
	return code{run: func(st *state) (any, error) { return st.env[name], nil }, path: p}
}

func (c *compiler) identifier(n *ast.IdentifierNode) (code, error) {
	for slot := len(c.locals) - 1; slot >= 0; slot-- {
		if c.locals[slot] == n.Value {
			return code{run: func(st *state) (any, error) { return st.vars[slot], nil }}, nil
		}
	}
	if n.Value == "null" {
		return constant(nil), nil
	}
	if c.lang.isRoot(n.Value) {
		return c.root(n, n.Value), nil
	}
	if name, ok := strings.CutPrefix(n.Value, pointerMark); ok {
		return c.pointer(n, name)
	}
	if n.Value[0] == utilMark {
		return code{}, c.syntax(n, "@%s is not a value", n.Value[1:]).WithHint("a util is written @name.function(...)")
	}
	if c.bare {
		return c.itemField(n), nil
	}
	if _, ok := c.lang.functions[n.Value]; ok {
		return code{}, c.syntax(n, "%s is a function", n.Value).WithHint("call it: %s(...)", n.Value)
	}
	known := append(c.lang.roots(), c.locals...)
	return code{}, c.syntax(n, "unknown name %q", unmarked(n.Value)).WithHint("%s", fault.DidYouMean(n.Value, known))
}

// pointer compiles #, #this, #index and #acc.
func (c *compiler) pointer(n ast.Node, name string) (code, error) {
	if c.loops == 0 {
		if name == "root" {
			return code{}, c.syntax(n, "#root is not a value").WithHint("body, vars and the other names are readable everywhere")
		}
		return code{}, c.syntax(n, `unexpected "#"`).WithHint("# is the item inside filter, map and their kin")
	}
	switch name {
	case "", "this":
		return code{run: func(st *state) (any, error) { return st.scope.item, nil }}, nil
	case "index":
		return code{run: func(st *state) (any, error) { return st.scope.index, nil }}, nil
	case "acc":
		return code{run: func(st *state) (any, error) { return st.scope.acc, nil }}, nil
	case "root":
		return code{}, c.syntax(n, "#root is not a value").WithHint("write #root.body, or only body")
	}
	return code{}, c.syntax(n, "unknown name %q", unmarked("#"+name)).
		WithHint("%s", fault.DidYouMean("#"+name, []string{"#", "#this", "#index", "#acc", "#root"}))
}

func (c *compiler) let(n *ast.VariableDeclaratorNode) (code, error) {
	for _, taken := range append(append(c.lang.roots(), "null", "true", "false", "nil"), c.locals...) {
		if n.Name == taken {
			return code{}, c.syntax(n, "the name %q is taken", n.Name)
		}
	}
	if unmarked(n.Name) != n.Name {
		return code{}, c.syntax(n, "the name %q cannot be given", unmarked(n.Name)).WithHint("write let name = ...")
	}
	val, err := c.compile(n.Value)
	if err != nil {
		return code{}, err
	}
	slot := len(c.locals)
	c.locals = append(c.locals, n.Name)
	c.slots = max(c.slots, len(c.locals))
	body, err := c.compile(n.Expr)
	c.locals = c.locals[:slot]
	if err != nil || body.constant {
		return body, err
	}
	return code{run: func(st *state) (any, error) {
		v, err := val.run(st)
		if err != nil {
			return nil, err
		}
		st.vars[slot] = v
		return body.run(st)
	}}, nil
}

// condition evaluates a part that has to be true or false. Null is false, so that a missing field is.
func (c *compiler) condition(p code, n ast.Node, what string) func(st *state) (bool, error) {
	return func(st *state) (bool, error) {
		v, err := p.run(st)
		if err != nil {
			return false, err
		}
		switch v := v.(type) {
		case bool:
			return v, nil
		case nil:
			return false, nil
		}
		return false, c.at(fault.New(fault.ExprEval, "%s needs true or false, found a %s", what, typeName(v)).
			WithHint("compare it, for example with == or @text.isEmpty(...)"), n)
	}
}

func (c *compiler) conditional(n *ast.ConditionalNode) (code, error) {
	test, err := c.compile(n.Cond)
	if err != nil {
		return code{}, err
	}
	if n.Exp1 == n.Cond { // a ?: b; the parser puts a in twice
		other, err := c.compile(n.Exp2)
		if err != nil {
			return code{}, err
		}
		return c.folded(func(st *state) (any, error) {
			v, err := test.run(st)
			if err != nil || Truthy(v) {
				return v, err
			}
			return other.run(st)
		}, test, other), nil
	}
	yes, err := c.compile(n.Exp1)
	if err != nil {
		return code{}, err
	}
	no, err := c.compile(n.Exp2)
	if err != nil {
		return code{}, err
	}
	holds := c.condition(test, n.Cond, "the condition in front of ?")
	return c.folded(func(st *state) (any, error) {
		ok, err := holds(st)
		if err != nil {
			return nil, err
		}
		if ok {
			return yes.run(st)
		}
		return no.run(st)
	}, test, yes, no), nil
}

func (c *compiler) array(n *ast.ArrayNode) (code, error) {
	items, err := c.all(n.Nodes)
	if err != nil {
		return code{}, err
	}
	return c.folded(func(st *state) (any, error) {
		list, err := st.list(len(items))
		if err != nil {
			return nil, c.at(err, n)
		}
		for _, item := range items {
			v, err := item.run(st)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}, items...), nil
}

func (c *compiler) object(n *ast.MapNode) (code, error) {
	parts := make([]code, 0, 2*len(n.Pairs))
	for _, p := range n.Pairs {
		pair, ok := p.(*ast.PairNode)
		if !ok {
			return code{}, c.syntax(n, "the map cannot be read")
		}
		if name, ok := pair.Key.(*ast.StringNode); ok {
			if err := c.marked(name); err != nil {
				return code{}, err
			}
		}
		both, err := c.all([]ast.Node{pair.Key, pair.Value})
		if err != nil {
			return code{}, err
		}
		parts = append(parts, both...)
	}
	return c.folded(func(st *state) (any, error) {
		m, err := st.object(len(parts) / 2)
		if err != nil {
			return nil, c.at(err, n)
		}
		for i := 0; i < len(parts); i += 2 {
			k, err := parts[i].run(st)
			if err != nil {
				return nil, err
			}
			name, err := key(k)
			if err != nil {
				return nil, c.at(err, n)
			}
			if m[name], err = parts[i+1].run(st); err != nil {
				return nil, err
			}
		}
		return m, nil
	}, parts...), nil
}

package pipeline

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// operand is a compiled value of the file: a constant, or something to evaluate.
type operand struct {
	constant any
	dynamic  evaluator // nil for a constant
}

// evaluator gives a value in an environment. Its errors carry their position in the file.
type evaluator interface {
	eval(ctx context.Context, env expr.Env) (any, error)
}

func (o operand) eval(ctx context.Context, env expr.Env) (any, error) {
	if o.dynamic == nil {
		return o.constant, nil
	}
	return o.dynamic.eval(ctx, env)
}

// placed evaluates an expression or a template and moves its faults to the file.
type placed struct {
	of interface {
		Eval(ctx context.Context, env expr.Env) (any, error)
	}
	n      *node
	file   string
	offset int // of the expression within the text, in columns
}

func (p placed) eval(ctx context.Context, env expr.Env) (any, error) {
	v, err := p.of.Eval(ctx, env)
	if err != nil {
		return nil, placeFault(err, p.n, p.file, p.offset)
	}
	return v, nil
}

// placeFault moves a fault of an expression from its place in the text to the place in the file.
func placeFault(err error, n *node, file string, offset int) *fault.Error {
	var e *fault.Error
	if !errors.As(err, &e) {
		e = fault.Wrap(fault.ExprEval, err, "evaluating an expression")
	}
	rel := e.Pos
	if rel.Line <= 1 {
		rel.Column += offset
	}
	return e.At(n.place(file, rel))
}

type listOperand []operand

func (l listOperand) eval(ctx context.Context, env expr.Env) (any, error) {
	out := make([]any, len(l))
	for i, item := range l {
		v, err := item.eval(ctx, env)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

type mapOperand struct {
	names []string
	items []operand
}

func (m mapOperand) eval(ctx context.Context, env expr.Env) (any, error) {
	out := make(map[string]any, len(m.names))
	for i, name := range m.names {
		v, err := m.items[i].eval(ctx, env)
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

// operand compiles a value in which texts may hold expressions, at any depth.
func (c *compiler) operand(n *node) operand {
	switch n.kind {
	case listNode:
		items, constant := make(listOperand, len(n.items)), true
		values := make([]any, len(n.items))
		for i, item := range n.items {
			items[i] = c.operand(item)
			values[i] = items[i].constant
			constant = constant && items[i].dynamic == nil
		}
		if constant {
			return operand{constant: values}
		}
		return operand{dynamic: items}
	case mapNode:
		m, constant := mapOperand{}, true
		values := make(map[string]any, len(n.items))
		for i, k := range n.keys {
			if c.hasDelimiter(k.name) {
				c.faults.add(fault.PipelineInvalid, k.line, k.col, "an expression cannot stand in a name")
			}
			item := c.operand(n.items[i])
			m.names, m.items = append(m.names, k.name), append(m.items, item)
			values[k.name] = item.constant
			constant = constant && item.dynamic == nil
		}
		if constant {
			return operand{constant: values}
		}
		return operand{dynamic: m}
	}
	text, ok := n.text()
	if !ok || !c.hasDelimiter(text) {
		return operand{constant: n.value}
	}
	if !c.mayCompile(n) {
		return operand{}
	}
	t, err := c.deps.Language.Template(c.translated(n))
	if err != nil {
		c.addPlaced(err, n, 0)
		return operand{}
	}
	c.note(n, t, 0)
	if v, constant := t.Constant(); constant {
		return operand{constant: v}
	}
	return operand{dynamic: placed{of: t, n: n, file: c.faults.file}}
}

// condition compiles a value that decides something. Unlike other texts, one that mixes an expression with
// text is refused: it would always count as true.
func (c *compiler) condition(n *node) operand {
	text, ok := n.text()
	if !ok {
		if n.kind != scalarNode {
			c.faults.add(fault.PipelineInvalid, n.line, n.col, "a condition is an expression, not %s", n.typeName()).
				hint("write ${...}")
		}
		return operand{constant: expr.Truthy(n.value)}
	}
	trimmed := strings.TrimSpace(text)
	if !c.hasDelimiter(text) {
		switch strings.ToLower(trimmed) {
		case "", "false":
			return operand{constant: false}
		case "true":
			return operand{constant: true}
		}
		c.faults.add(fault.PipelineInvalid, n.line, n.col, "this condition is a text, which is always true").
			hint("write the expression in ${...}")
		return operand{constant: true}
	}
	return c.single(n, text)
}

// single compiles a text that is exactly one expression in its delimiters.
func (c *compiler) single(n *node, text string) operand {
	if !c.mayCompile(n) {
		return operand{}
	}
	trimmed := strings.TrimSpace(text)
	front := strings.IndexByte(trimmed, '{') + 1
	if inner, ok := strings.CutSuffix(trimmed, "}"); ok && c.isDelimiter(inner) {
		if p, err := c.deps.Language.Compile(inner[front:]); err == nil {
			offset := utf8.RuneCountInString(text[:strings.Index(text, trimmed)+front])
			c.note(n, p, offset)
			return operand{dynamic: placed{of: p, n: n, file: c.faults.file, offset: offset}}
		}
	}
	if _, err := c.deps.Language.Template(c.translated(n)); err != nil {
		c.addPlaced(err, n, 0)
		return operand{}
	}
	c.faults.add(fault.PipelineInvalid, n.line, n.col, "this condition mixes an expression with text, which is always true").
		hint("put the whole condition into one ${...}")
	return operand{}
}

// bare compiles an expression that may stand with or without its delimiters.
func (c *compiler) bare(n *node) operand {
	text, ok := n.text()
	switch {
	case !ok:
		c.faults.add(fault.PipelineInvalid, n.line, n.col, "this is an expression, not %s", n.typeName()).hint("write ${...}")
		return operand{}
	case c.hasDelimiter(text):
		return c.single(n, text)
	}
	if !c.mayCompile(n) {
		return operand{}
	}
	p, err := c.deps.Language.Compile(text)
	if err != nil {
		c.addPlaced(err, n, 0)
		return operand{}
	}
	c.note(n, p, 0)
	return operand{dynamic: placed{of: p, n: n, file: c.faults.file}}
}

// addPlaced reports a fault of an expression at its place in the file.
func (c *compiler) addPlaced(err error, n *node, offset int) {
	e := placeFault(err, n, c.faults.file, offset)
	c.faults.addAt(e, e.Pos)
}

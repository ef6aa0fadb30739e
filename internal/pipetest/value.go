package pipetest

import (
	"context"
	"errors"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// Names are what expressions of a test file read beside the names of pipelines: args, attempt and identity of
// the call that a mock is asked for; value, which is compared; and error, result, mails and events of the run.
func Names() []string {
	return []string{"args", "attempt", "identity", "value", "error", "result", "mails", "events"}
}

// Value is a value of a test file in which texts may hold expressions. The zero Value was not given.
type Value struct {
	given    bool
	constant any
	of       *expr.Template // nil for a constant
	at       fault.Position // of its text
	names    []string       // of a map; nil for a list
	items    []Value        // of a map or a list that is not constant
}

func (v *Value) dynamic() bool { return v.of != nil || v.items != nil }

// eval gives the value in its surroundings. Faults have their place in the test file.
func (v *Value) eval(ctx context.Context, env expr.Env) (any, error) {
	switch {
	case v.of != nil:
		got, err := v.of.Eval(ctx, env)
		return got, placed(err, v.at)
	case v.items == nil:
		return v.constant, nil
	case v.names == nil:
		out := make([]any, len(v.items))
		for i := range v.items {
			var err error
			if out[i], err = v.items[i].eval(ctx, env); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	out := make(map[string]any, len(v.items))
	for i := range v.items {
		item, err := v.items[i].eval(ctx, env)
		if err != nil {
			return nil, err
		}
		out[v.names[i]] = item
	}
	return out, nil
}

// fixed gives a map or list of constants.
func (v *Value) fixed(n *node) any {
	if n.kind == yaml.SequenceNode {
		out := make([]any, len(v.items))
		for i := range v.items {
			out[i] = v.items[i].constant
		}
		return out
	}
	out := make(map[string]any, len(v.items))
	for i, name := range v.names {
		out[name] = v.items[i].constant
	}
	return out
}

// holds evaluates a condition; one that was not given holds.
func (v *Value) holds(ctx context.Context, env expr.Env) (bool, error) {
	if !v.given {
		return true, nil
	}
	got, err := v.eval(ctx, env)
	return expr.Truthy(got), err
}

// placed moves a fault of an expression to the test file.
func placed(err error, at fault.Position) error {
	var e *fault.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	if e.Pos.Line > 1 {
		at.Line += e.Pos.Line - 1
		at.Column = e.Pos.Column
	} else if e.Pos.Column > 1 {
		at.Column += e.Pos.Column - 1
	}
	return e.At(at)
}

func holdsExpression(text string) bool {
	return strings.Contains(text, "${") || strings.Contains(text, "#{")
}

// value compiles a value.
func (p *parser) value(n *node) Value {
	switch n.kind {
	case yaml.SequenceNode, yaml.MappingNode:
		v := Value{given: true, items: make([]Value, len(n.items))}
		dynamic := false
		if n.kind == yaml.MappingNode {
			v.names = make([]string, len(n.keys))
		}
		for i, item := range n.items {
			v.items[i] = p.value(item)
			dynamic = dynamic || v.items[i].dynamic()
			if v.names != nil {
				v.names[i] = n.keys[i].name
			}
		}
		if dynamic && len(v.items) > 0 {
			return v
		}
		return Value{given: true, constant: v.fixed(n)}
	}
	text, isText := n.v.(string)
	if !isText || !holdsExpression(text) {
		return Value{given: true, constant: n.v}
	}
	t, err := p.lang.Template(text)
	if err != nil {
		p.f.list = append(p.f.list, asFault(placed(err, n.text)))
		return Value{given: true}
	}
	if constant, ok := t.Constant(); ok {
		return Value{given: true, constant: constant}
	}
	return Value{given: true, of: t, at: n.text}
}

func asFault(err error) *fault.Error {
	var e *fault.Error
	if errors.As(err, &e) {
		return e
	}
	return fault.Wrap(fault.TestInvalid, err, "reading the test file")
}

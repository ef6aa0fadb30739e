package expr

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// Target is a compiled place to write to. It may be used from many goroutines.
type Target struct {
	lang  *Language
	root  string
	steps []*Program // what gives each name or index below the root
	src   *source
}

// Target reads a place below vars or body: vars.x, body, body.a['b'], vars.list[0], with or without ${}.
// Errors have fault.ExprSyntax and a position in text.
func (l *Language) Target(text string) (*Target, error) {
	src := &source{text: text, expr: text}
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "${") || strings.HasPrefix(trimmed, "#{") {
		start := strings.IndexByte(text, '{') + 1
		end := closing(text, start)
		if end < 0 || strings.TrimSpace(text[end+1:]) != "" {
			return nil, src.syntax(0, "a target is one expression").WithHint("write for example vars.name")
		}
		src.offset, src.expr = start, text[start:end]
	}
	tree, err := l.parse(src)
	if err != nil {
		return nil, err
	}
	t := &Target{lang: l, src: src}
	for {
		if chain, ok := tree.(*ast.ChainNode); ok {
			tree = chain.Node
		}
		m, ok := tree.(*ast.MemberNode)
		if !ok {
			break
		}
		c := l.compiler(src)
		step, err := c.compile(m.Property)
		l.end(c.fold)
		if err != nil {
			return nil, err
		}
		t.steps = append(t.steps, &Program{lang: l, src: src, code: step, vars: c.slots, reads: c.reads})
		tree = m.Node
	}
	slices.Reverse(t.steps)
	id, ok := tree.(*ast.IdentifierNode)
	switch {
	case !ok:
		return nil, src.syntax(0, "nothing can be written here").WithHint("write for example vars.name")
	case id.Value != "vars" && id.Value != "body":
		err := src.syntax(id.Location().From, "%q cannot be written to", id.Value)
		if near := fault.Nearest(id.Value, []string{"vars", "body"}); near != "" {
			return nil, err.WithHint("did you mean %q?", near)
		}
		return nil, err.WithHint("write vars.%s", id.Value)
	case id.Value == "vars" && len(t.steps) == 0:
		return nil, src.syntax(0, "vars itself cannot be written to").WithHint("write vars.name")
	}
	t.root = id.Value
	return t, nil
}

// Root is the first name of the target: vars or body.
func (t *Target) Root() string { return t.root }

// Names are those below the root, as far as they are written out: order, id for vars.order.id[body.n].
func (t *Target) Names() []string {
	var names []string
	for _, step := range t.steps {
		name, ok := step.code.value.(string)
		if !ok {
			break
		}
		names = append(names, name)
	}
	return names
}

// Set gives a copy of root, the present value of [Target.Root], that holds v at the target; root itself
// and what it shares are not changed. Missing maps on the way are made; a list takes an index it has,
// or its length to add one item. Indexes that are expressions are read from env.
func (t *Target) Set(ctx context.Context, env Env, root any, v any) (any, error) {
	v, err := leave(v)
	if err != nil || len(t.steps) == 0 {
		return v, err
	}
	if len(t.steps) > value.MaxDepth {
		return nil, limit("depth of a value", value.MaxDepth)
	}
	keys := make([]any, len(t.steps))
	for i, step := range t.steps {
		if keys[i], err = step.Eval(ctx, env); err != nil {
			return nil, err
		}
	}
	out, err := t.set(root, keys, v)
	if err != nil {
		return nil, t.src.at(err, 0)
	}
	return out, nil
}

func (t *Target) set(in any, keys []any, v any) (any, error) {
	if len(keys) == 0 {
		return v, nil
	}
	switch in := in.(type) {
	case nil:
		name, err := key(keys[0])
		if err != nil {
			return nil, err
		}
		inner, err := t.set(nil, keys[1:], v)
		return map[string]any{name: inner}, err
	case map[string]any:
		name, err := key(keys[0])
		if err != nil {
			return nil, err
		}
		inner, err := t.set(in[name], keys[1:], v)
		if err != nil {
			return nil, err
		}
		out := maps.Clone(in)
		if out == nil {
			out = map[string]any{}
		}
		out[name] = inner
		return out, nil
	case []any:
		i, ok := wholeOf(keys[0])
		if !ok || i < 0 || i > len(in) {
			return nil, fault.New(fault.ExprEval, "the list in the target has %d items and no such index", len(in))
		}
		var old any
		if i < len(in) {
			old = in[i]
		}
		inner, err := t.set(old, keys[1:], v)
		if err != nil {
			return nil, err
		}
		out := append(make([]any, 0, len(in)+1), in...)
		if i == len(in) {
			return append(out, inner), nil
		}
		out[i] = inner
		return out, nil
	}
	return nil, fault.New(fault.ExprEval, "the target leads into a %s, which holds nothing", typeName(in))
}

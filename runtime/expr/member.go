package expr

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// path is a chain of plain names below a root: body.a.b. Its names are read without a state.
type path struct {
	root  string
	names []string
	src   *source
	char  int   // where the root stands in the source
	chars []int // where each name does
}

func (p *path) read(v any) (any, error) {
	for i, name := range p.names {
		m, ok := v.(map[string]any)
		if !ok {
			shown := strings.Join(append([]string{p.root}, p.names[:i]...), ".")
			return nil, p.src.at(notReadable(v, shown, "."+name), p.chars[i])
		}
		v = m[name]
	}
	return v, nil
}

// notReadable says why field (".name" or "[…]") of the value at shown cannot be read.
func notReadable(v any, shown, field string) error {
	if v == nil {
		return fault.New(fault.ExprEval, "%s is null, so %s%s cannot be read", shown, shown, field).
			WithHint("write %s?.%s if it may be missing", shown, strings.TrimPrefix(field, "."))
	}
	return fault.New(fault.ExprEval, "%s is a %s, so %s%s cannot be read", shown, typeName(v), shown, field)
}

// errShort leaves a chain whose value in front of ?. is null.
var errShort = errors.New("the chain ends at null")

// member compiles a chain of names, indexes and calls. One ?. that meets null makes the whole chain null.
func (c *compiler) member(n ast.Node) (code, error) {
	short := false
	chain, err := c.link(n, &short)
	if err != nil || !short {
		return chain, err
	}
	return code{run: func(st *state) (any, error) {
		v, err := chain.run(st)
		if err == errShort { //nolint:errorlint // never wrapped: it does not leave its chain
			return nil, nil
		}
		return v, err
	}}, nil
}

// link compiles one link of a chain with all that stands in front of it.
func (c *compiler) link(n ast.Node, short *bool) (code, error) {
	switch n := n.(type) {
	case *ast.ChainNode:
		return c.link(n.Node, short)
	case *ast.CallNode:
		return c.callLink(n, short)
	case *ast.MemberNode:
		if id, ok := n.Node.(*ast.IdentifierNode); ok && id.Value == pointerMark+"root" {
			if name, ok := n.Property.(*ast.StringNode); ok && c.lang.isRoot(name.Value) {
				return c.root(n, name.Value), nil
			}
			return code{}, c.syntax(n, "#root has no such name").WithHint("it has %s", strings.Join(c.lang.roots(), ", "))
		}
		base, err := c.link(n.Node, short)
		if err != nil {
			return code{}, err
		}
		if n.Optional {
			*short = true
			inner := base.run
			base = code{run: func(st *state) (any, error) {
				v, err := inner(st)
				if err == nil && v == nil {
					return nil, errShort
				}
				return v, err
			}}
		}
		if name, ok := n.Property.(*ast.StringNode); ok {
			return c.field(n, base, name.Value), c.marked(name)
		}
		return c.index(n, base)
	}
	return c.compile(n)
}

func (c *compiler) field(n *ast.MemberNode, base code, name string) code {
	char := n.Location().From
	if p := base.path; p != nil {
		longer := &path{
			root: p.root, src: p.src, char: p.char,
			names: append(p.names[:len(p.names):len(p.names)], name), chars: append(p.chars[:len(p.chars):len(p.chars)], char),
		}
		if last := len(c.reads) - 1; c.reads[last] == p {
			c.reads[last] = longer
		}
		return code{run: func(st *state) (any, error) { return longer.read(st.env[longer.root]) }, path: longer}
	}
	return c.folded(func(st *state) (any, error) {
		v, err := base.run(st)
		if err != nil {
			return nil, err
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil, c.src.at(notReadable(v, shown(n.Node), "."+name), char)
		}
		return m[name], nil
	}, base)
}

func (c *compiler) index(n *ast.MemberNode, base code) (code, error) {
	at, err := c.compile(n.Property)
	if err != nil {
		return code{}, err
	}
	return c.folded(func(st *state) (any, error) {
		v, err := base.run(st)
		if err != nil {
			return nil, err
		}
		i, err := at.run(st)
		if err != nil {
			return nil, err
		}
		out, err := item(v, i, n)
		return out, c.at(err, n)
	}, base, at), nil
}

// item reads one item of a list or one name of a map. n is where that is written, nil for a call of get.
func item(v, index any, n *ast.MemberNode) (any, error) {
	var base, all string
	if n != nil {
		base, all = shown(n.Node), shown(n)
	}
	switch v := v.(type) {
	case map[string]any:
		name, err := key(index)
		return v[name], err
	case []any:
		i, ok := wholeOf(index)
		if !ok && n == nil {
			return nil, refuse(1, "is a "+typeName(index)+", not a whole number")
		}
		if !ok {
			return nil, fault.New(fault.ExprEval, "an index of the list %s is a %s, not a whole number", base, typeName(index))
		}
		if i < 0 {
			i += len(v)
		}
		if i < 0 || i >= len(v) {
			if n == nil {
				return nil, refuse(1, "lies outside the list of "+strconv.Itoa(len(v))+" items")
			}
			return nil, fault.New(fault.ExprEval, "the list %s has %d items, so %s cannot be read", base, len(v), all).
				WithHint("check its length with .size()")
		}
		return v[i], nil
	}
	if n == nil {
		return nil, refuse(0, "is a "+typeName(v)+", not a list or map")
	}
	return nil, notReadable(v, base, strings.TrimPrefix(all, base))
}

// key is a name of a map: a text, or a number as text.
func key(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int, float64, json.Number, bool:
		return Text(v), nil
	}
	return "", fault.New(fault.ExprEval, "a name of a map is a %s, not a text", typeName(v))
}

func (c *compiler) slice(n *ast.SliceNode) (code, error) {
	base, err := c.member(n.Node)
	if err != nil {
		return code{}, err
	}
	from, to := constant(nil), constant(nil)
	if n.From != nil {
		if from, err = c.compile(n.From); err != nil {
			return code{}, err
		}
	}
	if n.To != nil {
		if to, err = c.compile(n.To); err != nil {
			return code{}, err
		}
	}
	return c.folded(func(st *state) (any, error) {
		v, err := base.run(st)
		if err != nil {
			return nil, err
		}
		a, err := from.run(st)
		if err != nil {
			return nil, err
		}
		b, err := to.run(st)
		if err != nil {
			return nil, err
		}
		out, err := cut(st, v, a, b)
		return out, c.at(err, n)
	}, base, from, to), nil
}

// cut gives the part of a list or text from a up to b; what lies outside is left out.
func cut(st *state, v, a, b any) (any, error) {
	bounds := func(length int) (int, int, error) {
		from, to := 0, length
		for _, bound := range []struct {
			v   any
			out *int
		}{{a, &from}, {b, &to}} {
			if bound.v == nil {
				continue
			}
			i, ok := wholeOf(bound.v)
			if !ok {
				return 0, 0, fault.New(fault.ExprEval, "a bound of [from:to] is a %s, not a whole number", typeName(bound.v))
			}
			if i < 0 {
				i += length
			}
			*bound.out = min(max(i, 0), length)
		}
		return from, max(from, to), nil
	}
	switch v := v.(type) {
	case []any:
		from, to, err := bounds(len(v))
		return v[from:to:to], err
	case string:
		if err := st.scan(2 * len(v)); err != nil {
			return nil, err
		}
		from, to, err := bounds(runeCount(v))
		return runeSlice(v, from, to), err
	}
	return nil, fault.New(fault.ExprEval, "[from:to] needs a list or a text, found a %s", typeName(v))
}

// whole gives v as an int when it is a whole number.
func wholeOf(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int(v), true
		}
	}
	return 0, false
}

// typeName names the type of v for people.
func typeName(v any) string { return value.TypeName(v) }

// shown writes a part of an expression for an error, as far as it is a chain of names.
func shown(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return unmarked(n.Value)
	case *ast.PointerNode:
		return "#" + n.Name
	case *ast.ChainNode:
		return shown(n.Node)
	case *ast.CallNode:
		if callee := shown(n.Callee); strings.HasSuffix(callee, "[...]") {
			return callee // a selection
		}
		return shown(n.Callee) + "(...)"
	case *ast.BuiltinNode:
		return n.Name + "(...)"
	case *ast.MemberNode:
		base := shown(n.Node)
		switch p := n.Property.(type) {
		case *ast.StringNode:
			switch p.Value {
			case selectMark:
				return base + ".?[...]"
			case projectMark:
				return base + ".![...]"
			}
			if n.Optional {
				return base + "?." + p.Value
			}
			return base + "." + p.Value
		case *ast.IntegerNode:
			return base + "[" + strconv.Itoa(p.Value) + "]"
		}
		return base + "[...]"
	}
	return "(...)"
}

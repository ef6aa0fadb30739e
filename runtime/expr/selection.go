package expr

import (
	"github.com/expr-lang/expr/ast"
)

// selection compiles list.?[...], which keeps the items that its expression holds for, and list.![...],
// which gives the expression's value for each item. Names that are no root are fields of the item. On a
// map the items are its entries, each with key and value; what is kept is a map again.
func (c *compiler) selection(n *ast.CallNode, callee *ast.MemberNode, short *bool) (code, error) {
	base, err := c.receiver(callee, short)
	if err != nil {
		return code{}, err
	}
	form, project := ".?[...]", false
	if p, ok := callee.Property.(*ast.StringNode); ok && p.Value == projectMark {
		form, project = ".![...]", true
	}
	if len(n.Arguments) != 1 {
		return code{}, c.syntax(n, "%s needs one expression", form).WithHint("write for example list.?[price > 10] or list.![name]")
	}
	body, err := c.loopBody(n.Arguments[0], true)
	if err != nil {
		return code{}, err
	}
	work := func(st *state, items []any) ([]any, error) {
		if project {
			return body.results(st, items)
		}
		return body.filter(st, items, form)
	}
	return code{run: func(st *state) (any, error) {
		v, err := base.run(st)
		if err != nil {
			return nil, err
		}
		var out any
		switch v := v.(type) {
		case []any:
			out, err = work(st, v)
		case map[string]any:
			out, err = overEntries(st, v, project, work)
		default:
			err = notAList(form, v)
		}
		if err != nil {
			return nil, c.at(err, callee)
		}
		return out, nil
	}}, nil
}

// overEntries does work on the entries of m, in the order of their names.
func overEntries(st *state, m map[string]any, project bool, work func(*state, []any) ([]any, error)) (any, error) {
	names, err := sortedNames(st, m)
	if err != nil {
		return nil, err
	}
	entries, err := st.list(len(names))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		entry, err := st.object(2)
		if err != nil {
			return nil, err
		}
		entry["key"], entry["value"] = name, m[name]
		entries = append(entries, entry)
	}
	kept, err := work(st, entries)
	if err != nil || project {
		return kept, err
	}
	out, err := st.object(len(kept))
	if err != nil {
		return nil, err
	}
	for _, e := range kept {
		if entry, ok := e.(map[string]any); ok {
			name, _ := entry["key"].(string)
			out[name] = entry["value"]
		}
	}
	return out, nil
}

// itemField compiles a bare name inside a selection.
func (c *compiler) itemField(n *ast.IdentifierNode) code {
	char := n.Location().From
	return code{run: func(st *state) (any, error) {
		m, ok := st.scope.item.(map[string]any)
		if !ok {
			return nil, c.src.at(notReadable(st.scope.item, "#this", "."+n.Value), char)
		}
		return m[n.Value], nil
	}}
}

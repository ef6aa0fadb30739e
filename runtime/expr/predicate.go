package expr

import (
	"slices"

	"github.com/expr-lang/expr/ast"

	"github.com/penstock/penstock/runtime/fault"
)

// loop runs a predicate over a list; visit is told each result and says whether to go on.
type loop struct {
	body code
	cost int // steps of one iteration: more for a longer body
}

func (l loop) each(st *state, list []any, visit func(i int, v any) (bool, error)) error {
	outer := st.scope
	for i, item := range list {
		if err := st.step(l.cost); err != nil {
			return err
		}
		st.scope = scope{item: item, index: i}
		v, err := l.body.run(st)
		if err != nil {
			return err
		}
		if more, err := visit(i, v); !more || err != nil {
			st.scope = outer
			return err
		}
	}
	st.scope = outer
	return nil
}

func isPredicateName(name string) bool {
	return slices.Contains(predicateNames(), name)
}

func predicateNames() []string {
	return []string{
		"all", "any", "none", "one", "filter", "map", "count", "sum", "find", "findIndex",
		"findLast", "findLastIndex", "groupBy", "sortBy", "reduce",
	}
}

// predicate compiles filter(list, ...) and its kin.
func (c *compiler) predicate(n *ast.BuiltinNode) (code, error) {
	if !isPredicateName(n.Name) || len(n.Arguments) == 0 {
		return code{}, c.syntax(n, "unknown function %q", n.Name)
	}
	source, err := c.compile(n.Arguments[0])
	if err != nil {
		return code{}, err
	}
	l := loop{body: code{run: func(st *state) (any, error) { return st.scope.item, nil }}, cost: 1}
	if len(n.Arguments) > 1 {
		p, ok := n.Arguments[1].(*ast.PredicateNode)
		if !ok {
			return code{}, c.syntax(n, "the second argument of %s cannot be read", n.Name)
		}
		if l, err = c.loopBody(p.Node, false); err != nil {
			return code{}, err
		}
	}
	extra, hasExtra := constant(nil), len(n.Arguments) > 2
	if hasExtra {
		if extra, err = c.compile(n.Arguments[2]); err != nil {
			return code{}, err
		}
	}
	work := c.loopWork(n, l, extra, hasExtra)
	return code{run: func(st *state) (any, error) {
		v, err := source.run(st)
		if err != nil {
			return nil, err
		}
		list, ok := v.([]any)
		if !ok {
			return nil, c.at(notAList(n.Name, v), n)
		}
		out, err := work(st, list)
		if err != nil {
			return nil, c.at(err, n)
		}
		return out, nil
	}}, nil
}

// loopBody compiles what is evaluated for each item. With bare, names that are no root are fields of the item.
func (c *compiler) loopBody(n ast.Node, bare bool) (loop, error) {
	outer, before := c.bare, c.parts
	c.bare = bare
	c.loops++
	body, err := c.compile(n)
	c.loops--
	c.bare = outer
	return loop{body: body, cost: 1 + (c.parts-before)/8}, err
}

func notAList(name string, v any) error {
	err := fault.New(fault.ExprEval, "%s needs a list, found a %s", name, typeName(v))
	switch v.(type) {
	case nil:
		return err.WithHint("write (x ?? []) if it may be missing")
	case map[string]any:
		return err.WithHint("write values(x) or keys(x)")
	}
	return err
}

func (c *compiler) loopWork(n *ast.BuiltinNode, l loop, extra code, hasExtra bool) func(st *state, list []any) (any, error) {
	holds := func(v any) (bool, error) { return holds(n.Name, v) }
	// find gives the first index where the predicate is stop, or -1.
	find := func(st *state, list []any, stop bool) (at int, err error) {
		at = -1
		err = l.each(st, list, func(i int, v any) (bool, error) {
			ok, err := holds(v)
			if ok == stop {
				at = i
			}
			return at < 0, err
		})
		return at, err
	}
	switch n.Name {
	case "all":
		return func(st *state, list []any) (any, error) { at, err := find(st, list, false); return at < 0, err }
	case "any":
		return func(st *state, list []any) (any, error) { at, err := find(st, list, true); return at >= 0, err }
	case "none":
		return func(st *state, list []any) (any, error) { at, err := find(st, list, true); return at < 0, err }
	case "find", "findIndex":
		return func(st *state, list []any) (any, error) {
			at, err := find(st, list, true)
			return found(list, at, n.Name == "find"), err
		}
	case "one", "count", "findLast", "findLastIndex":
		return func(st *state, list []any) (any, error) {
			count, last := 0, -1
			err := l.each(st, list, func(i int, v any) (bool, error) {
				ok, err := holds(v)
				if ok {
					count, last = count+1, i
				}
				return true, err
			})
			switch n.Name {
			case "one":
				return count == 1, err
			case "count":
				return count, err
			}
			return found(list, last, n.Name == "findLast"), err
		}
	case "filter":
		return func(st *state, list []any) (any, error) { return l.filter(st, list, n.Name) }
	case "map":
		return func(st *state, list []any) (any, error) { return l.results(st, list) }
	case "sum":
		return func(st *state, list []any) (any, error) {
			var total any = 0
			err := l.each(st, list, func(_ int, v any) (more bool, err error) {
				total, err = arithmetic("+", total, v)
				return true, err
			})
			return total, err
		}
	case "groupBy":
		return l.group
	case "sortBy":
		return func(st *state, list []any) (any, error) {
			order, err := extra.run(st)
			if err != nil {
				return nil, err
			}
			keys, err := l.results(st, list)
			if err != nil {
				return nil, err
			}
			return sortBy(st, list, keys, order)
		}
	default:
		return func(st *state, list []any) (any, error) { return l.reduce(st, list, extra, hasExtra) }
	}
}

func found(list []any, at int, item bool) any {
	switch {
	case at < 0:
		return nil
	case item:
		return list[at]
	}
	return at
}

// holds reads what the predicate of name gave. Null is false, so that a missing field is.
func holds(name string, v any) (bool, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case nil:
		return false, nil
	}
	return false, fault.New(fault.ExprEval, "the predicate of %s gives a %s, not true or false", name, typeName(v))
}

func (l loop) filter(st *state, list []any, name string) ([]any, error) {
	out, err := st.list(0)
	if err != nil {
		return nil, err
	}
	err = l.each(st, list, func(i int, v any) (bool, error) {
		ok, err := holds(name, v)
		if ok && err == nil {
			if len(out) >= st.lang.options.MaxList {
				return false, limit("list items", st.lang.options.MaxList)
			}
			out, err = append(out, list[i]), st.grow(48) // with what growing leaves behind
		}
		return true, err
	})
	return out, err
}

// results is map(list, ...): one result an item.
func (l loop) results(st *state, list []any) ([]any, error) {
	out, err := st.list(len(list))
	if err != nil {
		return nil, err
	}
	err = l.each(st, list, func(_ int, v any) (bool, error) {
		out = append(out, v)
		return true, nil
	})
	return out, err
}

func (l loop) group(st *state, list []any) (any, error) {
	groups, err := st.object(0)
	if err != nil {
		return nil, err
	}
	err = l.each(st, list, func(i int, v any) (bool, error) {
		name, err := key(v)
		if err != nil {
			return false, err
		}
		if err := st.grow(64); err != nil {
			return false, err
		}
		group, has := groups[name].([]any)
		if !has {
			if err := st.grow(96 + len(name)); err != nil {
				return false, err
			}
			if err := st.step(16); err != nil { // a growing map is dear
				return false, err
			}
		}
		groups[name] = append(group, list[i])
		return true, st.scan(len(name))
	})
	return groups, err
}

func (l loop) reduce(st *state, list []any, first code, hasFirst bool) (any, error) {
	acc, err := first.run(st)
	if err != nil {
		return nil, err
	}
	skip := 0
	if !hasFirst {
		if len(list) == 0 {
			return nil, fault.New(fault.ExprEval, "reduce of an empty list needs a third argument to begin with")
		}
		acc, skip = list[0], 1
	}
	outer := st.scope
	for i := skip; i < len(list); i++ {
		if err := st.step(l.cost); err != nil {
			return nil, err
		}
		st.scope = scope{item: list[i], index: i, acc: acc}
		if acc, err = l.body.run(st); err != nil {
			return nil, err
		}
	}
	st.scope = outer
	return acc, nil
}

// sortBy sorts list by keys, which have the same length; equal keys keep their order.
func sortBy(st *state, list, keys []any, order any) (any, error) {
	down := false
	switch order {
	case nil, "asc":
	case "desc":
		down = true
	default:
		return nil, fault.New(fault.ExprEval, `the order of a sort is neither "asc" nor "desc"`)
	}
	index, err := st.list(len(list))
	if err != nil {
		return nil, err
	}
	if err := st.grow(8 * len(list)); err != nil {
		return nil, err
	}
	for i := range list {
		index = append(index, i)
	}
	var failed error
	slices.SortStableFunc(index, func(a, b any) int {
		if failed != nil {
			return 0
		}
		if failed = st.step(1); failed != nil {
			return 0
		}
		var n int
		if n, failed = compare(st, keys[a.(int)], keys[b.(int)]); down {
			return -n
		}
		return n
	})
	if failed != nil {
		return nil, failed
	}
	for i := range index {
		index[i] = list[index[i].(int)]
	}
	return index, nil
}

package expr

import (
	"strconv"
	"strings"
)

// listUtil is @list. Nothing changes the list that is given; the result is a copy.
func listUtil() []function {
	return []function{
		{
			name: "@list.first", params: params{list("list")}, run: end(false),
			summary:  "the first item, null of an empty list",
			examples: []Example{gives(`@list.first([1, 2])`, `1`), gives(`@list.first([])`, `null`)},
		},
		{
			name: "@list.last", params: params{list("list")}, run: end(true),
			summary:  "the last item, null of an empty list",
			examples: []Example{gives(`@list.last([1, 2])`, `2`), gives(`@list.last(null)`, `null`)},
		},
		{
			name: "@list.size", params: params{list("list")},
			run:      func(_ *state, a args) (any, error) { return len(a.list(0)), nil },
			summary:  "the number of items",
			examples: []Example{gives(`@list.size([1, 2])`, `2`), gives(`@list.size(null)`, `0`)},
		},
		{
			name: "@list.empty", params: params{list("list")},
			run:      func(_ *state, a args) (any, error) { return len(a.list(0)) == 0, nil },
			summary:  "whether the list has no items",
			examples: []Example{gives(`@list.empty([])`, `true`), gives(`@list.empty([null])`, `false`)},
		},
		{
			name: "@list.contains", params: params{list("list"), anything("needles").all()}, run: listContains,
			summary:  "whether the list has one of the needles; one list of needles counts as its items",
			examples: []Example{gives(`@list.contains([1, 2], 5, 2)`, `true`), gives(`@list.contains(['1'], [1])`, `false`)},
		},
		{
			name: "@list.sublist", params: params{list("list"), text("expression")}, run: sublist,
			summary: "'first' or 'last' for one item, 'START:END' for those from START up to END",
			examples: []Example{
				gives(`@list.sublist([1, 2, 3], '1:3')`, `[2,3]`), gives(`@list.sublist([1, 2, 3], 'last')`, `3`), gives(`@list.sublist([1], '5:')`, `[]`),
				fails(`@list.sublist([1], 'middle')`, "is none of 'first', 'last' and 'START:END'"),
			},
		},
		{
			name: "@list.add", params: params{list("list"), anything("element"), flag("ignoreNulls").opt()}, run: listAdd,
			summary:  "the list with one more item",
			examples: []Example{gives(`@list.add([1], 2)`, `[1,2]`), gives(`@list.add([1], null, true)`, `[1]`)},
		},
		{
			name: "@list.remove", params: params{list("list"), whole("index")}, run: listRemove,
			summary: "the list without the item at the index",
			examples: []Example{
				gives(`@list.remove([1, 2, 3], 1)`, `[1,3]`), gives(`@list.remove([1, 2], -1)`, `[1]`),
				fails(`@list.remove([1], 1)`, "index of @list.remove(list, index) lies outside the list"),
			},
		},
		{
			name: "@list.create", run: func(st *state, _ args) (any, error) { return st.list(0) },
			summary:  "an empty list",
			examples: []Example{gives(`@list.create()`, `[]`), gives(`@list.add(@list.create(), 1)`, `[1]`)},
		},
		{
			name: "@list.copy", params: params{list("list")}, run: concatLists,
			summary:  "the same list: nothing changes a list, so no copy is needed",
			examples: []Example{gives(`@list.copy([1, 2])`, `[1,2]`), gives(`@list.copy(null)`, `[]`)},
		},
	}
}

func listContains(st *state, a args) (any, error) {
	for _, needle := range a.spread(1) {
		if has, err := contains(st, a.list(0), needle); has || err != nil {
			return has, err
		}
	}
	return false, nil
}

func sublist(st *state, a args) (any, error) {
	switch part := strings.TrimSpace(a.text(1)); part {
	case "first":
		return end(false)(st, a)
	case "last":
		return end(true)(st, a)
	default:
		from, to, ok := strings.Cut(part, ":")
		bounds := [2]any{}
		for i, s := range []string{from, to} {
			if s == "" {
				continue
			}
			n, err := strconv.Atoi(s)
			if err != nil {
				ok = false
			}
			bounds[i] = n
		}
		if !ok {
			return nil, refuse(1, "is none of 'first', 'last' and 'START:END'")
		}
		return cut(st, a.list(0), bounds[0], bounds[1])
	}
}

func listAdd(st *state, a args) (any, error) {
	items := a.list(0)
	out, err := st.list(len(items) + 1)
	if err != nil {
		return nil, err
	}
	if out = append(out, items...); a.any(1) == nil && a.flag(2) {
		return out, nil
	}
	return append(out, a.any(1)), nil
}

func listRemove(st *state, a args) (any, error) {
	items, i := a.list(0), a.whole(1)
	if i < 0 {
		i += len(items)
	}
	if i < 0 || i >= len(items) {
		return nil, refuse(1, "lies outside the list")
	}
	out, err := st.list(len(items) - 1)
	if err != nil {
		return nil, err
	}
	return append(append(out, items[:i]...), items[i+1:]...), nil
}

package expr

import (
	"slices"
	"strings"
)

// listFunctions take and give lists.
func listFunctions() []function {
	return []function{
		{
			name: "first", params: params{list("list")}, run: end(false),
			summary:  "the first item, null of an empty list",
			examples: []Example{gives(`first([1, 2])`, `1`), gives(`first(null)`, `null`), fails(`first('ab')`, "is a text, not a list")},
		},
		{
			name: "last", params: params{list("list")}, run: end(true),
			summary:  "the last item, null of an empty list",
			examples: []Example{gives(`last([1, 2])`, `2`), gives(`last([])`, `null`)},
		},
		{
			name: "reverse", params: params{list("list")}, run: reverse,
			summary:  "the list backwards",
			examples: []Example{gives(`reverse([1, 2])`, `[2,1]`), gives(`reverse(null)`, `[]`)},
		},
		{
			name: "sort", params: params{list("list"), oneOf("order", "asc", "desc").opt()},
			run:     func(st *state, a args) (any, error) { return sortBy(st, a.list(0), a.list(0), a.any(1)) },
			summary: "the list sorted; the order is asc unless given",
			examples: []Example{
				gives(`sort([3, 1, 2], 'desc')`, `[3,2,1]`), gives(`sort([])`, `[]`),
				fails(`sort([1], 'des')`, `order of sort(list, [order]) is none of asc, desc; did you mean "desc"?`),
			},
		},
		{
			name: "unique", params: params{list("list")}, run: unique,
			summary:  "the list without repeated items",
			examples: []Example{gives(`unique([1, 2, 1])`, `[1,2]`), gives(`unique([1, '1', 1.0])`, `[1,"1"]`)},
		},
		{
			name: "concat", params: params{list("lists").all()}, run: concatLists,
			summary:  "one list of all items of the lists",
			examples: []Example{gives(`concat([1], [2, 3])`, `[1,2,3]`), gives(`concat([1], null)`, `[1]`)},
		},
		{
			name: "join", params: params{list("list"), text("separator").opt()},
			run:      func(st *state, a args) (any, error) { return st.join(a.list(0), a.text(1), false) },
			summary:  "the items as one text; null reads as the empty text",
			examples: []Example{gives(`join(['a', 'b'], '-')`, `"a-b"`), gives(`join([1, null, [2]], ',')`, `"1,,[2]"`)},
		},
		{
			name: "repeat", params: params{text("text"), whole("times")},
			run:      func(st *state, a args) (any, error) { return st.repeat(a.text(0), a.whole(1)) },
			summary:  "the text several times",
			examples: []Example{gives(`repeat('ab', 3)`, `"ababab"`), gives(`repeat('ab', -1)`, `""`)},
		},
	}
}

func end(last bool) func(*state, args) (any, error) {
	return func(_ *state, a args) (any, error) {
		items := a.list(0)
		switch {
		case len(items) == 0:
			return nil, nil
		case last:
			return items[len(items)-1], nil
		}
		return items[0], nil
	}
}

func reverse(st *state, a args) (any, error) {
	out, err := st.list(len(a.list(0)))
	if err != nil {
		return nil, err
	}
	out = append(out, a.list(0)...)
	slices.Reverse(out)
	return out, nil
}

func unique(st *state, a args) (any, error) {
	out, err := st.list(len(a.list(0)))
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, v := range a.list(0) {
		mark, err := st.json(v)
		if err != nil {
			return nil, err
		}
		if err := st.grow(96); err != nil {
			return nil, err
		}
		if err := st.step(12); err != nil { // a growing map is dear
			return nil, err
		}
		if !seen[mark] {
			seen[mark] = true
			out = append(out, v)
		}
	}
	return out, nil
}

func concatLists(st *state, a args) (any, error) {
	n := 0
	for i := range a {
		n += len(a.list(i))
	}
	out, err := st.list(n)
	if err != nil {
		return nil, err
	}
	for i := range a {
		out = append(out, a.list(i)...)
	}
	return out, nil
}

// join writes items one after another; the length is taken before anything is written.
func (st *state) join(items []any, separator string, skipNull bool) (string, error) {
	if err := st.grow(24 + 16*len(items)); err != nil {
		return "", err
	}
	parts := make([]string, 0, len(items))
	size := 0
	for _, item := range items {
		if item == nil && skipNull {
			continue
		}
		part, err := st.text(item)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
		if size += len(part) + len(separator); size > st.maxBytes {
			break
		}
	}
	if err := st.grow(size); err != nil {
		return "", err
	}
	return strings.Join(parts, separator), nil
}

func (st *state) repeat(s string, n int) (string, error) {
	n = max(n, 0)
	if n > 0 && len(s) > st.maxBytes/n {
		return "", limit("bytes", st.maxBytes)
	}
	if err := st.grow(n * len(s)); err != nil {
		return "", err
	}
	return strings.Repeat(s, n), nil
}

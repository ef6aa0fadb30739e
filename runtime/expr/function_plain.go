package expr

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// plainFunctions are those without a namespace.
func plainFunctions() []function {
	return []function{
		{
			name: "len", params: "value", least: 1, most: 1, run: length,
			summary: "characters of a text, items of a list, names of a map; 0 for null",
			example: `len([1, 2, 3])`, want: `3`,
		},
		{
			name: "isEmpty", params: "value", least: 1, most: 1,
			run: func(st *state, a []any) (any, error) {
				n, err := length(st, a)
				return n == 0, err
			},
			summary: "whether a text, list or map is empty or null", example: `isEmpty('')`, want: `true`,
		},
		{
			name: "type", params: "value", least: 1, most: 1,
			run:     func(_ *state, a []any) (any, error) { return typeName(a[0]), nil },
			summary: "null, boolean, number, text, list or map", example: `type(1.5)`, want: `"number"`,
		},
		{
			name: "string", params: "value", least: 1, most: 1,
			run:     func(st *state, a []any) (any, error) { return textArg(st, a, 0) },
			summary: "the value as it reads inside a text", example: `string([1, 'a'])`, want: `"[1,\"a\"]"`,
		},
		{
			name: "int", params: "value", least: 1, most: 1, run: toWhole,
			summary: "a whole number; fractions are cut off", example: `int('42')`, want: `42`,
		},
		{
			name: "float", params: "value", least: 1, most: 1, run: toNumber,
			summary: "a number from a text or number", example: `float('4.5')`, want: `4.5`,
		},
		{
			name: "abs", params: "number", least: 1, most: 1, run: rounding(math.Abs),
			summary: "the size without the sign", example: `abs(-3)`, want: `3`,
		},
		{
			name: "ceil", params: "number", least: 1, most: 1, run: rounding(math.Ceil),
			summary: "the next whole number above", example: `ceil(1.2)`, want: `2`,
		},
		{
			name: "floor", params: "number", least: 1, most: 1, run: rounding(math.Floor),
			summary: "the next whole number below", example: `floor(1.8)`, want: `1`,
		},
		{
			name: "round", params: "number", least: 1, most: 1, run: rounding(math.Round),
			summary: "the nearest whole number", example: `round(1.5)`, want: `2`,
		},
		{
			name: "min", params: "list or values", least: 1, most: -1, run: extreme(-1),
			summary: "the smallest of a list or of the arguments", example: `min(3, 1, 2)`, want: `1`,
		},
		{
			name: "max", params: "list or values", least: 1, most: -1, run: extreme(1),
			summary: "the largest of a list or of the arguments", example: `max([3, 1, 2])`, want: `3`,
		},
		{
			name: "keys", params: "map", least: 1, most: 1, run: keysOf,
			summary: "the names of a map, sorted", example: `keys({b: 1, a: 2})`, want: `["a","b"]`,
		},
		{
			name: "values", params: "map", least: 1, most: 1, run: valuesOf,
			summary: "the values of a map, in the order of its names", example: `values({b: 1, a: 2})`, want: `[2,1]`,
		},
		{
			name: "first", params: "list", least: 1, most: 1, run: end(false),
			summary: "the first item, null of an empty list", example: `first([1, 2])`, want: `1`,
		},
		{
			name: "last", params: "list", least: 1, most: 1, run: end(true),
			summary: "the last item, null of an empty list", example: `last([1, 2])`, want: `2`,
		},
		{
			name: "reverse", params: "list", least: 1, most: 1, run: reverse,
			summary: "the list backwards", example: `reverse([1, 2])`, want: `[2,1]`,
		},
		{
			name: "sort", params: "list, order", least: 1, most: 2, run: sorted,
			summary: `the list sorted, "asc" or "desc"`, example: `sort([3, 1, 2], 'desc')`, want: `[3,2,1]`,
		},
		{
			name: "unique", params: "list", least: 1, most: 1, run: unique,
			summary: "the list without repeated items", example: `unique([1, 2, 1])`, want: `[1,2]`,
		},
		{
			name: "concat", params: "lists", least: 1, most: -1, run: concatLists,
			summary: "one list of all items of the lists", example: `concat([1], [2, 3])`, want: `[1,2,3]`,
		},
		{
			name: "merge", params: "maps", least: 1, most: -1, run: mergeMaps,
			summary: "one map of all names of the maps; later ones win", example: `merge({a: 1}, {a: 2, b: 3})`, want: `{"a":2,"b":3}`,
		},
		{
			name: "join", params: "list, separator", least: 1, most: 2, run: joinList,
			summary: "the items as one text", example: `join(['a', 'b'], '-')`, want: `"a-b"`,
		},
		{
			name: "repeat", params: "text, times", least: 2, most: 2, run: repeat,
			summary: "the text several times", example: `repeat('ab', 3)`, want: `"ababab"`,
		},
		{
			name: "get", params: "value, path", least: 2, most: 2, run: getPath,
			summary: "what stands at a dotted path, null when anything is missing", example: `get({a: {b: [7]}}, 'a.b.0')`, want: `7`,
		},
	}
}

func length(st *state, a []any) (any, error) {
	switch v := a[0].(type) {
	case nil:
		return 0, nil
	case string:
		return runeCount(v), st.scan(len(v))
	case []any:
		return len(v), nil
	case map[string]any:
		return len(v), nil
	}
	return nil, badArgument{0, "text, list or map", typeName(a[0])}
}

func rounding(f func(float64) float64) func(*state, []any) (any, error) {
	return func(_ *state, a []any) (any, error) {
		if i, ok := a[0].(int); ok && (f(-1) == -1 || i > math.MinInt) {
			if i < 0 && f(-1) == 1 {
				return -i, nil
			}
			return i, nil
		}
		x, ok := number(a[0])
		if !ok {
			return nil, badArgument{0, "number", typeName(a[0])}
		}
		x = f(x)
		if i, ok := whole(x); ok {
			return i, nil
		}
		return finite(x)
	}
}

// toNumber reads a number from a number, boolean or text; null and blank give 0.
func toNumber(_ *state, a []any) (any, error) {
	switch v := a[0].(type) {
	case int, float64, json.Number:
		return v, nil
	case nil:
		return 0, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case string:
		return parseNumber(strings.TrimSpace(v))
	}
	return nil, badArgument{0, "number or text", typeName(a[0])}
}

func parseNumber(s string) (any, error) {
	const longest = 400
	if s == "" {
		return 0, nil
	}
	if i, err := strconv.Atoi(s); err == nil {
		return i, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || len(s) > longest || strings.ContainsAny(s, "xXpP_nNiI") {
		return nil, fault.New(fault.ExprEval, "the text is not a number")
	}
	return finite(f)
}

func toWhole(st *state, a []any) (any, error) {
	v, err := toNumber(st, a)
	if err != nil {
		return nil, err
	}
	if i, ok := v.(int); ok {
		return i, nil
	}
	f, _ := number(v)
	if math.Abs(f) >= 1<<63 {
		return nil, tooLarge()
	}
	return int(f), nil
}

func extreme(sign int) func(*state, []any) (any, error) {
	return func(st *state, a []any) (any, error) {
		list := a
		if l, ok := a[0].([]any); ok && len(a) == 1 {
			list = l
		}
		var best any
		for i, v := range list {
			if err := st.step(1); err != nil {
				return nil, err
			}
			if i == 0 {
				best = v
				continue
			}
			n, err := compare(st, v, best)
			if err != nil {
				return nil, err
			}
			if n*sign > 0 {
				best = v
			}
		}
		return best, nil
	}
}

func sortedNames(st *state, m map[string]any) ([]string, error) {
	if err := st.grow(24 + 16*len(m)); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(m))
	size := 0
	for name := range m {
		names = append(names, name)
		size += len(name)
	}
	if err := st.step(len(m)*4 + size>>4); err != nil {
		return nil, err
	}
	slices.Sort(names)
	return names, nil
}

func keysOf(st *state, a []any) (any, error) {
	m, err := mapArg(a, 0)
	if err != nil {
		return nil, err
	}
	return project(st, m, func(name string) any { return name })
}

func valuesOf(st *state, a []any) (any, error) {
	m, err := mapArg(a, 0)
	if err != nil {
		return nil, err
	}
	return project(st, m, func(name string) any { return m[name] })
}

func project(st *state, m map[string]any, f func(string) any) (any, error) {
	names, err := sortedNames(st, m)
	if err != nil {
		return nil, err
	}
	list, err := st.list(2 * len(names)) // the texts are boxed
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		list = append(list, f(name))
	}
	return list, nil
}

func end(last bool) func(*state, []any) (any, error) {
	return func(_ *state, a []any) (any, error) {
		list, err := listArg(a, 0)
		switch {
		case err != nil || len(list) == 0:
			return nil, err
		case last:
			return list[len(list)-1], nil
		}
		return list[0], nil
	}
}

func reverse(st *state, a []any) (any, error) {
	list, err := listArg(a, 0)
	if err != nil {
		return nil, err
	}
	out, err := st.list(len(list))
	if err != nil {
		return nil, err
	}
	out = append(out, list...)
	slices.Reverse(out)
	return out, nil
}

func sorted(st *state, a []any) (any, error) {
	list, err := listArg(a, 0)
	if err != nil {
		return nil, err
	}
	var order any
	if len(a) > 1 {
		order = a[1]
	}
	return sortBy(st, list, list, order)
}

func unique(st *state, a []any) (any, error) {
	list, err := listArg(a, 0)
	if err != nil {
		return nil, err
	}
	out, err := st.list(len(list))
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, v := range list {
		mark, err := st.json(v)
		if err != nil {
			return nil, err
		}
		if err := st.grow(96); err != nil {
			return nil, err
		}
		if !seen[mark] {
			seen[mark] = true
			out = append(out, v)
		}
	}
	return out, nil
}

func concatLists(st *state, a []any) (any, error) {
	n := 0
	for i := range a {
		list, err := listArg(a, i)
		if err != nil {
			return nil, err
		}
		n += len(list)
	}
	out, err := st.list(n)
	if err != nil {
		return nil, err
	}
	for i := range a {
		list, _ := listArg(a, i)
		out = append(out, list...)
	}
	return out, nil
}

func mergeMaps(st *state, a []any) (any, error) {
	n := 0
	for i := range a {
		m, err := mapArg(a, i)
		if err != nil {
			return nil, err
		}
		n += len(m)
	}
	out, err := st.object(n)
	if err != nil {
		return nil, err
	}
	for i := range a {
		m, _ := mapArg(a, i)
		for name, v := range m {
			out[name] = v
		}
	}
	return out, nil
}

func joinList(st *state, a []any) (any, error) {
	list, err := listArg(a, 0)
	if err != nil {
		return nil, err
	}
	separator := ""
	if len(a) > 1 {
		if separator, err = textArg(st, a, 1); err != nil {
			return nil, err
		}
	}
	return st.join(list, separator, false)
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

func repeat(st *state, a []any) (any, error) {
	s, err := textArg(st, a, 0)
	if err != nil {
		return nil, err
	}
	n, err := intArg(a, 1)
	if err != nil {
		return nil, err
	}
	return st.repeat(s, n)
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

func getPath(st *state, a []any) (any, error) {
	path, err := textArg(st, a, 1)
	if err != nil {
		return nil, err
	}
	v := a[0]
	for name := range strings.SplitSeq(path, ".") {
		if err := st.step(1); err != nil {
			return nil, err
		}
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(in) {
				return nil, nil
			}
			v = in[i]
		default:
			return nil, nil
		}
	}
	return v, nil
}

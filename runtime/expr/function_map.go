package expr

import (
	"maps"
	"slices"
)

// mapFunctions take maps.
func mapFunctions() []function {
	return []function{
		{
			name: "keys", params: params{dict("map")},
			run: func(st *state, a args) (any, error) {
				return project(st, a.dict(0), func(name string) any { return name })
			},
			summary:  "the names of a map, sorted",
			examples: []Example{gives(`keys({b: 1, a: 2})`, `["a","b"]`), gives(`keys(null)`, `[]`), fails(`keys([1])`, "is a list, not a map")},
		},
		{
			name: "values", params: params{dict("map")},
			run: func(st *state, a args) (any, error) {
				return project(st, a.dict(0), func(name string) any { return a.dict(0)[name] })
			},
			summary:  "the values of a map, in the order of its names",
			examples: []Example{gives(`values({b: 1, a: 2})`, `[2,1]`), gives(`values({:})`, `[]`)},
		},
		{
			name: "merge", params: params{dict("maps").all()}, run: mergeMaps,
			summary:  "one map of all names of the maps; later ones win",
			examples: []Example{gives(`merge({a: 1}, {a: 2, b: 3})`, `{"a":2,"b":3}`), gives(`merge({a: 1}, null)`, `{"a":1}`)},
		},
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

func project(st *state, m map[string]any, f func(string) any) (any, error) {
	names, err := sortedNames(st, m)
	if err != nil {
		return nil, err
	}
	out, err := st.list(2 * len(names)) // the texts are boxed
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		out = append(out, f(name))
	}
	return out, nil
}

func mergeMaps(st *state, a args) (any, error) {
	n := 0
	for i := range a {
		n += len(a.dict(i))
	}
	out, err := st.object(n)
	if err != nil {
		return nil, err
	}
	for i := range a {
		maps.Copy(out, a.dict(i))
	}
	return out, nil
}

package expr

func jsonUtil() []function {
	return []function{
		{
			name: "@json.load", params: params{anything("source")}, run: parsed(),
			summary:  "the value of a JSON text; any other value as it is",
			examples: []Example{gives(`@json.load('{"a": [1]}').a[0]`, `1`), fails(`@json.load('{')`, "source of @json.load(source) is not JSON")},
		},
		{
			name: "@json.stringify", params: params{anything("json")}, run: stringify,
			summary:  "the value as JSON text, names sorted",
			examples: []Example{gives(`@json.stringify({b: 1, a: 'x'})`, `"{\"a\":\"x\",\"b\":1}"`), gives(`@json.stringify(null)`, `"null"`)},
		},
		{
			name: "@json.path", params: params{anything("json"), exact("query")}, run: jsonPath,
			summary: "what a JSONPath of $, .name, ['name'], [n], [*] and .* points to; a list when it has a *, null when nothing is there",
			examples: []Example{
				gives(`@json.path({a: [{b: 1}, {b: 2}]}, '$.a[*].b')`, `[1,2]`), gives(`@json.path('{"a": [1, 2]}', '$.a[-1]')`, `2`),
				gives(`@json.path({a: 1}, '$.b.c')`, `null`),
				fails(`@json.path({a: 1}, 'a')`, "query of @json.path(json, query) cannot be read as a JSONPath"),
			},
		},
		{
			name: "@json.object", run: func(st *state, _ args) (any, error) { return st.object(0) },
			summary:  "an empty map",
			examples: []Example{gives(`@json.object()`, `{}`), gives(`@data.put(@json.object(), 'a', 1)`, `{"a":1}`)},
		},
		{
			name: "@json.array", run: func(st *state, _ args) (any, error) { return st.list(0) },
			summary:  "an empty list",
			examples: []Example{gives(`@json.array()`, `[]`), gives(`@list.add(@json.array(), 1)`, `[1]`)},
		},
	}
}

func stringify(st *state, a args) (any, error) { return st.json(a.any(0)) }

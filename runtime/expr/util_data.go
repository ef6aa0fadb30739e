package expr

import (
	"maps"
	"strconv"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

func dataTypes() []string { return []string{"OBJECT", "ARRAY", "STRING", "NUMBER", "BOOLEAN", "NULL"} }

// dataUtil reads and changes values by paths such as a.b.0. Null is taken everywhere.
func dataUtil() []function {
	is := func(name, want, summary, yes, no string) function {
		return function{
			name: "@data." + name, params: params{anything("data")},
			run:      func(_ *state, a args) (any, error) { return dataType(a.any(0)) == want, nil },
			summary:  summary,
			examples: []Example{gives(`@data.`+name+`(`+yes+`)`, `true`), gives(`@data.`+name+`(`+no+`)`, `false`)},
		}
	}
	return []function{
		{
			name: "@data.get", params: params{anything("data"), text("path")},
			run:      func(st *state, a args) (any, error) { return getPath(st, a.any(0), a.text(1)) },
			summary:  "what stands at a dotted path, null when anything is missing",
			examples: []Example{gives(`@data.get({a: {b: [7]}}, 'a.b.0')`, `7`), gives(`@data.get(null, 'a')`, `null`)},
		},
		{
			name: "@data.has", params: params{anything("data"), text("path")}, run: dataHas,
			summary:  "whether something, be it null, stands at a dotted path",
			examples: []Example{gives(`@data.has({a: {b: null}}, 'a.b')`, `true`), gives(`@data.has([1], '1')`, `false`)},
		},
		{
			name: "@data.set", params: params{anything("data"), text("path"), anything("value")},
			run:     dataSet,
			summary: "a copy that holds the value at a dotted path; missing maps are made, a list takes an index it has or its length",
			examples: []Example{
				gives(`@data.set({a: 1}, 'b.c', 2)`, `{"a":1,"b":{"c":2}}`), gives(`@data.set([1], '1', 2)`, `[1,2]`),
				fails(`@data.set([1], '5', 2)`, "path of @data.set(data, path, value) leads to an index that a list of 1 items does not have"),
				fails(`@data.set({a: 1}, 'a.b', 2)`, "leads into a number"),
			},
		},
		{
			name: "@data.put", params: params{dict("map"), text("key"), anything("value")},
			run: func(st *state, a args) (any, error) {
				return setPath(st, a.any(0), []string{a.text(1)}, a.any(2))
			},
			summary:  "a copy of the map that holds the value under the key",
			examples: []Example{gives(`@data.put({a: 1}, 'b.c', 2)`, `{"a":1,"b.c":2}`), gives(`@data.put(null, 'a', 1)`, `{"a":1}`)},
		},
		{
			name: "@data.select", params: params{anything("input"), texts("selections").all()}, run: dataSelect,
			summary: "what stands at a dotted path; several paths, or one written 'path AS name', give a map",
			examples: []Example{
				gives(`@data.select({a: {b: 1}, c: 2}, 'a.b AS x', 'c')`, `{"c":2,"x":1}`), gives(`@data.select({a: {b: 1}}, 'a.b')`, `1`), gives(`@data.select({a: 1}, {'a', 'b'})`, `{"a":1,"b":null}`),
				gives(`@data.select(null, 'a', 'b')`, `{"a":null,"b":null}`),
			},
		},
		{
			name: "@data.integerList", params: params{whole("start"), whole("end")},
			run:     func(st *state, a args) (any, error) { return span(st, a.any(0), a.any(1)) },
			summary: "the whole numbers from start to end, both included",
			examples: []Example{
				gives(`@data.integerList(2, 4)`, `[2,3,4]`), gives(`@data.integerList(4, 2)`, `[]`),
				fails(`@data.integerList(1, 1000000)`, "limit of 100000 list items"),
			},
		},
		{
			name: "@data.size", params: params{sized("value")},
			run:      func(st *state, a args) (any, error) { return length(st, a.any(0)) },
			summary:  "items of a list, names of a map, characters of a text; 0 for null",
			examples: []Example{gives(`@data.size([1, 2])`, `2`), gives(`@data.size(null)`, `0`)},
		},
		{
			name: "@data.isEmpty", params: params{anything("data")}, run: allEmpty,
			summary:  "whether it is null, a blank text, or a list or map without items",
			examples: []Example{gives(`@data.isEmpty({:})`, `true`), gives(`@data.isEmpty(0)`, `false`)},
		},
		{
			name: "@data.keys", params: params{dict("data")},
			run: func(st *state, a args) (any, error) {
				return project(st, a.dict(0), func(name string) any { return name })
			},
			summary:  "the names of a map, sorted",
			examples: []Example{gives(`@data.keys({b: 1, a: 2})`, `["a","b"]`), gives(`@data.keys(null)`, `[]`)},
		},
		{
			name: "@data.emptyObject", run: func(st *state, _ args) (any, error) { return st.object(0) },
			summary:  "an empty map",
			examples: []Example{gives(`@data.emptyObject()`, `{}`), gives(`@data.size(@data.emptyObject())`, `0`)},
		},
		{
			name: "@data.emptyList", run: func(st *state, _ args) (any, error) { return st.list(0) },
			summary:  "an empty list",
			examples: []Example{gives(`@data.emptyList()`, `[]`), gives(`@data.size(@data.emptyList())`, `0`)},
		},
		{
			name: "@data.type", params: params{anything("data")},
			run:      func(_ *state, a args) (any, error) { return dataType(a.any(0)), nil },
			summary:  "OBJECT, ARRAY, STRING, NUMBER, BOOLEAN or NULL",
			examples: []Example{gives(`@data.type({:})`, `"OBJECT"`), gives(`@data.type(null)`, `"NULL"`)},
		},
		{
			name: "@data.isType", params: params{anything("data"), oneOf("type", dataTypes()...)},
			run:     func(_ *state, a args) (any, error) { return dataType(a.any(0)) == a.text(1), nil },
			summary: "whether it is of that type",
			examples: []Example{
				gives(`@data.isType([1], 'ARRAY')`, `true`), gives(`@data.isType(1, 'string')`, `false`),
				fails(`@data.isType(1, 'LIST')`, "type of @data.isType(data, type) is none of OBJECT, ARRAY, STRING, NUMBER, BOOLEAN, NULL"),
			},
		},
		is("isArray", "ARRAY", "whether it is a list", `[1]`, `'a'`),
		is("isBoolean", "BOOLEAN", "whether it is true or false", `false`, `null`),
		is("isNumber", "NUMBER", "whether it is a number", `1.5`, `'1'`),
		is("isObject", "OBJECT", "whether it is a map", `{a: 1}`, `[1]`),
		is("isString", "STRING", "whether it is a text", `''`, `1`),
		is("isNull", "NULL", "whether it is null", `null`, `''`),
	}
}

func dataType(v any) string {
	return map[string]string{
		"map": "OBJECT", "list": "ARRAY", "text": "STRING", "number": "NUMBER", "boolean": "BOOLEAN", "null": "NULL",
	}[typeName(v)]
}

func dataHas(st *state, a args) (any, error) {
	in, name := a.any(0), a.text(1)
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		var err error
		if in, err = getPath(st, in, name[:dot]); err != nil {
			return nil, err
		}
		name = name[dot+1:]
	}
	switch in := in.(type) {
	case map[string]any:
		_, has := in[name]
		return has, nil
	case []any:
		i, err := strconv.Atoi(name)
		return err == nil && i >= 0 && i < len(in), nil
	}
	return false, nil
}

func dataSet(st *state, a args) (any, error) {
	if strings.Count(a.text(1), ".") >= value.MaxDepth {
		return nil, limit("depth of a value", value.MaxDepth)
	}
	return setPath(st, a.any(0), strings.Split(a.text(1), "."), a.any(2))
}

// setPath gives a copy of in that holds v below the names of path, which is the second argument.
func setPath(st *state, in any, path []string, v any) (any, error) {
	if len(path) == 0 {
		return v, nil
	}
	if err := st.step(1); err != nil {
		return nil, err
	}
	name := path[0]
	switch in := in.(type) {
	case nil, map[string]any:
		old, _ := in.(map[string]any)
		inner, err := setPath(st, old[name], path[1:], v)
		if err != nil {
			return nil, err
		}
		out, err := st.object(len(old) + 1)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, old)
		out[name] = inner
		return out, nil
	case []any:
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i > len(in) {
			return nil, refuse(1, "leads to an index that a list of "+strconv.Itoa(len(in))+" items does not have")
		}
		var old any
		if i < len(in) {
			old = in[i]
		}
		inner, err := setPath(st, old, path[1:], v)
		if err != nil {
			return nil, err
		}
		out, err := st.list(len(in) + 1)
		if err != nil {
			return nil, err
		}
		if out = append(out, in...); i == len(in) {
			return append(out, inner), nil
		}
		out[i] = inner
		return out, nil
	}
	return nil, refuse(1, "leads into a "+typeName(in)+", which holds nothing")
}

func dataSelect(st *state, a args) (any, error) {
	items, _ := a.any(1).([]any)
	out, err := st.object(len(a) - 1 + len(items))
	if err != nil {
		return nil, err
	}
	for i, selection := range a.texts(1) {
		const longest = 1024
		if len(selection) > longest {
			return nil, limit("bytes of a selection", longest)
		}
		if err := st.step(8 + len(selection)>>3); err != nil {
			return nil, err
		}
		words := strings.Fields(selection)
		named := len(words) == 3 && strings.EqualFold(words[1], "as")
		if !named && len(words) != 1 {
			return nil, refuse(i, "is neither a path nor 'path AS name'")
		}
		v, err := getPath(st, a.any(0), words[0])
		if err != nil || len(a) == 2 && items == nil && !named {
			return v, err
		}
		name := words[0][strings.LastIndexByte(words[0], '.')+1:]
		if named {
			name = words[2]
		}
		if _, taken := out[name]; taken {
			return nil, fault.New(fault.ExprEval, "two selections have one name").WithHint("write 'path AS name'")
		}
		out[name] = v
	}
	return out, nil
}

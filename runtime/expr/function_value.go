package expr

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// valueFunctions take any value.
func valueFunctions() []function {
	return []function{
		{
			name: "len", params: params{sized("value")},
			run:     func(st *state, a args) (any, error) { return length(st, a.any(0)) },
			summary: "characters of a text, items of a list, names of a map; 0 for null",
			examples: []Example{
				gives(`len([1, 2, 3])`, `3`), gives(`len('äb')`, `2`), gives(`len(null)`, `0`),
				fails(`len(7)`, "value of len(value) is a number, not a text, list or map"),
			},
		},
		{
			name: "isEmpty", params: params{sized("value")},
			run: func(st *state, a args) (any, error) {
				n, err := length(st, a.any(0))
				return n == 0, err
			},
			summary:  "whether a text, list or map is empty or null",
			examples: []Example{gives(`isEmpty('')`, `true`), gives(`isEmpty([null])`, `false`), gives(`isEmpty(null)`, `true`)},
		},
		{
			name: "type", params: params{anything("value")},
			run:      func(_ *state, a args) (any, error) { return typeName(a.any(0)), nil },
			summary:  "null, boolean, number, text, list or map",
			examples: []Example{gives(`type(1.5)`, `"number"`), gives(`type(null)`, `"null"`)},
		},
		{
			name: "string", params: params{readable("value")},
			run:      func(_ *state, a args) (any, error) { return a.text(0), nil },
			summary:  "the value as it reads inside a text",
			examples: []Example{gives(`string([1, 'a'])`, `"[1,\"a\"]"`), gives(`string(null)`, `""`)},
		},
		{
			name: "int", params: params{anything("value")},
			run:     func(_ *state, a args) (any, error) { return toWhole(a.any(0)) },
			summary: "a whole number from a text or number; fractions are cut off",
			examples: []Example{
				gives(`int('42')`, `42`), gives(`int(-1.9)`, `-1`), gives(`int('')`, `0`), fails(`int('4 2')`, "is not a number"),
			},
		},
		{
			name: "float", params: params{anything("value")},
			run:      func(_ *state, a args) (any, error) { return toNumber(a.any(0)) },
			summary:  "a number from a text or number",
			examples: []Example{gives(`float('4.5')`, `4.5`), gives(`float(null)`, `0`), fails(`float([1])`, "is a list, not a number or text")},
		},
		{
			name: "get", params: params{anything("value"), text("path")},
			run:     func(st *state, a args) (any, error) { return getPath(st, a.any(0), a.text(1)) },
			summary: "what stands at a dotted path, null when anything is missing",
			examples: []Example{
				gives(`get({a: {b: [7]}}, 'a.b.0')`, `7`), gives(`get({a: null}, 'a.b.c')`, `null`),
			},
		},
		{
			name: "toJSON", params: params{anything("value")}, run: stringify,
			summary:  "the value as JSON text",
			examples: []Example{gives(`toJSON({a: [1, null]})`, `"{\"a\":[1,null]}"`), gives(`toJSON('a"')`, `"\"a\\\"\""`)},
		},
		{
			name: "fromJSON", params: params{exact("text")},
			run:     func(st *state, a args) (any, error) { return load(st, a.text(0)) },
			summary: "the value of a JSON text",
			examples: []Example{
				gives(`fromJSON('[1]')`, `[1]`), fails(`fromJSON('[1')`, "text of fromJSON(text) is not JSON"), fails(`fromJSON([1])`, "is a list, not a text"),
			},
		},
	}
}

func length(st *state, v any) (int, error) {
	switch v := v.(type) {
	case string:
		return runeCount(v), st.scan(len(v))
	case []any:
		return len(v), nil
	case map[string]any:
		return len(v), nil
	}
	return 0, nil
}

// toNumber reads the first argument, a number, boolean or text, as a number; null and blank give 0.
func toNumber(v any) (any, error) {
	switch n := v.(type) {
	case int, float64, json.Number:
		return v, nil
	case nil:
		return 0, nil
	case bool:
		if n {
			return 1, nil
		}
		return 0, nil
	case string:
		return parseNumber(strings.TrimSpace(n))
	}
	return nil, refuse(0, "is a "+typeName(v)+", not a number or text")
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
		return nil, refuse(0, "is not a number")
	}
	return finite(f)
}

func toWhole(v any) (any, error) {
	v, err := toNumber(v)
	if err != nil {
		return nil, err
	}
	if i, ok := v.(int); ok {
		return i, nil
	}
	f, _ := numberOf(v)
	if math.Abs(f) >= 1<<63 {
		return nil, tooLarge()
	}
	return int(f), nil
}

// getPath reads a.b.0 below v; what is missing is null.
func getPath(st *state, v any, path string) (any, error) {
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

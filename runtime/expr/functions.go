package expr

import "slices"

// allFunctions is the one list of what expressions can call; predicates such as filter come on top.
// A new function is one entry in the list of its group.
func allFunctions() []function {
	return slices.Concat(plainFunctions(), convertFunctions(), textFunctions(), jsonFunctions(), dateFunctions(), hashFunctions())
}

// methodNames says which function value.name(...) is; the value becomes the first argument.
func methodNames() map[string]string {
	return map[string]string{
		"size": "len", "length": "len", "isEmpty": "isEmpty",
		"contains": "@contains", "containsKey": "@contains",
		"startsWith": "@text.startsWith", "endsWith": "@text.endsWith", "matches": "@matches",
		"toUpperCase": "@text.upperCase", "toLowerCase": "@text.lowerCase", "trim": "@text.trim",
		"indexOf": "@text.indexOf", "lastIndexOf": "@text.lastIndexOf", "substring": "@text.substring",
		"replace": "@text.replaceAll", "split": "@text.split", "concat": "@text.append", "toString": "string",
		"get": "@item", "join": "join", "keySet": "keys", "values": "values",
	}
}

// methodFunctions are those that only methods name.
func methodFunctions() []function {
	return []function{
		{
			name: "@contains", params: "value", least: 2, most: 2,
			run: func(st *state, a []any) (any, error) { return contains(st, a[0], a[1]) },
		},
		{
			name: "@matches", params: "pattern", least: 2, most: 2,
			run: func(st *state, a []any) (any, error) { return matchWhole(st, a[0], a[1], nil) },
		},
		{
			name: "@item", params: "name or index", least: 2, most: 2,
			run: func(_ *state, a []any) (any, error) { return item(a[0], a[1], nil) },
		},
	}
}

// Util describes one function of the language, such as @text.upperCase.
type Util struct {
	Name      string // as written: @text.upperCase
	Signature string // with the parameters: @text.upperCase(text)
	Summary   string // what it gives
	Example   string // an expression without delimiters
	Want      string // JSON text of the value of the example
}

// Utils describes all functions, in the order of the language's reference.
func Utils() []Util {
	var out []Util
	for _, f := range allFunctions() {
		out = append(out, Util{
			Name: f.name, Signature: f.name + "(" + f.params + ")", Summary: f.summary, Example: f.example, Want: f.want,
		})
	}
	return out
}

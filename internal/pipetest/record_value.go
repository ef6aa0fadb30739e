package pipetest

import (
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/value"
)

// loosen gives what both values have in common, and leaves open where they differ.
func loosen(a, b any) any {
	if equal(a, b) {
		return a
	}
	left, isMap := a.(map[string]any)
	right, both := b.(map[string]any)
	if isMap && both && slices.Equal(sortedNames(left), sortedNames(right)) {
		out := make(map[string]any, len(left))
		for name := range left {
			out[name] = loosen(left[name], right[name])
		}
		return out
	}
	list, isList := a.([]any)
	other, both := b.([]any)
	if isList && both && len(list) == len(other) {
		out := make([]any, len(list))
		for i := range list {
			out[i] = loosen(list[i], other[i])
		}
		return out
	}
	return anything{}
}

// anything stands for a value that is left open.
type anything struct{}

// escaped gives a value in which no text is an expression.
func escaped(v any) any {
	switch v := v.(type) {
	case string:
		if holdsExpression(v) {
			text, err := value.AppendJSON(nil, v)
			if err == nil {
				return "${" + string(text) + "}"
			}
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			out[name] = escaped(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = escaped(item)
		}
		return out
	}
	return v
}

// expected is escaped for a value that is compared; a map that looks like a matcher is left open.
func expected(v any) any {
	switch v := v.(type) {
	case anything:
		return map[string]any{"$any": true}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			if strings.HasPrefix(name, "$") {
				return map[string]any{"$any": true}
			}
			out[name] = expected(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = expected(item)
		}
		return out
	}
	return escaped(v)
}

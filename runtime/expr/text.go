package expr

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// Truthy is the rule of `if`: false, a negative number, null and the empty text are false, all else is true.
func Truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case json.Number:
		return !strings.HasPrefix(string(v), "-")
	}
	f, ok := number(v)
	return !ok || f >= 0
}

// Text is how v reads inside a mixed text: maps and lists as JSON, null as nothing, all else as itself.
// A value outside the model reads as nothing.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	}
	out, err := value.AppendJSON(nil, v)
	if err != nil {
		return ""
	}
	return string(out)
}

// The arguments of functions. Null reads as the empty text and as no list; a number as text reads as in
// a mixed text.

func textArg(st *state, args []any, i int) (string, error) {
	switch v := args[i].(type) {
	case string:
		return v, nil
	case []any, map[string]any:
		return st.json(v)
	default:
		return Text(v), nil
	}
}

func intArg(args []any, i int) (int, error) {
	n, ok := whole(args[i])
	if !ok {
		return 0, badArgument{i, "whole number", typeName(args[i])}
	}
	return n, nil
}

func listArg(args []any, i int) ([]any, error) {
	list, ok := args[i].([]any)
	if !ok && args[i] != nil {
		return nil, badArgument{i, "list", typeName(args[i])}
	}
	return list, nil
}

func mapArg(args []any, i int) (map[string]any, error) {
	m, ok := args[i].(map[string]any)
	if !ok && args[i] != nil {
		return nil, badArgument{i, "map", typeName(args[i])}
	}
	return m, nil
}

// two gives the first two arguments as texts, with the work of reading them taken.
func two(st *state, args []any) (a, b string, err error) {
	if a, err = textArg(st, args, 0); err != nil {
		return "", "", err
	}
	if b, err = textArg(st, args, 1); err != nil {
		return "", "", err
	}
	return a, b, st.scan(len(a) + len(b))
}

// onText makes a function of one text whose result is at most factor times as long.
func onText(factor int, f func(string) string) func(*state, []any) (any, error) {
	return func(st *state, args []any) (any, error) {
		s, err := textArg(st, args, 0)
		if err != nil {
			return nil, err
		}
		if err := st.grow(factor * len(s)); err != nil {
			return nil, err
		}
		return f(s), nil
	}
}

func contains(st *state, in, what any) (bool, error) {
	switch in := in.(type) {
	case nil:
		return false, nil
	case string:
		s, err := st.text(what)
		if err != nil {
			return false, err
		}
		return strings.Contains(in, s), st.scan(len(in) + len(s))
	case []any:
		for _, v := range in {
			if same, err := equal(st, v, what); same || err != nil {
				return same, err
			}
		}
		return false, nil
	case map[string]any:
		name, err := key(what)
		_, has := in[name]
		return has, err
	}
	return false, fault.New(fault.ExprEval, "a %s contains nothing; a text, list or map is needed", typeName(in))
}

func affix(st *state, a, b any, which string) (bool, error) {
	if a == nil || b == nil {
		return false, nil
	}
	s, okS := a.(string)
	part, okPart := b.(string)
	if !okS || !okPart {
		return false, fault.New(fault.ExprEval, "%s needs two texts, found a %s and a %s", which, typeName(a), typeName(b))
	}
	if err := st.scan(len(part)); err != nil {
		return false, err
	}
	if which == "startsWith" {
		return strings.HasPrefix(s, part), nil
	}
	return strings.HasSuffix(s, part), nil
}

func runeCount(s string) int { return utf8.RuneCountInString(s) }

// runeSlice gives the characters from up to to, which lie inside s.
func runeSlice(s string, from, to int) string {
	start := runeOffset(s, from)
	return s[start : start+runeOffset(s[start:], to-from)]
}

// runeOffset gives the byte offset of the nth character, the length of s when there is none.
func runeOffset(s string, n int) int {
	if n <= 0 {
		return 0
	}
	for offset := range s {
		if n == 0 {
			return offset
		}
		n--
	}
	return len(s)
}

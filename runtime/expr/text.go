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
	f, ok := numberOf(v)
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

// writer puts a text together within the limits. Growing it leaves up to three times its length behind.
type writer struct {
	st  *state
	out strings.Builder
}

func (w *writer) write(parts ...string) error {
	for _, s := range parts {
		if err := w.st.grow(4 * len(s)); err != nil {
			return err
		}
		w.out.Grow(len(s))
		w.out.WriteString(s)
	}
	return nil
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

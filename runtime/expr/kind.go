package expr

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

// kind is what a parameter takes. Null is taken as the empty text, list or map and as false, but is no
// number and no date.
type kind uint8

const (
	anyKind      kind = iota
	textKind          // numbers and booleans read as in a mixed text
	readableKind      // all values read as in a mixed text, lists and maps as JSON
	exactKind         // nothing but a text
	textsKind         // a text, or a list of them
	wholeKind
	numberKind
	flagKind
	listKind
	mapKind
	sizedKind // text, list or map
	dateKind  // ISO 8601, or milliseconds since 1970
)

// String names what is wanted, for the reference and for errors.
func (k kind) String() string {
	return [...]string{
		"any value", "text", "any value as text", "text", "text or list of texts", "whole number", "number", "boolean", "list", "map",
		"text, list or map", "date",
	}[k]
}

// take checks one argument and gives it in the form that [args] hands out.
func (p *param) take(st *state, v any) (any, error) {
	switch p.kind {
	case anyKind:
		return v, nil
	case textKind, readableKind, exactKind:
		return p.takeText(st, v)
	case textsKind:
		return p.takeTexts(st, v)
	case wholeKind:
		if i, ok := wholeOf(v); ok {
			return i, nil
		}
	case numberKind:
		if _, ok := numberOf(v); ok {
			return v, nil
		}
	case flagKind:
		if _, ok := v.(bool); ok || v == nil {
			return v, nil
		}
	case listKind:
		if _, ok := v.([]any); ok || v == nil {
			return v, nil
		}
	case mapKind:
		if _, ok := v.(map[string]any); ok || v == nil {
			return v, nil
		}
	case sizedKind:
		switch v.(type) {
		case nil, string, []any, map[string]any:
			return v, nil
		}
	case dateKind:
		return st.date(v)
	}
	return nil, p.unfit(v)
}

func (p *param) takeText(st *state, v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return v, nil
	case string:
		if p.words == nil {
			break
		}
		for _, word := range p.words {
			if strings.EqualFold(v, word) {
				return word, nil
			}
		}
		return nil, refusal{says: "is none of " + strings.Join(p.words, ", "), hint: fault.DidYouMean(v, p.words)}
	case int, float64, bool, json.Number:
		if p.kind == exactKind {
			return nil, p.unfit(v)
		}
		return Text(v), st.grow(32)
	case []any, map[string]any:
		if p.kind != readableKind {
			return nil, p.unfit(v)
		}
		return st.json(v)
	default:
		return nil, p.unfit(v)
	}
	return v, nil
}

// takeTexts leaves a list as it is.
func (p *param) takeTexts(st *state, v any) (any, error) {
	items, ok := v.([]any)
	if !ok {
		return p.takeText(st, v)
	}
	for _, item := range items {
		if err := st.step(1); err != nil {
			return nil, err
		}
		switch item.(type) {
		case nil, string, int, float64, bool, json.Number:
		default:
			return nil, refusal{says: "holds a " + typeName(item) + ", not only texts"}
		}
	}
	return v, nil
}

// unfit says that v is not what p takes, and how to make it so.
func (p *param) unfit(v any) refusal {
	if _, big := v.(json.Number); big && p.kind == wholeKind {
		return refusal{says: "is too large a number"}
	}
	return refusal{says: "is a " + typeName(v) + ", not a " + p.kind.String(), hint: remedy(p.kind, v)}
}

func remedy(want kind, v any) string {
	have := typeName(v)
	switch {
	case v == nil && slices.Contains([]kind{wholeKind, numberKind}, want):
		return "write (x ?? 0) if it may be missing"
	case v == nil:
		return "give it another value with (x ?? ...) if it may be missing"
	case want == wholeKind && have == "text":
		return "convert it with @convert.toInteger(...)"
	case want == numberKind && have == "text":
		return "convert it with @convert.toDecimal(...)"
	case want == wholeKind && have == "number":
		return "round it with round(...)"
	case want == listKind && have == "map":
		return "write values(...) or keys(...)"
	case want == listKind && have == "text":
		return "write @text.split(...), or fromJSON(...) for a JSON text"
	case want == mapKind && have == "text":
		return "write fromJSON(...) for a JSON text"
	case (want == textKind || want == exactKind) && (have == "list" || have == "map"):
		return "write toJSON(...) for its JSON text"
	case want == exactKind:
		return "write string(...)"
	case want == flagKind:
		return "compare it, for example with =="
	}
	return ""
}

// refusal says what is wrong with one argument. The call puts the names of function and parameter in front.
type refusal struct {
	index int // of the argument
	says  string
	hint  string
}

func (r refusal) Error() string { return "the argument " + r.says }

// refuse says what is wrong with argument i, behind its name: "is not base64".
func refuse(i int, says string) refusal { return refusal{index: i, says: says} }

// with adds what to do about it.
func (r refusal) with(hint string) refusal {
	r.hint = hint
	return r
}

// about says that a refusal among errors is of argument i.
func about(i int, err error) error {
	if r, ok := err.(refusal); ok { //nolint:errorlint // never wrapped
		r.index = i
		return r
	}
	return err
}

// args are the checked arguments of one call. Those that were left out read as null does.
type args []any

func (a args) given(i int) bool { return i < len(a) }

func (a args) any(i int) any {
	if i < len(a) {
		return a[i]
	}
	return nil
}

func (a args) text(i int) string         { s, _ := a.any(i).(string); return s }
func (a args) whole(i int) int           { n, _ := a.any(i).(int); return n }
func (a args) number(i int) float64      { f, _ := numberOf(a.any(i)); return f }
func (a args) flag(i int) bool           { b, _ := a.any(i).(bool); return b }
func (a args) list(i int) []any          { l, _ := a.any(i).([]any); return l }
func (a args) dict(i int) map[string]any { m, _ := a.any(i).(map[string]any); return m }
func (a args) date(i int) time.Time      { t, _ := a.any(i).(time.Time); return t }

// texts gives all texts from argument i on, those in lists as well, each with the number of its argument;
// null gives none.
func (a args) texts(i int) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for ; i < len(a); i++ {
			items, ok := a[i].([]any)
			if !ok {
				items = a[i : i+1]
			}
			for _, item := range items {
				if item != nil && !yield(i, Text(item)) {
					return
				}
			}
		}
	}
}

// spread gives the arguments from i on, or the items when they are one list.
func (a args) spread(i int) []any {
	if i >= len(a) {
		return nil
	}
	if items, ok := a[i].([]any); ok && i == len(a)-1 {
		return items
	}
	return a[i:]
}

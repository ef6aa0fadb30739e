package expr

import (
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// textSearch look into a text.
func textSearch() []function {
	affixOf := func(which string) func(*state, args) (any, error) {
		return func(st *state, a args) (any, error) { return affix(st, a.any(0), a.any(1), which) }
	}
	return []function{
		{
			name: "@text.length", params: params{text("text")},
			run:      func(st *state, a args) (any, error) { return length(st, a.text(0)) },
			summary:  "the number of characters",
			examples: []Example{gives(`@text.length('äbc')`, `3`), gives(`@text.length(null)`, `0`)},
		},
		{
			name: "@text.isEmpty", params: params{anything("text")}, run: allEmpty,
			summary:  "whether the text is null or blank",
			examples: []Example{gives(`@text.isEmpty('  ')`, `true`), gives(`@text.isEmpty(0)`, `false`)},
		},
		{
			name: "@text.isAllEmpty", params: params{anything("texts").all()}, run: allEmpty,
			summary:  "whether all texts are null or blank",
			examples: []Example{gives(`@text.isAllEmpty('', null)`, `true`), gives(`@text.isAllEmpty('', 'a')`, `false`)},
		},
		{
			name: "@text.contains", params: params{text("text"), texts("needles").all()}, run: containsFold,
			summary: "whether the text contains one of the needles, in any case",
			examples: []Example{
				gives(`@text.contains('Hello', 'x', 'hell')`, `true`), gives(`@text.contains('Hello', ['x', 'y'])`, `false`),
				gives(`@text.contains(null, 'a')`, `false`), gives(`@text.contains('a', null)`, `false`),
			},
		},
		{
			name: "@text.startsWith", params: params{text("text"), text("prefix")}, run: affixOf("startsWith"),
			summary:  "whether the text begins with the prefix",
			examples: []Example{gives(`@text.startsWith('abc', 'ab')`, `true`), gives(`@text.startsWith(null, 'a')`, `false`)},
		},
		{
			name: "@text.endsWith", params: params{text("text"), text("suffix")}, run: affixOf("endsWith"),
			summary:  "whether the text ends with the suffix",
			examples: []Example{gives(`@text.endsWith('abc', 'bc')`, `true`), gives(`@text.endsWith('abc', 'ab')`, `false`)},
		},
		{
			name: "@text.indexOf", params: params{text("text"), text("needle"), whole("offset").opt()}, run: indexOf,
			summary: "where the needle first stands at or behind the offset, counted in characters from 0; -1 when it does not",
			examples: []Example{
				gives(`@text.indexOf('äbcb', 'b')`, `1`), gives(`@text.indexOf('äbcb', 'b', 2)`, `3`), gives(`@text.indexOf('a', 'x')`, `-1`),
			},
		},
		{
			name: "@text.lastIndexOf", params: params{text("text"), text("needle"), whole("offset").opt()}, run: lastIndexOf,
			summary: "where the needle last stands at or before the offset; -1 when it does not",
			examples: []Example{
				gives(`@text.lastIndexOf('abcb', 'b')`, `3`), gives(`@text.lastIndexOf('abcb', 'b', 2)`, `1`),
				gives(`@text.lastIndexOf('a', 'x')`, `-1`),
			},
		},
		{
			name: "@text.matches", params: params{text("text"), exact("pattern")}, run: findMatches,
			summary: "all parts of the text that match the regular expression",
			examples: []Example{
				gives(`@text.matches('a1b22', '[0-9]+')`, `["1","22"]`), gives(`@text.matches('a', '[0-9]')`, `[]`),
				fails(`@text.matches('a', '(')`, "the pattern is not a regular expression"),
			},
		},
	}
}

func allEmpty(st *state, a args) (any, error) {
	for _, v := range a {
		switch v := v.(type) {
		case nil:
		case string:
			if err := st.scan(len(v)); err != nil || strings.TrimSpace(v) != "" {
				return false, err
			}
		case []any:
			if len(v) > 0 {
				return false, nil
			}
		case map[string]any:
			if len(v) > 0 {
				return false, nil
			}
		default:
			return false, nil
		}
	}
	return true, nil
}

func containsFold(st *state, a args) (any, error) {
	s := a.text(0)
	if err := st.grow(2 * len(s)); err != nil {
		return nil, err
	}
	s = strings.ToLower(s)
	for _, needle := range a.texts(1) {
		if err := st.grow(2*len(needle) + len(s)/8); err != nil {
			return nil, err
		}
		if strings.Contains(s, strings.ToLower(needle)) {
			return true, nil
		}
	}
	return false, nil
}

func indexOf(st *state, a args) (any, error) {
	s, needle := a.text(0), a.text(1)
	if err := st.scan(len(s) + len(needle)); err != nil {
		return nil, err
	}
	begin := runeOffset(s, a.whole(2))
	i := strings.Index(s[begin:], needle)
	if i < 0 {
		return -1, nil
	}
	return runeCount(s[:begin+i]), nil
}

func lastIndexOf(st *state, a args) (any, error) {
	s, needle := a.text(0), a.text(1)
	if err := st.scan(len(s) + len(needle)); err != nil {
		return nil, err
	}
	stop := len(s)
	if a.given(2) {
		if a.whole(2) < 0 {
			return -1, nil
		}
		stop = min(runeOffset(s, a.whole(2))+len(needle), len(s))
	}
	i := strings.LastIndex(s[:stop], needle)
	if i < 0 {
		return -1, nil
	}
	return runeCount(s[:i]), nil
}

func findMatches(st *state, a args) (any, error) {
	s := a.text(0)
	re, err := st.dynamicRegex(a.text(1), false)
	if err != nil {
		return nil, err
	}
	if err := re.charge(st, s); err != nil {
		return nil, err
	}
	if err := st.grow(96 * min(len(s)+1, st.lang.options.MaxList)); err != nil { // one match a character at worst
		return nil, err
	}
	found := re.re.FindAllString(s, st.lang.options.MaxList+1) // one too many is refused below
	out, err := st.list(len(found))
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		out = append(out, f)
	}
	return out, nil
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

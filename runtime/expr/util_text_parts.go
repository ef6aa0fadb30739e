package expr

import "strings"

// textParts take texts apart and change them.
func textParts() []function {
	return []function{
		{
			name: "@text.substring", params: params{text("text"), whole("begin"), whole("end").opt()},
			run:     func(st *state, a args) (any, error) { return cut(st, a.text(0), a.any(1), a.any(2)) },
			summary: "the characters from begin up to end; what lies outside is left out",
			examples: []Example{
				gives(`@text.substring('abcd', 1, 3)`, `"bc"`), gives(`@text.substring('abcd', 9)`, `""`),
				gives(`@text.substring('abcd', -2)`, `"cd"`),
				fails(`@text.substring('a', '1')`, "begin of @text.substring(text, begin, [end]) is a text, not a whole number; convert it with @convert.toInteger(...)"),
			},
		},
		{
			name: "@text.prefix", params: params{text("text"), text("stop")},
			run: func(st *state, a args) (any, error) {
				before, _, _ := strings.Cut(a.text(0), a.text(1))
				return before, st.scan(len(a.text(0)) + len(a.text(1)))
			},
			summary:  "what stands in front of the first stop, all when there is none",
			examples: []Example{gives(`@text.prefix('a.b.c', '.')`, `"a"`), gives(`@text.prefix('abc', '.')`, `"abc"`)},
		},
		{
			name: "@text.suffix", params: params{text("text"), text("stop")},
			run: func(st *state, a args) (any, error) {
				s, stop := a.text(0), a.text(1)
				err := st.scan(len(s) + len(stop))
				if i := strings.LastIndex(s, stop); i >= 0 {
					return s[i+len(stop):], err
				}
				return "", err
			},
			summary:  "what stands behind the last stop, nothing when there is none",
			examples: []Example{gives(`@text.suffix('a.b.c', '.')`, `"c"`), gives(`@text.suffix('abc', '.')`, `""`)},
		},
		{
			name: "@text.shorten", params: params{text("text"), whole("length")}, run: shorten,
			summary:  "at most length characters, and ... when some were cut off",
			examples: []Example{gives(`@text.shorten('abcdef', 3)`, `"abc..."`), gives(`@text.shorten('äöü', 3)`, `"äöü"`)},
		},
		{
			name: "@text.split", params: params{text("text"), text("token")}, run: split,
			summary: "the parts of the text between the tokens; with an empty token each character",
			examples: []Example{
				gives(`@text.split('a,b', ',')`, `["a","b"]`), gives(`@text.split('äb', '')`, `["ä","b"]`), gives(`@text.split('a', ',')`, `["a"]`),
				fails(`@text.split('a')`, "@text.split takes 2 arguments, found 1; write @text.split(text, token)"),
			},
		},
		{
			name: "@text.replaceAll", params: params{text("text"), text("needle"), text("replacement")}, run: replaceAll,
			summary: "the text with every needle replaced; the needle is no pattern",
			examples: []Example{
				gives(`@text.replaceAll('a.b.c', '.', '-')`, `"a-b-c"`), gives(`@text.replaceAll('abc', '', '-')`, `"abc"`),
			},
		},
		{
			name: "@text.replaceCharAt", params: params{text("text"), whole("position"), text("replacement")}, run: replaceCharAt,
			summary: "the text with the character at the position replaced",
			examples: []Example{
				gives(`@text.replaceCharAt('abc', 1, 'x')`, `"axc"`), fails(`@text.replaceCharAt('abc', 3, 'x')`, "lies outside the text"),
			},
		},
	}
}

func shorten(st *state, a args) (any, error) {
	s := a.text(0)
	if err := st.grow(len(s) + 3); err != nil {
		return nil, err
	}
	if end := runeOffset(s, a.whole(1)); end < len(s) {
		return s[:end] + "...", nil
	}
	return s, nil
}

func split(st *state, a args) (any, error) {
	s, token := a.text(0), a.text(1)
	if err := st.scan(len(s) + len(token)); err != nil {
		return nil, err
	}
	n := strings.Count(s, token) + 1
	if token == "" {
		n = runeCount(s)
	}
	out, err := st.list(n)
	if err != nil {
		return nil, err
	}
	if err := st.grow(16 * n); err != nil { // the texts are boxed
		return nil, err
	}
	for part := range strings.SplitSeq(s, token) {
		out = append(out, part)
	}
	return out, nil
}

func replaceAll(st *state, a args) (any, error) {
	s, needle, with := a.text(0), a.text(1), a.text(2)
	if err := st.scan(len(s) + len(needle)); err != nil || needle == "" {
		return s, err
	}
	n := strings.Count(s, needle)
	if n > 0 && len(with) > st.maxBytes/n {
		return nil, limit("bytes", st.maxBytes)
	}
	if err := st.grow(len(s) + n*len(with)); err != nil {
		return nil, err
	}
	return strings.ReplaceAll(s, needle, with), nil
}

func replaceCharAt(st *state, a args) (any, error) {
	s, at, with := a.text(0), a.whole(1), a.text(2)
	if err := st.grow(len(s) + len(with)); err != nil {
		return nil, err
	}
	begin := runeOffset(s, at)
	if at < 0 || begin == len(s) {
		return nil, refuse(1, "lies outside the text")
	}
	return s[:begin] + with + s[begin+runeOffset(s[begin:], 1):], nil
}

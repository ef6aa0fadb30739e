package expr

import (
	"html"
	"strings"
	"unicode"

	"github.com/penstock/penstock/runtime/fault"
)

func textFunctions() []function {
	return []function{
		{
			name: "@text.upperCase", params: "text", least: 1, most: 1, run: onText(2, strings.ToUpper),
			summary: "the text in upper case", example: `@text.upperCase('abc')`, want: `"ABC"`,
		},
		{
			name: "@text.lowerCase", params: "text", least: 1, most: 1, run: onText(2, strings.ToLower),
			summary: "the text in lower case", example: `@text.lowerCase('ABC')`, want: `"abc"`,
		},
		{
			name: "@text.firstCharUpper", params: "text", least: 1, most: 1, run: onText(2, firstChar(unicode.ToUpper)),
			summary: "the first character in upper case", example: `@text.firstCharUpper('abc')`, want: `"Abc"`,
		},
		{
			name: "@text.firstCharLower", params: "text", least: 1, most: 1, run: onText(2, firstChar(unicode.ToLower)),
			summary: "the first character in lower case", example: `@text.firstCharLower('ABC')`, want: `"aBC"`,
		},
		{
			name: "@text.trim", params: "text", least: 1, most: 1, run: onText(1, strings.TrimSpace),
			summary: "the text without space around it", example: `@text.trim(' a ')`, want: `"a"`,
		},
		{
			name: "@text.length", params: "text", least: 1, most: 1, run: length,
			summary: "the number of characters", example: `@text.length('äbc')`, want: `3`,
		},
		{
			name: "@text.isEmpty", params: "text", least: 1, most: 1, run: allEmpty,
			summary: "whether the text is null or blank", example: `@text.isEmpty('  ')`, want: `true`,
		},
		{
			name: "@text.isAllEmpty", params: "texts", least: 1, most: -1, run: allEmpty,
			summary: "whether all texts are null or blank", example: `@text.isAllEmpty('', null)`, want: `true`,
		},
		{
			name: "@text.contains", params: "text, needles", least: 2, most: -1, run: containsFold,
			summary: "whether the text contains one of the needles, in any case", example: `@text.contains('Hello', 'x', 'hell')`, want: `true`,
		},
		{
			name: "@text.startsWith", params: "text, prefix", least: 2, most: 2,
			run:     func(st *state, a []any) (any, error) { return affix(st, a[0], a[1], "startsWith") },
			summary: "whether the text begins with prefix", example: `@text.startsWith('abc', 'ab')`, want: `true`,
		},
		{
			name: "@text.endsWith", params: "text, suffix", least: 2, most: 2,
			run:     func(st *state, a []any) (any, error) { return affix(st, a[0], a[1], "endsWith") },
			summary: "whether the text ends with suffix", example: `@text.endsWith('abc', 'bc')`, want: `true`,
		},
		{
			name: "@text.indexOf", params: "text, needle, offset", least: 2, most: 3, run: indexOf(false),
			summary: "where needle first stands, counted in characters from 0; -1 when it does not", example: `@text.indexOf('äbcb', 'b')`, want: `1`,
		},
		{
			name: "@text.lastIndexOf", params: "text, needle, offset", least: 2, most: 3, run: indexOf(true),
			summary: "where needle last stands, at or before offset; -1 when it does not", example: `@text.lastIndexOf('abcb', 'b')`, want: `3`,
		},
		{
			name: "@text.substring", params: "text, begin, end", least: 2, most: 3,
			run: func(st *state, a []any) (any, error) {
				s, err := textArg(st, a, 0)
				if err != nil {
					return nil, err
				}
				var to any
				if len(a) > 2 {
					to = a[2]
				}
				return cut(st, s, a[1], to)
			},
			summary: "the characters from begin up to end; what lies outside is left out", example: `@text.substring('abcd', 1, 3)`, want: `"bc"`,
		},
		{
			name: "@text.prefix", params: "text, stop", least: 2, most: 2,
			run: func(st *state, a []any) (any, error) {
				s, stop, err := two(st, a)
				before, _, _ := strings.Cut(s, stop)
				return before, err
			},
			summary: "what stands in front of the first stop, all when there is none", example: `@text.prefix('a.b.c', '.')`, want: `"a"`,
		},
		{
			name: "@text.suffix", params: "text, stop", least: 2, most: 2,
			run: func(st *state, a []any) (any, error) {
				s, stop, err := two(st, a)
				if i := strings.LastIndex(s, stop); i >= 0 {
					return s[i+len(stop):], err
				}
				return "", err
			},
			summary: "what stands behind the last stop, nothing when there is none", example: `@text.suffix('a.b.c', '.')`, want: `"c"`,
		},
		{
			name: "@text.shorten", params: "text, length", least: 2, most: 2, run: shorten,
			summary: "at most length characters, and ... when some were cut off", example: `@text.shorten('abcdef', 3)`, want: `"abc..."`,
		},
		{
			name: "@text.append", params: "text, texts", least: 1, most: -1,
			run:     func(st *state, a []any) (any, error) { return st.join(a, "", true) },
			summary: "the texts one after another", example: `@text.append('a', 'b')`, want: `"ab"`,
		},
		{
			name: "@text.concat", params: "separator, list or values", least: 1, most: -1,
			run: func(st *state, a []any) (any, error) {
				separator, err := textArg(st, a, 0)
				if err != nil {
					return nil, err
				}
				return st.join(items(a[1:]), separator, true)
			},
			summary: "the values with the separator between them; null is left out", example: `@text.concat('-', 'a', null, 1)`, want: `"a-1"`,
		},
		{
			name: "@text.commajoin", params: "list", least: 1, most: -1,
			run:     func(st *state, a []any) (any, error) { return st.join(items(a), ",", true) },
			summary: "the items with commas between them", example: `@text.commajoin(['a', 'b'])`, want: `"a,b"`,
		},
		{
			name: "@text.split", params: "text, token", least: 2, most: 2, run: split,
			summary: "the parts of the text between the tokens", example: `@text.split('a,b', ',')`, want: `["a","b"]`,
		},
		{
			name: "@text.replaceAll", params: "text, needle, replacement", least: 3, most: 3, run: replaceAll,
			summary: "the text with every needle replaced; the needle is no pattern", example: `@text.replaceAll('a.b.c', '.', '-')`, want: `"a-b-c"`,
		},
		{
			name: "@text.replaceCharAt", params: "text, position, replacement", least: 3, most: 3, run: replaceCharAt,
			summary: "the text with the character at position replaced", example: `@text.replaceCharAt('abc', 1, 'x')`, want: `"axc"`,
		},
		{
			name: "@text.matches", params: "text, pattern", least: 2, most: 2, run: findMatches,
			summary: "all parts of the text that match the regular expression", example: `@text.matches('a1b22', '[0-9]+')`, want: `["1","22"]`,
		},
		{
			name: "@text.leftPad", params: "text, size, pad", least: 2, most: 3, run: pad(true),
			summary: "the text filled up on the left", example: `@text.leftPad('7', 3, '0')`, want: `"007"`,
		},
		{
			name: "@text.rightPad", params: "text, size, pad", least: 2, most: 3, run: pad(false),
			summary: "the text filled up on the right", example: `@text.rightPad('7', 3, '.')`, want: `"7.."`,
		},
		{
			name: "@text.format", params: "pattern, values", least: 1, most: -1, run: format,
			summary: "the pattern with %s, %d, %x, %f (with width and precision) and %% filled in", example: `@text.format('%s: %05d, %.2f', 'a', 42, 1.5)`, want: `"a: 00042, 1.50"`,
		},
		{
			name: "@text.toAlphaNumeric", params: "text", least: 1, most: 1, run: onText(1, alphaNumeric),
			summary: "the letters and digits of the text", example: `@text.toAlphaNumeric('a-1 b!')`, want: `"a1b"`,
		},
		{
			name: "@text.toHtml", params: "text", least: 1, most: 1,
			run:     onText(6, func(s string) string { return strings.ReplaceAll(html.EscapeString(s), "\n", "<br>") }),
			summary: "the text for HTML: escaped, line breaks as <br>", example: `@text.toHtml('a < b')`, want: `"a &lt; b"`,
		},
		{
			name: "@text.escapeCsvValue", params: "text", least: 1, most: 1, run: onText(3, escapeCSV),
			summary: "the text as one CSV value, quoted when needed", example: `@text.escapeCsvValue('a,"b"')`, want: `"\"a,\"\"b\"\"\""`,
		},
		{
			name: "@text.uuid", params: "", changing: true, run: uuid,
			summary: "a new random UUID", example: `@text.uuid().length()`, want: `36`,
		},
		{
			name: "@text.random", params: "size", least: 1, most: 1, changing: true, run: random,
			summary: "random letters and digits, fit for secrets", example: `@text.random(8).length()`, want: `8`,
		},
	}
}

func firstChar(f func(rune) rune) func(string) string {
	return func(s string) string {
		for i, r := range s {
			if i > 0 {
				return string(f([]rune(s[:i])[0])) + s[i:]
			}
			if len(s) == len(string(r)) {
				return string(f(r))
			}
		}
		return s
	}
}

func allEmpty(st *state, a []any) (any, error) {
	for i := range a {
		switch v := a[i].(type) {
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

func containsFold(st *state, a []any) (any, error) {
	s, err := textArg(st, a, 0)
	if err != nil {
		return nil, err
	}
	if err := st.grow(2 * len(s)); err != nil {
		return nil, err
	}
	s = strings.ToLower(s)
	for i := range a[1:] {
		needle, err := textArg(st, a, i+1)
		if err != nil {
			return nil, err
		}
		if err := st.grow(2*len(needle) + len(s)/8); err != nil {
			return nil, err
		}
		if strings.Contains(s, strings.ToLower(needle)) {
			return true, nil
		}
	}
	return false, nil
}

func indexOf(last bool) func(*state, []any) (any, error) {
	return func(st *state, a []any) (any, error) {
		s, needle, err := two(st, a)
		if err != nil {
			return nil, err
		}
		length := runeCount(s)
		offset := 0
		if last {
			offset = length
		}
		if len(a) > 2 {
			if offset, err = intArg(a, 2); err != nil {
				return nil, err
			}
			offset = min(max(offset, -1), length)
		}
		if last {
			if offset < 0 {
				return -1, nil
			}
			end := min(runeOffset(s, offset)+len(needle), len(s))
			i := strings.LastIndex(s[:end], needle)
			return runeIndex(s, i), nil
		}
		start := runeOffset(s, offset)
		i := strings.Index(s[start:], needle)
		if i < 0 {
			return -1, nil
		}
		return runeIndex(s, start+i), nil
	}
}

func runeIndex(s string, i int) int {
	if i < 0 {
		return -1
	}
	return runeCount(s[:i])
}

func shorten(st *state, a []any) (any, error) {
	s, err := textArg(st, a, 0)
	if err != nil {
		return nil, err
	}
	n, err := intArg(a, 1)
	if err != nil {
		return nil, err
	}
	if err := st.grow(len(s) + 3); err != nil {
		return nil, err
	}
	if end := runeOffset(s, n); end < len(s) {
		return s[:end] + "...", nil
	}
	return s, nil
}

func split(st *state, a []any) (any, error) {
	s, token, err := two(st, a)
	if err != nil {
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

func replaceAll(st *state, a []any) (any, error) {
	s, needle, err := two(st, a)
	if err != nil {
		return nil, err
	}
	with, err := textArg(st, a, 2)
	if err != nil || needle == "" {
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

func replaceCharAt(st *state, a []any) (any, error) {
	s, err := textArg(st, a, 0)
	if err != nil {
		return nil, err
	}
	at, err := intArg(a, 1)
	if err != nil {
		return nil, err
	}
	with, err := textArg(st, a, 2)
	if err != nil {
		return nil, err
	}
	if err := st.grow(len(s) + len(with)); err != nil {
		return nil, err
	}
	start := runeOffset(s, at)
	if at < 0 || start == len(s) {
		return nil, fault.New(fault.ExprEval, "the position lies outside the text")
	}
	return s[:start] + with + s[start+runeOffset(s[start:], 1):], nil
}

func findMatches(st *state, a []any) (any, error) {
	s, pattern, err := two(st, a)
	if err != nil {
		return nil, err
	}
	re, err := st.dynamicRegex(pattern, false)
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

func pad(left bool) func(*state, []any) (any, error) {
	return func(st *state, a []any) (any, error) {
		s, err := textArg(st, a, 0)
		if err != nil {
			return nil, err
		}
		size, err := intArg(a, 1)
		if err != nil {
			return nil, err
		}
		with := " "
		if len(a) > 2 {
			if with, err = textArg(st, a, 2); err != nil {
				return nil, err
			}
		}
		width := runeCount(with)
		missing := size - runeCount(s)
		if missing <= 0 || width == 0 {
			return s, st.scan(len(s))
		}
		fill, err := st.repeat(with, missing/width+1)
		if err != nil {
			return nil, err
		}
		fill = runeSlice(fill, 0, missing)
		if err := st.grow(len(s) + len(fill)); err != nil {
			return nil, err
		}
		if left {
			return fill + s, nil
		}
		return s + fill, nil
	}
}

func alphaNumeric(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

func escapeCSV(s string) string {
	if !strings.ContainsAny(s, ",;\"\r\n") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

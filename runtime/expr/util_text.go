package expr

import (
	"html"
	"slices"
	"strings"
	"unicode"
)

// textUtil is @text, in four parts.
func textUtil() []function {
	return slices.Concat(textForms(), textSearch(), textParts(), textMaking())
}

// onText makes a function of one text whose result is at most factor times as long.
func onText(factor int, f func(string) string) func(*state, args) (any, error) {
	return func(st *state, a args) (any, error) {
		s := a.text(0)
		if err := st.grow(factor * len(s)); err != nil {
			return nil, err
		}
		return f(s), nil
	}
}

// textForms write the same text in another form.
func textForms() []function {
	one := params{text("text")}
	return []function{
		{
			name: "@text.upperCase", params: one, run: onText(2, strings.ToUpper),
			summary: "the text in upper case",
			examples: []Example{
				gives(`@text.upperCase('abc')`, `"ABC"`), gives(`@text.upperCase(null)`, `""`),
				fails(`@text.upperCase([1])`, "text of @text.upperCase(text) is a list, not a text"),
			},
		},
		{
			name: "@text.lowerCase", params: one, run: onText(2, strings.ToLower),
			summary:  "the text in lower case",
			examples: []Example{gives(`@text.lowerCase('ABC')`, `"abc"`), gives(`@text.lowerCase(7)`, `"7"`)},
		},
		{
			name: "@text.firstCharUpper", params: one, run: onText(2, firstChar(unicode.ToUpper)),
			summary:  "the text with its first character in upper case",
			examples: []Example{gives(`@text.firstCharUpper('abc')`, `"Abc"`), gives(`@text.firstCharUpper('')`, `""`)},
		},
		{
			name: "@text.firstCharLower", params: one, run: onText(2, firstChar(unicode.ToLower)),
			summary:  "the text with its first character in lower case",
			examples: []Example{gives(`@text.firstCharLower('ABC')`, `"aBC"`), gives(`@text.firstCharLower('Ä')`, `"ä"`)},
		},
		{
			name: "@text.trim", params: one, run: onText(1, strings.TrimSpace),
			summary:  "the text without white space around it",
			examples: []Example{gives(`@text.trim(' a ')`, `"a"`), gives(`@text.trim('  ')`, `""`)},
		},
		{
			name: "@text.toAlphaNumeric", params: one, run: onText(1, alphaNumeric),
			summary:  "the letters and digits of the text",
			examples: []Example{gives(`@text.toAlphaNumeric('a-1 b!')`, `"a1b"`), gives(`@text.toAlphaNumeric('ä_?')`, `"ä"`)},
		},
		{
			name: "@text.toHtml", params: one,
			run:      onText(6, func(s string) string { return strings.ReplaceAll(html.EscapeString(s), "\n", "<br>") }),
			summary:  "the text for HTML: escaped, line breaks as <br>",
			examples: []Example{gives(`@text.toHtml('a < b')`, `"a &lt; b"`), gives(`@text.toHtml('"\n')`, `"&#34;<br>"`)},
		},
		{
			name: "@text.escapeCsvValue", params: params{readable("value")}, run: onText(3, escapeCSV),
			summary: "the value as one field of a CSV line, quoted when needed",
			examples: []Example{
				gives(`@text.escapeCsvValue('a,"b"')`, `"\"a,\"\"b\"\"\""`), gives(`@text.escapeCsvValue(1.5)`, `"1.5"`),
			},
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

package expr

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

func convertFunctions() []function {
	return []function{
		{
			name: "@convert.toBase64", params: "value", least: 1, most: 1, run: toBase64,
			summary: "the text of the value in base64", example: `@convert.toBase64('Hello')`, want: `"SGVsbG8="`,
		},
		{
			name: "@convert.fromBase64", params: "text", least: 1, most: 1, run: fromBase64,
			summary: "the text that base64 holds, in any of its alphabets; bytes that are not UTF-8 become U+FFFD",
			example: `@convert.fromBase64('SGVsbG8=')`, want: `"Hello"`,
		},
		{
			name: "@convert.toJson", params: "value", least: 1, most: 1, run: parsed("", ""),
			summary: "the value of a JSON text; any other value as it is", example: `@convert.toJson('{"a": 1}').a`, want: `1`,
		},
		{
			name: "@convert.toMap", params: "value", least: 1, most: 1, run: parsed("map", ""),
			summary: "a map from a JSON text or a map", example: `@convert.toMap('{"a": 1}')`, want: `{"a":1}`,
		},
		{
			name: "@convert.toMapOrList", params: "value", least: 1, most: 1, run: parsed("map", "list"),
			summary: "a map or list from a JSON text", example: `@convert.toMapOrList('[1]')`, want: `[1]`,
		},
		{
			name: "@convert.toInteger", params: "value", least: 1, most: 1, run: toInteger,
			summary: "a whole number; true is 1, false and '' are 0, null stays null", example: `@convert.toInteger('12')`, want: `12`,
		},
		{
			name: "@convert.toLong", params: "value", least: 1, most: 1, run: toInteger,
			summary: "the same as @convert.toInteger", example: `@convert.toLong(true)`, want: `1`,
		},
		{
			name: "@convert.toBoolean", params: "value", least: 1, most: 1, run: toBoolean,
			summary: "true for true, 'true' and numbers above 0; else false", example: `@convert.toBoolean('true')`, want: `true`,
		},
		{
			name: "@convert.toDecimal", params: "value, decimalSymbol", least: 1, most: 2, run: toDecimal,
			summary: "a number from a text; the symbol is '.', ',' or a language such as de",
			example: `@convert.toDecimal('1.234,5', ',')`, want: `1234.5`,
		},
		{
			name: "@convert.toDecimalString", params: "value, [pattern,] decimalSymbol", least: 2, most: 3, run: toDecimalString,
			summary: "a number as text, by a pattern of # 0 , and .", example: `@convert.toDecimalString(1234.5, '#,##0.00', 'de')`, want: `"1.234,50"`,
		},
		{
			name: "toJSON", params: "value", least: 1, most: 1, run: stringify,
			summary: "the value as JSON text", example: `toJSON({a: [1, null]})`, want: `"{\"a\":[1,null]}"`,
		},
		{
			name: "fromJSON", params: "text", least: 1, most: 1, run: load,
			summary: "the value of a JSON text", example: `fromJSON('[1]')`, want: `[1]`,
		},
	}
}

func toBase64(st *state, a []any) (any, error) {
	s, err := textArg(st, a, 0)
	if err != nil {
		return nil, err
	}
	if err := st.grow(3 * len(s)); err != nil {
		return nil, err
	}
	return base64.StdEncoding.EncodeToString([]byte(s)), nil
}

func fromBase64(st *state, a []any) (any, error) {
	s, ok := a[0].(string)
	if !ok && a[0] != nil {
		return nil, badArgument{0, "text", typeName(a[0])}
	}
	if err := st.grow(2 * len(s)); err != nil {
		return nil, err
	}
	encoding := base64.StdEncoding
	if strings.ContainsAny(s, "-_") {
		encoding = base64.URLEncoding
	}
	s = strings.TrimRight(strings.TrimSpace(s), "=")
	out, err := encoding.WithPadding(base64.NoPadding).DecodeString(s)
	if err != nil {
		return nil, fault.New(fault.ExprEval, "the text is not base64")
	}
	return strings.ToValidUTF8(string(out), "\uFFFD"), nil
}

// parsed reads JSON texts; with types given, the value has to be one of them.
func parsed(types ...string) func(*state, []any) (any, error) {
	return func(st *state, a []any) (v any, err error) {
		v = a[0]
		if _, ok := v.(string); ok {
			if v, err = load(st, a); err != nil {
				return nil, err
			}
		}
		if have := typeName(v); types[0] != "" && have != types[0] && have != types[1] {
			return nil, badArgument{0, strings.TrimSuffix(strings.Join(types, " or "), " or "), have}
		}
		return v, nil
	}
}

func load(st *state, a []any) (any, error) {
	s, ok := a[0].(string)
	if !ok {
		return nil, badArgument{0, "text", typeName(a[0])}
	}
	items := strings.Count(s, ",") + strings.Count(s, "[") + strings.Count(s, "{")
	if err := st.grow(2*len(s) + 96*items); err != nil { // a bound of what decoding allocates
		return nil, err
	}
	v, err := value.Decode([]byte(s))
	if err != nil {
		return nil, fault.Wrap(fault.ExprEval, err, "reading JSON")
	}
	return v, nil
}

func toInteger(st *state, a []any) (any, error) {
	switch a[0] {
	case nil:
		return nil, nil
	case "true":
		return 1, nil
	case "false":
		return 0, nil
	}
	return toWhole(st, a)
}

func toBoolean(_ *state, a []any) (any, error) {
	v := a[0]
	if s, ok := v.(string); ok {
		if strings.EqualFold(strings.TrimSpace(s), "true") {
			return true, nil
		}
		v, _ = parseNumber(strings.TrimSpace(s))
	}
	if b, ok := v.(bool); ok {
		return b, nil
	}
	f, _ := number(v)
	return f > 0, nil
}

// decimalSymbols gives the decimal and the grouping symbol.
func decimalSymbols(args []any, i int) (decimal, group string, err error) {
	s, ok := args[i].(string)
	if !ok {
		return "", "", badArgument{i, "text", typeName(args[i])}
	}
	language, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(s, "_", "-")), "-")
	switch {
	case s == "," || isOneOf(language, "de", "es", "it", "nl", "pt", "da", "id", "tr", "el"):
		return ",", ".", nil
	case isOneOf(language, "fr", "pl", "cs", "sv", "nb", "no", "fi", "ru", "uk", "sk", "hu", "bg"):
		return ",", "\u00a0", nil
	case s == "." || isOneOf(language, "en", "zh", "ja", "ko", "th", "he"):
		return ".", ",", nil
	}
	return "", "", fault.New(fault.ExprEval, "the decimal symbol is neither '.', ',' nor a known language")
}

func toDecimal(st *state, a []any) (any, error) {
	s, ok := a[0].(string)
	if !ok {
		return toNumber(st, a)
	}
	decimal, group := ".", ","
	if len(a) > 1 {
		var err error
		if decimal, group, err = decimalSymbols(a, 1); err != nil {
			return nil, err
		}
	}
	if err := st.grow(2 * len(s)); err != nil {
		return nil, err
	}
	s = strings.NewReplacer(group, "", " ", "", "\u00a0", "", decimal, ".").Replace(strings.TrimSpace(s))
	return parseNumber(s)
}

func toDecimalString(st *state, a []any) (any, error) {
	pattern, last := "#,##0.###", len(a)-1
	if len(a) == 3 {
		var err error
		if pattern, err = textArg(st, a, 1); err != nil {
			return nil, err
		}
	}
	decimal, group, err := decimalSymbols(a, last)
	if err != nil {
		return nil, err
	}
	v, err := toNumber(st, a)
	if err != nil {
		return nil, err
	}
	f, _ := number(v)
	const longest = 100
	if len(pattern) > longest || strings.Trim(pattern, "#0,.") != "" || strings.Count(pattern, ".") > 1 {
		return nil, fault.New(fault.ExprEval, "the number pattern is not made of # 0 , and .")
	}
	if err := st.grow(1024); err != nil {
		return nil, err
	}
	return formatDecimal(f, pattern, decimal, group), nil
}

func formatDecimal(f float64, pattern, decimal, group string) string {
	wholePart, fraction, _ := strings.Cut(pattern, ".")
	digits := strconv.FormatFloat(math.Abs(f), 'f', len(fraction), 64)
	integer, rest, _ := strings.Cut(digits, ".")
	for len(rest) > strings.Count(fraction, "0") && strings.HasSuffix(rest, "0") {
		rest = rest[:len(rest)-1]
	}
	integer = strings.TrimLeft(integer, "0")
	if least := strings.Count(wholePart, "0"); len(integer) < least {
		integer = strings.Repeat("0", least-len(integer)) + integer
	}
	if comma := strings.LastIndexByte(wholePart, ','); comma >= 0 && comma < len(wholePart)-1 {
		size := len(wholePart) - 1 - comma
		for at := len(integer) - size; at > 0; at -= size {
			integer = integer[:at] + group + integer[at:]
		}
	}
	if rest != "" {
		rest = decimal + rest
	}
	if f < 0 && strings.ContainsAny(integer+rest, "123456789") {
		integer = "-" + integer
	}
	return integer + rest
}

package expr

import (
	"encoding/base64"
	"strings"

	"github.com/penstock/penstock/runtime/value"
)

func convertUtil() []function {
	toNumberOf := params{anything("value")}
	return []function{
		{
			name: "@convert.toBase64", params: params{readable("value")}, run: toBase64,
			summary:  "the text of the value in base64",
			examples: []Example{gives(`@convert.toBase64('Hello')`, `"SGVsbG8="`), gives(`@convert.toBase64({a: 1})`, `"eyJhIjoxfQ=="`)},
		},
		{
			name: "@convert.fromBase64", params: params{exact("text")}, run: fromBase64,
			summary: "the text that base64 holds, in any of its alphabets; bytes that are not UTF-8 become U+FFFD",
			examples: []Example{
				gives(`@convert.fromBase64('SGVsbG8=')`, `"Hello"`), gives(`@convert.fromBase64(null)`, `""`),
				fails(`@convert.fromBase64('a b')`, "text of @convert.fromBase64(text) is not base64"),
			},
		},
		{
			name: "@convert.toJson", params: params{anything("value")}, run: parsed(),
			summary:  "the value of a JSON text; any other value as it is",
			examples: []Example{gives(`@convert.toJson('{"a": 1}').a`, `1`), gives(`@convert.toJson([1])`, `[1]`)},
		},
		{
			name: "@convert.toMap", params: params{anything("value")}, run: parsed("map"),
			summary:  "a map from a JSON text or a map",
			examples: []Example{gives(`@convert.toMap('{"a": 1}')`, `{"a":1}`), fails(`@convert.toMap('[1]')`, "holds a list, not a map")},
		},
		{
			name: "@convert.toMapOrList", params: params{anything("value")}, run: parsed("map", "list"),
			summary: "a map or list from a JSON text",
			examples: []Example{
				gives(`@convert.toMapOrList('[1]')`, `[1]`), fails(`@convert.toMapOrList(7)`, "is a number, not a map or list"),
			},
		},
		{
			name: "@convert.toXMLString", params: params{dict("map")}, run: toXMLString,
			summary: "a map with one name as XML: lists repeat their element, '@name' is an attribute, '#text' the text beside them",
			examples: []Example{
				gives(`@convert.toXMLString({order: {'@id': 7, item: ['pen', 'a & b']}})`, `"<order id=\"7\"><item>pen</item><item>a &amp; b</item></order>"`),
				fails(`@convert.toXMLString({a: 1, b: 2})`, "needs one name, that of the root element"),
			},
		},
		{
			name: "@convert.toInteger", params: toNumberOf, run: toInteger,
			summary: "a whole number; true is 1, false and '' are 0, null stays null, fractions are cut off",
			examples: []Example{
				gives(`@convert.toInteger('12')`, `12`), gives(`@convert.toInteger(null)`, `null`),
				fails(`@convert.toInteger('12 kg')`, "value of @convert.toInteger(value) is not a number"),
			},
		},
		{
			name: "@convert.toLong", params: toNumberOf, run: toInteger,
			summary:  "the same as @convert.toInteger",
			examples: []Example{gives(`@convert.toLong(true)`, `1`), gives(`@convert.toLong('')`, `0`)},
		},
		{
			name: "@convert.toBoolean", params: toNumberOf,
			run:      func(_ *state, a args) (any, error) { return toBoolean(a.any(0)), nil },
			summary:  "true for true, 'true' and numbers above 0; else false",
			examples: []Example{gives(`@convert.toBoolean('true')`, `true`), gives(`@convert.toBoolean(-1)`, `false`), gives(`@convert.toBoolean(null)`, `false`)},
		},
		{
			name: "@convert.toDecimal", params: params{anything("value"), exact("decimalSymbol").opt()},
			other: []params{{anything("value"), exact("pattern"), exact("decimalSymbol")}},
			run:   toDecimal,
			summary: "a number from a text; the symbol is '.', ',' or a language such as de, '.' unless given; " +
				"a pattern says only whether groups may be separated",
			examples: []Example{
				gives(`@convert.toDecimal('1.234,5', ',')`, `1234.5`), gives(`@convert.toDecimal('1,234.5')`, `1234.5`),
				gives(`@convert.toDecimal('1.234,50', '#,##0.00', 'de')`, `1234.5`),
				fails(`@convert.toDecimal('1.234,5', '0.0', 'de')`, "is not a number"),
				fails(`@convert.toDecimal('1', 'xx')`, "is neither '.', ',' nor a known language"),
			},
		},
		{
			name: "@convert.toDecimalString", params: params{anything("value"), exact("decimalSymbol")},
			other:   []params{{anything("value"), exact("pattern"), exact("decimalSymbol")}},
			run:     toDecimalString,
			summary: "a number as text, by a pattern such as #,##0.00",
			examples: []Example{
				gives(`@convert.toDecimalString(1234.5, '#,##0.00', 'de')`, `"1.234,50"`), gives(`@convert.toDecimalString(1234.5, '.')`, `"1,234.5"`),
				fails(`@convert.toDecimalString(1, 'x', '.')`, "is not made of # 0 , and ."),
			},
		},
	}
}

func toBase64(st *state, a args) (any, error) {
	s := a.text(0)
	if err := st.grow(3 * len(s)); err != nil {
		return nil, err
	}
	return base64.StdEncoding.EncodeToString([]byte(s)), nil
}

func fromBase64(st *state, a args) (any, error) {
	s := a.text(0)
	if err := st.grow(2 * len(s)); err != nil {
		return nil, err
	}
	out, err := decodeBase64(s)
	if err != nil {
		return nil, refuse(0, "is not base64")
	}
	return strings.ToValidUTF8(string(out), "\uFFFD"), nil
}

// decodeBase64 reads both alphabets, with and without padding.
func decodeBase64(s string) ([]byte, error) {
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		encoding = base64.RawURLEncoding
	}
	return encoding.DecodeString(strings.TrimRight(strings.TrimSpace(s), "="))
}

// parsed reads JSON texts; with types given, the value has to be one of them.
func parsed(types ...string) func(*state, args) (any, error) {
	return func(st *state, a args) (any, error) {
		v, says := a.any(0), "is a "
		if s, ok := v.(string); ok {
			var err error
			if v, err = load(st, s); err != nil {
				return nil, err
			}
			says = "holds a "
		}
		if len(types) > 0 && !isOneOf(typeName(v), types...) {
			return nil, refuse(0, says+typeName(v)+", not a "+strings.Join(types, " or "))
		}
		return v, nil
	}
}

// load reads the JSON text that is the first argument.
func load(st *state, s string) (any, error) {
	items := strings.Count(s, ",") + strings.Count(s, "[") + strings.Count(s, "{")
	if err := st.grow(2*len(s) + 96*items); err != nil { // a bound of what decoding allocates
		return nil, err
	}
	v, err := value.Decode([]byte(s))
	if err != nil {
		return nil, refuse(0, "is not JSON").with(err.Error())
	}
	return v, nil
}

func toInteger(_ *state, a args) (any, error) {
	switch a.any(0) {
	case nil:
		return nil, nil
	case "true":
		return 1, nil
	case "false":
		return 0, nil
	}
	return toWhole(a.any(0))
}

func toBoolean(v any) bool {
	if s, ok := v.(string); ok {
		if strings.EqualFold(strings.TrimSpace(s), "true") {
			return true
		}
		v, _ = parseNumber(strings.TrimSpace(s))
	}
	if b, ok := v.(bool); ok {
		return b
	}
	f, _ := numberOf(v)
	return f > 0
}

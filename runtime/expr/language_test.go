package expr_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

func language() *expr.Language {
	return expr.New(world(expr.Options{Now: func() time.Time { return time.Date(2026, 3, 9, 14, 5, 0, 0, time.UTC) }}))
}

func decode(t testing.TB, text string) any {
	t.Helper()
	v, err := value.Decode([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func sampleEnv(t testing.TB) expr.Env {
	return expr.Env{
		"body": decode(t, `{"a":{"b":7,"none":null},"name":"Ann","no":{"contains":"op"},"big":123456789012345678901234567890,
			"items":[{"name":"pen","price":2,"tags":["x"]},{"name":"cup","price":9.5},{"name":"bag","price":40}],
			"payload":{"origin":"SGVsbG8="},"first name":"A","empty":"","list":[1,2,3]}`),
		"vars":    decode(t, `{"n":1,"k":"b","loop":{"index":0}}`),
		"headers": decode(t, `{"content-type":"text/plain"}`),
	}
}

func eval(t testing.TB, src string, env expr.Env) (any, error) {
	t.Helper()
	p, err := language().Compile(src)
	if err != nil {
		return nil, err
	}
	return p.Eval(t.Context(), env)
}

func TestEval(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		// reading
		`body.a.b`: `7`, `body.missing`: `null`, `body['first name']`: `"A"`, `body["a"].b`: `7`, `body.a[vars.k]`: `7`,
		`event`: `null`, `body.a.none?.deep.deeper`: `null`, `body.x?.y.z.w`: `null`, `body.x?.size()`: `null`,
		`body.x?.list[0].name`: `null`, `body.items[0].name`: `"pen"`, `body.items[-1].name`: `"bag"`,
		`body.items[0]?.name`: `"pen"`, `body.list[1:]`: `[2,3]`, `body.list[:1]`: `[1]`, `body.list[1:2]`: `[2]`,
		`'abcd'[1:3]`: `"bc"`, `body.list[9:]`: `[]`, `headers['content-type']`: `"text/plain"`, `body.no.contains`: `"op"`,
		`vars.loop.index`: `0`, `body.big`: `123456789012345678901234567890`,
		// literals
		`null`: `null`, `nil`: `null`, `true`: `true`, `1.5`: `1.5`, `0x10`: `16`, `'it\'s'`: `"it's"`, `"a}b"`: `"a}b"`,
		"`raw`": `"raw"`, `[1, 'a']`: `[1,"a"]`, `{1, 2}`: `[1,2]`, `{}`: `[]`, `{:}`: `{}`, `{a: 'x', b: 1}`: `{"a":"x","b":1}`,
		`{{1, 2}, {3}}`: `[[1,2],[3]]`, `{a: {1, 2}}`: `{"a":[1,2]}`, `{body.a.b, 2}`: `[7,2]`, `{'a b': 1}`: `{"a b":1}`,
		`{(vars.k): 1}`: `{"b":1}`, `{vars.n == 1 ? 'y' : 'n'}`: `["y"]`, `{1: 'one'}`: `{"1":"one"}`, `{'ä', 'ö'}`: `["ä","ö"]`,
		// numbers
		`1 + 2 * 3`: `7`, `7 / 2`: `3.5`, `6 / 2`: `3`, `7 % 4`: `3`, `7.5 % 2`: `1.5`, `2 ** 10`: `1024`, `2 ** -1`: `0.5`,
		`-vars.n`: `-1`, `+3`: `3`, `1 == 1.0`: `true`, `0.5 + 0.5`: `1`, `body.big == body.big`: `true`, `body.big > 5`: `true`,
		`9223372036854775806 + 1`: `9223372036854775807`, `-7 / 2`: `-3.5`, `2 ^ 3`: `8`, `2 ** 3 ** 0`: `2`,
		// texts
		`'a' + 'b'`: `"ab"`, `'n: ' + 5`: `"n: 5"`, `1 + 'x'`: `"1x"`, `'a' + null`: `"a"`, `'x' + [1]`: `"x[1]"`, `'a' < 'b'`: `true`,
		`body.name matches 'A.*'`: `true`, `body.name matches 'A'`: `false`, `body.name not matches 'B'`: `true`, `null matches 'a'`: `false`,
		`'abc' contains 'b'`: `true`, `body.name startsWith 'A'`: `true`, `body.name endsWith 'n'`: `true`, `'b' in 'abc'`: `true`,
		`body.name.startsWith('A')`: `true`, `body.name.contains('n')`: `true`, `body.name.length()`: `3`, `body.list.size()`: `3`,
		`body.list.contains(2)`: `true`, `'abc'.matches('[a-c]+')`: `true`, `body.items.get(0).price`: `2`, `body.name.toUpperCase().toLowerCase()`: `"ann"`,
		`body.a.containsKey('b')`: `true`, `body.a.keySet()`: `["b","none"]`, `'a,b'.split(',')`: `["a","b"]`,
		// logic
		`true and not false`: `true`, `body.missing or true`: `true`, `not body.missing`: `true`, `1 > 2 || 2 > 1`: `true`,
		`!(1 == 2) && 'a' != 'b'`: `true`, `vars.n > 0 ? 'y' : 'n'`: `"y"`, `body.empty ?: 'default'`: `"default"`, `body.name ?: 'x'`: `"Ann"`,
		`body.missing ?? 'd'`: `"d"`, `false ?? 'd'`: `false`, `1 in [1, 2]`: `true`, `4 not in [1, 2]`: `true`, `'a' in body`: `true`,
		`[1, {a: 2}] == [1, {a: 2.0}]`: `true`, `'1' == 1`: `false`, `null == false`: `false`, `if vars.n == 1 {'one'} else {'more'}`: `"one"`,
		`false and body.missing.deep`: `false`, `true or body.missing.deep`: `true`,
		// lists
		`filter(body.items, .price > 5).size()`: `2`, `body.items | filter(.price > 5) | map(.name)`: `["cup","bag"]`,
		`filter(body.items, {#.price < 5})[0].name`: `"pen"`, `body.items | map(({n: .name})) | first()`: `{"n":"pen"}`,
		`map(body.list, # * 2)`: `[2,4,6]`, `map(body.list, #index)`: `[0,1,2]`, `map(body.list, #this + 1)`: `[2,3,4]`,
		`all(body.list, # > 0)`: `true`, `any(body.list, # > 2)`: `true`, `none(body.list, # > 3)`: `true`, `one(body.list, # == 2)`: `true`,
		`count(body.list, # > 1)`: `2`, `count([true, false, true])`: `2`, `sum(body.items, .price)`: `51.5`, `sum(body.list)`: `6`,
		`find(body.items, .price > 5).name`: `"cup"`, `findIndex(body.list, # == 9)`: `null`, `findLast(body.list, # < 3)`: `2`,
		`findLastIndex(body.list, # < 3)`: `1`, `find(body.list, # > 9)`: `null`, `all([], false)`: `true`,
		`groupBy(body.list, # % 2 == 0)`: `{"false":[1,3],"true":[2]}`, `sortBy(body.items, .price, 'desc')[0].name`: `"bag"`,
		`sortBy(body.items, .name) | map(.name)`: `["bag","cup","pen"]`, `reduce(body.list, #acc + #, 10)`: `16`, `reduce(body.list, #acc * #)`: `6`,
		`map(body.items, map(.tags ?? [], #))`: `[["x"],[],[]]`, `1..3`: `[1,2,3]`, `3..1`: `[]`,
		`map([1, 2], {let x = #; map([10], # + x)[0]})`: `[11,12]`,
		`let x = body.a.b; x + x`:                       `14`, `let x = 1; let y = x + 1; y * 10`: `20`,
		// utils
		`@convert.fromBase64(body.payload.origin)`: `"Hello"`, `@text.upperCase(@convert.fromBase64('SGVsbG8='))`: `"HELLO"`,
		`@convert.fromBase64('w6TDvA')`: `"äü"`, `@convert.fromBase64('_-8=')`: "\"\ufffd\"", `@convert.fromBase64(null)`: `""`,
		`@convert.toInteger(null)`: `null`, `@convert.toInteger('')`: `0`, `@convert.toInteger('12.7')`: `12`, `@convert.toBoolean(-1)`: `false`,
		`@convert.toDecimal('1,5', 'de')`: `1.5`, `@convert.toDecimalString(-0.001, '0.00', '.')`: `"0.00"`, `@convert.toDecimalString(1234567.891, ',')`: `"1.234.567,891"`,
		`@text.substring('äöü', 1)`: `"öü"`, `@text.lastIndexOf('äbäb', 'ä', 1)`: `0`, `@text.indexOf('äbäb', 'ä', 1)`: `2`, `@text.split('äö', '')`: `["ä","ö"]`,
		`@text.format('%-4s|%4s|%x|%%|%n', 'ä', 'b', 255)`: `"ä   |   b|ff|%|\n"`, `@text.format('%.2s', 'äöü')`: `"äö"`,
		`@text.leftPad('abc', 2)`: `"abc"`, `@text.shorten('äöü', 3)`: `"äöü"`, `@text.isEmpty(body.missing)`: `true`,
		`@json.path(body, '$.items[*].name')`: `["pen","cup","bag"]`, `@json.path(body, "$['first name']")`: `"A"`, `@json.path(body, '$.nope.x')`: `null`,
		`@json.path('{"a":[1,2]}', '$.a[-1]')`: `2`,
		`@date.now()`:                          `"2026-03-09T14:05:00.000Z"`, `@date.now('dd.MM.YYYY')`: `"09.03.2026"`, `@date.now('Europe/Berlin', 'de')`: `"2026-03-09T15:05:00.000+01:00"`,
		`@date.format('09.03.2026 2:05 PM', 'dd.MM.yyyy h:mm a', "yyyy-MM-dd'T'HH:mm:ssXXX")`: `"2026-03-09T14:05:00Z"`,
		`@date.format('20260309', 'yyyyMMdd', 'EEEE, d MMMM yyyy')`:                           `"Monday, 9 March 2026"`, `@date.format(0, "yyyy-MM-dd HH:mm:ss.SSS Z")`: `"1970-01-01 00:00:00.000 +0000"`,
		`@date.format('2026-03-09T23:00:00-05:00', 'D k hh EE X')`: `"68 23 11 Mon -05"`, `@date.beginOfWeek(1, 0)`: `1773014400000`, `@date.beginOfDay(0)`: `1773014400000`,
		`@date.guessAndFormat('March 9, 2026', 'yyyy-MM-dd')`: `"2026-03-09"`, `@date.isOverdue('2026-03-09T14:00:00Z')`: `true`,
		`@hash.sha256Concat('-', ['a', 'b']) == @hash.sha256('a-b')`: `true`,
		`@calc.sum(body.items.![price])`:                             `51.5`, `@calc.sum([0.1, 0.7, 0.2])`: `1`, `@calc.sum([body.big, 1])`: `123456789012345678901234567891`,
		`@calc.avg([1, 2])`: `1.5`, `@calc.round(0.125, 2, 'half_even')`: `0.12`, `@calc.round(1.005, 2)`: `1.01`, `@calc.round(-1.5, 0, 'CEILING')`: `-1`,
		`@calc.round(-1.5, 0, 'FLOOR')`: `-2`, `@calc.round(2.5, 0, 'HALF_DOWN')`: `2`, `@calc.round(1e300, 2) > 9e299`: `true`, `@calc.sum([1e308, 1e-308]) > 9e307`: `true`,
		`@calc.roundUp(5, 2)`: `5`, `@calc.round(9223372036854775807, -1)`: `9223372036854775810`, `@calc.round(null ?? 2.4)`: `2`,
		`@data.set(body, 'a.c.d', 1).a`: `{"b":7,"c":{"d":1},"none":null}`, `@data.set(null, 'a', 1)`: `{"a":1}`, `@data.has(body, 'items.2.price')`: `true`,
		`@data.has(body.items, '3')`: `false`, `@data.has(null, 'a.b')`: `false`, `@data.select(body, 'items.0.name')`: `"pen"`, `@data.set([[1]], '0.1', 2)`: `[[1,2]]`,
		`@list.sublist(body.list, ':-1')`: `[1,2]`, `@list.contains(body.list, [7, 3])`: `true`, `@path.join('a', '..', '/b//')`: `"a/../b/"`,
		`@convert.toXMLString({a: null})`: `"<a/>"`, `@convert.toXMLString({'s:a': {'@b': '"<', c: [1, {d: 2}], '#text': 'x'}})`: `"<s:a b=\"&quot;&lt;\">x<c>1</c><c><d>2</d></c></s:a>"`,
		`@content.from([1], 'x').contentType`: `"application/json"`, `@content.from('a', 'text/html; charset=UTF-8', '', 'a.bin').contentType`: `"text/html; charset=UTF-8"`,
		// comments and spelling
		"1 /* } */ + 1": `2`, "1 + // }\n 1": `2`, `len({'a', 'b'})`: `2`, `get(body, 'items.0.price')`: `2`, `get(body, 'items.9.price')`: `null`,
		`unique([1, 1.0, '1'])`: `[1,"1"]`, `max(body.list)`: `3`, `round(2.5)`: `3`, `abs(-2.5)`: `2.5`, `merge(body.a, {b: 1})`: `{"b":1,"none":null}`,
	}
	env := sampleEnv(t)
	before, err := value.AppendJSON(nil, map[string]any(env))
	if err != nil {
		t.Fatal(err)
	}
	for src, want := range cases {
		got, err := eval(t, src, env)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		text, err := value.AppendJSON(nil, got)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if diff := cmp.Diff(decode(t, want), decode(t, string(text))); diff != "" {
			t.Errorf("%s:\n%s", src, diff)
		}
	}
	if after, _ := value.AppendJSON(nil, map[string]any(env)); string(after) != string(before) {
		t.Error("an expression changed its environment")
	}
}

// position gives line:column of err.
func position(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return ""
	}
	return fmt.Sprintf("%d:%d", f.Pos.Line, f.Pos.Column)
}

func TestKeepsTypes(t *testing.T) {
	t.Parallel()
	env := sampleEnv(t)
	for src, want := range map[string]any{
		`6 / 2`: 3, `1.0`: 1.0, `body.a.b`: 7, `body.big`: json.Number("123456789012345678901234567890"), `2 * 1.5`: 3.0,
	} {
		got, err := eval(t, src, env)
		if err != nil {
			t.Errorf("%s: %v", src, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", src, diff)
		}
	}
}

func TestContextEndsEvaluation(t *testing.T) {
	t.Parallel()
	p, err := language().Compile(`all(1..50000, len(string(#)) > 0)`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Eval(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	ctx, cancel = context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	if _, err := p.Eval(ctx, nil); !errors.Is(err, context.DeadlineExceeded) || fault.CodeOf(err) != fault.ExprLimit {
		t.Errorf("out of time: %v", err)
	}
}

func TestManyGoroutinesShareAProgram(t *testing.T) {
	t.Parallel()
	l := language()
	p, err := l.Compile(`let f = body.n; map(body.list, # + f) | filter(# > f) | map(@text.leftPad(string(#), 4, '0'))`)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for g := range 8 {
		go func() {
			var failed error
			for range 200 {
				got, err := p.Eval(context.Background(), expr.Env{"body": map[string]any{"n": g, "list": []any{0, 1, 2}}})
				want := []any{pad4(g + 1), pad4(g + 2)}
				if err != nil || !cmp.Equal(got, any(want)) {
					failed = errors.Join(err, errors.New(cmp.Diff(any(want), got)))
				}
			}
			done <- failed
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func pad4(n int) string { return "000" + string(rune('0'+n)) }

func TestTruthyAndText(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		v      any
		truthy bool
		text   string
	}{
		"null": {nil, false, ""}, "false": {false, false, "false"}, "true": {true, true, "true"},
		"zero": {0, true, "0"}, "negative": {-1, false, "-1"}, "negative fraction": {-0.5, false, "-0.5"}, "fraction": {1.5, true, "1.5"},
		"whole float": {3.0, true, "3"}, "empty": {"", false, ""}, "text": {"false", true, "false"},
		"list": {[]any{1, "a"}, true, `[1,"a"]`}, "empty list": {[]any{}, true, "[]"}, "map": {map[string]any{"b": 1, "a": nil}, true, `{"a":null,"b":1}`},
		"big": {json.Number("-99999999999999999999"), false, "-99999999999999999999"},
	}
	for name, c := range cases {
		if got := expr.Truthy(c.v); got != c.truthy {
			t.Errorf("%s: Truthy = %v", name, got)
		}
		if got := expr.Text(c.v); got != c.text {
			t.Errorf("%s: Text = %q", name, got)
		}
	}
}

func TestFurtherNames(t *testing.T) {
	t.Parallel()
	l := expr.New(expr.Options{Names: []string{"args"}})
	p, err := l.Compile("args.to + body")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := p.Eval(t.Context(), expr.Env{"args": map[string]any{"to": "a"}, "body": "b"}); v != "ab" || err != nil {
		t.Errorf("it gives %v, %v", v, err)
	}
	if _, err := expr.New(expr.Options{}).Compile("args.to"); fault.CodeOf(err) != fault.ExprSyntax {
		t.Errorf("other languages do not have the name: %v", err)
	}
	if _, err := l.Compile("let args = 1; args"); fault.CodeOf(err) != fault.ExprSyntax {
		t.Errorf("the name can be taken: %v", err)
	}
}

package expr_test

import (
	"strings"
	"testing"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

func TestCompileErrors(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ src, pos, message string }{
		"unknown root":        {`bdy.a`, "1:1", `unknown name "bdy"; did you mean "body"?`},
		"second line":         {"1 +\n  bdy", "2:3", `"bdy"`},
		"behind umlauts":      {`'äöü' + bdy`, "1:9", `"bdy"`},
		"unknown util":        {`@convrt.toBase64(1)`, "1:", `unknown util "@convrt"; did you mean "@convert"?`},
		"no util":             {`@groovyshell.run(1)`, "1:1", `there are @calc, @content, @convert,`},
		"another util":        {`@text.sha256('a')`, "1:1", `unknown function "@text.sha256"; did you mean "@hash.sha256"?`},
		"few functions":       {`@path.directory('a')`, "1:1", `it has basename, extension, join`},
		"util without @":      {`upperCase('a')`, "1:1", `unknown function "upperCase"; write @text.upperCase(...)`},
		"util as method":      {`body.a.upperCase()`, "1:8", `write @text.upperCase(...)`},
		"function as method":  {`body.a.abs()`, "1:8", `unknown function ".abs"; write abs(...)`},
		"predicate as method": {`body.list.filter(1)`, "1:11", `write filter(list, ...)`},
		"left out util":       {`@script.groovy('1')`, "1:1", `there is no @script.groovy here; write a plugin`},
		"left out function":   {`@text.lang('a')`, "1:1", `there is no @text.lang here; a language cannot be guessed`},
		"changing method":     {`body.list.add(1)`, "1:11", `values never change; write @list.add(list, item)`},
		"unknown util name":   {`@convert.fromBase46(1)`, "1:", `did you mean "@convert.fromBase64"?`},
		"unknown function":    {`lenn(1)`, "1:1", `did you mean "len"?`},
		"unknown predicate":   {`filer([1], 1)`, "1:1", `did you mean "filter"?`},
		"unknown method":      {`body.sizee()`, "1:", `unknown function ".sizee"; did you mean ".size"?`},
		"builtin not offered": {`now()`, "1:1", `unknown function "now"`},
		"date object":         {`date('2026-01-01')`, "1:1", "unknown function"},
		"env":                 {`$env`, "1:1", `unexpected "$"`},
		"env in index":        {`body[$env]`, "1:6", `unexpected "$"`},
		"template in itself":  {`${body}`, "1:1", `unexpected "$"`},
		"function as value":   {`len`, "1:1", "len is a function; call it"},
		"util as value":       {`@text`, "1:1", "@text is not a value"},
		"lonely at":           {`1 @ 2`, "1:3", `unexpected "@"`},
		"too many arguments":  {`len(1, 2)`, "1:1", "len takes 1 argument, found 2; write len(value)"},
		"too few arguments":   {`@text.split('a')`, "1:", "@text.split takes 2 arguments, found 1; write @text.split(text, token)"},
		"empty":               {` `, "1:1", "empty"},
		"ends early":          {`1 +`, "1:", "ends too early"},
		"extra":               {`1 2`, "1:3", `unexpected "2"`},
		"unbalanced":          {`(1`, "1:", "ends too early"},
		"wrong bracket":       {`(1]`, "1:3", `unexpected "]"`},
		"assignment":          {`vars.x = 1`, "1:8", `to set a variable use output: or var.set`},
		"two forms":           {`@convert.toDecimalString(1)`, "1:1", "takes 2 arguments or 3 arguments, found 1; write @convert.toDecimalString(value, decimalSymbol) or @"},
		"selection of none":   {`body.list.?[]`, "1:11", ".?[...] needs one expression; write for example list.?[price > 10]"},
		"selection of two":    {`body.list.![a, b]`, "1:11", ".![...] needs one expression"},
		"open selection":      {`body.list.?[a`, "1:", "ends too early"},
		"cut selection":       {`body.list.?[a >]`, "1:16", `unexpected "]"`},
		"selection and )":     {`body.list.?[a)`, "1:14", `unexpected ")"`},
		"dot in selection":    {`body.list.?[.a > 1]`, "1:13", "a field of the item stands alone: price"},
		"first of selection":  {`body.list.^[a]`, "1:10", "write find(list, .price > 10)"},
		"last of selection":   {`body.list.$[a]`, "1:10", "write findLast(list, .price > 10)"},
		"mark":                {`body.ʔ(1)`, "1:6", `unexpected "ʔ"; write it in quotes`},
		"marked pointer":      {`map([1], ʘthis)`, "1:10", `unexpected "ʘ"`},
		"outer item":          {`body.list.![map(tags, name)]`, "1:23", `unknown name "name"`},
		"glued pointer":       {`body#a`, "1:5", `unexpected "#"`},
		"glued util":          {`body@a.b`, "1:5", `unexpected "@"`},
		"pointer as field":    {`body.#this`, "1:6", `unexpected "#"; write the name in quotes`},
		"util as field":       {`body.@text`, "1:6", `unexpected "@"`},
		"pointer as key":      {`{#this: 1}`, "1:2", `unexpected "#"`},
		"pointer as variable": {`let #x = 1; #x`, "1:5", `the name "#x" cannot be given`},
		"util as function":    {`@text('x')`, "1:1", "@text is not a function; a util is written @name.function(...)"},
		"root":                {`map([1], #root)`, "1:10", "#root is not a value; write #root.body, or only body"},
		"root outside":        {`#root + 1`, "1:1", "#root is not a value"},
		"root without name":   {`body.list.?[#root.bdy]`, "1:19", "#root has no such name; it has body, vars,"},
		"word for ==":         {`1 eq 1`, "1:3", `unexpected "eq"; write ==`},
		"word for /":          {`4 div 2`, "1:3", `unexpected "div"; write /`},
		"instanceof":          {`body.a instanceof T(String)`, "1:8", "write type(value) == 'text'"},
		"unknown pointer":     {`map([1], #idx)`, "1:10", `unknown name "#idx"`},
		"pointer outside":     {`# + 1`, "1:1", `unexpected "#"`},
		"chained comparison":  {`1 < 2 < 3`, "1:", "comparisons cannot be chained; write a < b and b < c"},
		"open text":           {`'abc`, "1:", "no closing quote"},
		"doubled quote":       {`'it''s'`, "1:5", `\'`},
		"bytes":               {`b'abc'`, "1:1", "bytes are not supported"},
		"sequence":            {`1; 2`, "1:", `unexpected ";"`},
		"taken name":          {`let body = 1; body`, "1:5", `the name "body" is taken`},
		"bad pattern":         {`body.a matches '('`, "1:16", "not a regular expression"},
		"calling a value":     {`body['a']('x')`, "1:", "unexpected"},
		"calling a call":      {`len('a')('x')`, "1:", "unexpected"},
		"bad escape":          {`'\q'`, "1:", "invalid char escape"},
	}
	for name, c := range cases {
		_, err := language().Compile(c.src)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if code := fault.CodeOf(err); code != fault.ExprSyntax {
			t.Errorf("%s: code %s", name, code)
		}
		if !strings.HasPrefix(position(err), c.pos) || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: got  %s\nwant %s… %s", name, err, c.pos, c.message)
		}
	}
}

func TestEvalErrors(t *testing.T) {
	t.Parallel()
	const canary = "C4NARY"
	env := expr.Env{
		"body": map[string]any{"s": canary, "n": nil, "list": []any{canary}, "m": map[string]any{canary: canary}, "i": 4711, "zero": 0},
		"vars": map[string]any{"p": "(" + canary},
	}
	cases := map[string]string{
		`body.n.x`:                          `body.n is null, so body.n.x cannot be read; write body.n?.x if it may be missing`,
		`body.q.x.y`:                        `body.q is null, so body.q.x cannot be read`,
		`event.key`:                         `event is null, so event.key cannot be read; write event?.key`,
		`body.s.x`:                          `body.s is a text, so body.s.x cannot be read`,
		`body.n['x']`:                       `body.n is null`,
		`body.n[0]`:                         `body.n is null, so body.n[0] cannot be read; write body.n?.[0] if it may be missing`,
		`body.n.size()`:                     `body.n is null, so body.n.size() cannot be read; write body.n?.size() if it may be missing`,
		`body.m.x.y`:                        `body.m.x is null`,
		`(body.m).x.y`:                      `body.m.x is null`,
		`body.list[3]`:                      `the list body.list has 1 items`,
		`body.list[body.s]`:                 `an index of the list body.list is a text`,
		`body.list['x']`:                    `body.list is a list, so body.list.x cannot be read`,
		`body.list.x`:                       `body.list is a list, so body.list.x cannot be read`,
		`1 / body.zero`:                     `division by zero`,
		`1 % body.zero`:                     `division by zero`,
		`1.5 / 0.0`:                         `division by zero`,
		`body.i - body.s`:                   `- needs numbers, found a text; convert it with @convert.toDecimal`,
		`body.i + body.n`:                   `+ needs numbers, found a null; write (x ?? 0)`,
		`body.s < 1`:                        `a text and a number cannot be compared`,
		`body.s ? 1 : 2`:                    `needs true or false, found a text`,
		`body.s and true`:                   `and needs true or false`,
		`not body.i`:                        `not needs true or false, found a number`,
		`filter(body.s, true)`:              `filter needs a list, found a text`,
		`map(body.m, #)`:                    `write values(x) or keys(x)`,
		`map(body.n, #)`:                    `write (x ?? []) if it may be missing`,
		`filter(body.list, #)`:              `the predicate of filter gives a text`,
		`sum(body.list)`:                    `+ needs numbers, found a text`,
		`sort([1, body.s])`:                 `cannot be compared`,
		`body.s matches vars.p`:             `the pattern is not a regular expression`,
		`9223372036854775807 + body.i`:      `not a number in range`,
		`-9223372036854775807 - body.i`:     `not a number in range`,
		`9223372036854775807 * body.i`:      `not a number in range`,
		`2.0 ** 5000.5 + body.i`:            `not a number in range`,
		`body.i ** 5000`:                    `not a number in range`,
		`fromJSON(body.s)`:                  `text of fromJSON(text) is not JSON; not valid JSON`,
		`@convert.fromBase64(body.s + '!')`: `not base64`,
		`@convert.fromBase64(body.list)`:    `text of @convert.fromBase64(text) is a list, not a text; write toJSON(...)`,
		`@text.substring(body.s, body.s)`:   `not a whole number`,
		`@text.leftPad(body.s, body.s)`:     `size of @text.leftPad(text, size, [pad]) is a text, not a whole number; convert it with @convert.toInteger(...)`,
		`body.i.size()`:                     `the value in front of .size() is a number, not a text, list or map`,
		`int(body.s)`:                       `value of int(value) is not a number`,
		`@date.format(body.s, 'yyyy')`:      `date of @date.format(date, pattern) is not in ISO 8601`,
		`@date.format(0, body.s)`:           `pattern of @date.format(date, pattern) has an unknown letter`,
		`@text.format('%d', body.s)`:        `values of @text.format(pattern, [values...]) is a text, not a whole number`,
		`@text.format('%s %s', body.s)`:     `pattern of @text.format(pattern, [values...]) asks for more values than were given`,
		`@json.path(body, body.s)`:          `query of @json.path(json, query) cannot be read as a JSONPath`,
		`reduce([], # + #acc)`:              `empty list`,
		`{(body.list): 1}`:                  `a name of a map is a list`,
		`body.list.get(body.i)`:             `name or index of .get(name or index) lies outside the list of 1 items`,
		`body.list.get(body.s)`:             `is a text, not a whole number`,
		`body.i.get(body.s)`:                `the value in front of .get() is a number, not a list or map`,
		`'a'.repeat(@calc.sum([9223372036854775807, body.i]))`: `times of .repeat(times) is too large a number`,
		`body.i..body.s`:                             `.. needs whole numbers`,
		`body.s.?[x > 1]`:                            `.?[...] needs a list, found a text`,
		`body.n.?[x > 1]`:                            `body.n is null, so body.n.?[...] cannot be read; write body.n?.?[...] if it may be missing`,
		`body.list.?[x > 1]`:                         `#this is a text, so #this.x cannot be read`,
		`body.list.?[#this]`:                         `the predicate of .?[...] gives a text, not true or false`,
		`body.list.![x.y]`:                           `#this is a text`,
		`[body.m].![x.y]`:                            `x is null, so x.y cannot be read; write x?.y`,
		`@text.upperCase(body.m)`:                    `text of @text.upperCase(text) is a map, not a text; write toJSON(...) for its JSON text`,
		`body.i.substring(body.s)`:                   `begin of .substring(begin, [end]) is a text, not a whole number`,
		`@calc.round(body.i, 0, body.s)`:             `mode of @calc.round(value, [scale], [mode]) is none of UP, DOWN,`,
		`@calc.sum([body.s])`:                        `list of @calc.sum(list) holds a text, not only numbers`,
		`keys(body.list)`:                            `map of keys(map) is a list, not a map`,
		`first(body.m)`:                              `list of first(list) is a map, not a list; write values(...) or keys(...)`,
		`abs(body.n)`:                                `number of abs(number) is a null, not a number; write (x ?? 0) if it may be missing`,
		`@text.leftPad('a', 1.5 + body.i)`:           `is a number, not a whole number; round it with round(...)`,
		`@xml.xpath(body.s, '/a')`:                   `document of @xml.xpath(document, xpath) is not XML`,
		`@convert.toXMLString({a: {'b c': body.s}})`: `has a name that no XML element can have`,
	}
	for src, want := range cases {
		_, err := eval(t, src, env)
		if err == nil {
			t.Errorf("%s: accepted", src)
			continue
		}
		if code := fault.CodeOf(err); code != fault.ExprEval {
			t.Errorf("%s: code %s (%v)", src, code, err)
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %s\nwant %s", src, err, want)
		}
		if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "4711") {
			t.Errorf("%s: the error shows a value: %s", src, err)
		}
		if !strings.HasPrefix(position(err), "1:") {
			t.Errorf("%s: the error has no position: %s", src, err)
		}
	}
}

// TestLiteralArguments: what is wrong with a literal is known when the expression is compiled.
func TestLiteralArguments(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`body.a + len(1)`:                             "1:14: value of len(value) is a number, not a text, list or map",
		`@text.leftPad(body.a, 'x')`:                  "1:23: size of @text.leftPad(text, size, [pad]) is a text, not a whole number",
		`'ä'.substring('x')`:                          "1:15: begin of .substring(begin, [end]) is a text",
		`sort(body.a, 'dsec')`:                        `1:14: order of sort(list, [order]) is none of asc, desc; did you mean "desc"?`,
		`@date.format(body.a, 'dd.MM.yyyy', [1])`:     "1:36: pattern of @date.format(date, inputPattern, pattern) is a list",
		`map(body.a, @text.split(#, {1}))`:            "1:28: token of @text.split(text, token) is a list",
		`fromJSON('{')`:                               "1:10: text of fromJSON(text) is not JSON",
		`true ? 1 : @convert.fromBase64('?')`:         "1:32: text of @convert.fromBase64(text) is not base64",
		`body.a.?[@text.leftPad(name, '3') == '  7']`: "1:30: size of @text.leftPad(text, size, [pad]) is a text",
	} {
		_, err := language().Compile(src)
		if fault.CodeOf(err) != fault.ExprType || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", src, err, want)
		}
	}
}

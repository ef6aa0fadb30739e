package expr_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// shared is a value whose JSON text is 2^levels times larger than it is in memory.
func shared(levels int) any {
	var v any = "x"
	for range levels {
		v = []any{v, v}
	}
	return v
}

func hostileEnv() expr.Env {
	thousand := make([]any, 1000)
	for i := range thousand {
		thousand[i] = i
	}
	many := make([]any, 100_000)
	for i := range many {
		many[i] = strings.Repeat("k", 8) + fmt.Sprint(i%7)
	}
	wide := map[string]any{}
	for i := range 50_000 {
		wide[fmt.Sprint("name", i)] = i
	}
	big := strings.Repeat("a", 4<<20)
	return expr.Env{"body": map[string]any{
		"thousand": thousand, "many": many, "wide": wide, "big": big, "twin": strings.Repeat("a", 4<<20-1) + "b",
		"mb": big[:1<<20], "k900": big[:900<<10], "k30": big[:30<<10] + "!", "k9": big[:9000], "pattern": "(a+)+$",
		"shared": shared(40), "deep": "[" + strings.Repeat("[", 100_000), "commas": "[1" + strings.Repeat(",1", 1<<20) + "]",
		"maps": "[{}" + strings.Repeat(",{}", 700_000) + "]", "digits": strings.Repeat("9", 1<<20), "tags": strings.Repeat("<a>", 10_000), "doc": "<a>" + strings.Repeat("<b><c>x</c><c>y</c></b>", 300) + "</a>", "dot": "$" + strings.Repeat("[*]", 300),
	}}
}

// hostile are expressions that are dear to evaluate, or that break an evaluator without limits.
func hostile() map[string]string {
	nest := func(left, middle, right string, n int) string {
		return strings.Repeat(left, n) + middle + strings.Repeat(right, n)
	}
	return map[string]string{
		// source, nesting, nodes
		"source":               strings.Repeat(" ", 20<<10) + "1",
		"million parentheses":  nest("(", "1", ")", 1_000_000),
		"million minus":        strings.Repeat("-", 1_000_000) + "1",
		"million brackets":     strings.Repeat("[", 1_000_000),
		"8k parentheses":       nest("(", "1", ")", 8000),
		"16k minus":            strings.Repeat("-", 16_000) + "1",
		"16k bang":             strings.Repeat("!", 16_000) + "true",
		"5k not":               strings.Repeat("not ", 4000) + "true",
		"8k brackets":          nest("[", "1", "]", 8000),
		"16k open brackets":    strings.Repeat("[", 16_000),
		"16k open braces":      strings.Repeat("{", 16_000),
		"16k close":            strings.Repeat(")", 16_000),
		"4k ternaries":         strings.Repeat("true?1:", 2300) + "1",
		"4k nested ternaries":  strings.Repeat("true?", 3000) + "1" + strings.Repeat(":1", 3000),
		"5k powers":            strings.Repeat("1**", 5000) + "1",
		"1k lets":              strings.Repeat("let a=1;", 2000) + "1",
		"else if":              strings.Repeat("if true {1} else ", 900) + "{1}",
		"nested if":            nest("if true {", "1", "} else {2}", 800),
		"8k plus":              strings.Repeat("1+", 8000) + "1",
		"8k ands":              strings.Repeat("true&&", 2700) + "true",
		"8k members":           "body" + strings.Repeat(".a", 8000),
		"8k optional":          "body" + strings.Repeat("?.a", 5000),
		"5k indexes":           "body" + strings.Repeat("[0]", 5000),
		"pipes":                "body.thousand" + strings.Repeat("|map(#)", 2300),
		"8k commas":            "[" + strings.Repeat("1,", 8000) + "1]",
		"4k strings":           strings.Repeat("'a'+", 4000) + "'a'",
		"coalesce":             strings.Repeat("null??", 2700) + "1",
		"chained comparisons":  nest("(1<", "1", "<1)", 60),
		"nested elvis":         nest("(", "null", " ?: 1)", 60),
		"nested calls":         nest("len(", "''", ")", 63),
		"wide unary":           strings.Repeat("-1+", 5000) + "1",
		"unary before bracket": strings.Repeat("-(", 4000),
		"open text":            "'" + strings.Repeat("a", 16_000),
		"escapes":              "'" + strings.Repeat(`\u{10FFFF}`, 1600) + "'",
		"comments":             strings.Repeat("/**/", 4000) + "1",
		"nul bytes":            strings.Repeat("\x00", 16_000),
		"invalid utf8":         strings.Repeat("\xff", 16_000),
		"long number":          strings.Repeat("9", 16_000),
		"long fraction":        "1." + strings.Repeat("9", 16_000),
		"long exponent":        "1e" + strings.Repeat("9", 16_000),
		// lists and texts
		"range":               "1..100000000",
		"range of all ints":   "-9223372036854775807..9223372036854775807",
		"ranges":              "map(1..1000, 1..1000)",
		"range of ranges":     "map(1..99999, 1..99999)",
		"nested ranges":       "map(1..400, map(1..400, map(1..400, #)))",
		"repeat":              "repeat('a', 1000000000)",
		"repeat overflow":     "repeat('ab', 9223372036854775807)",
		"doubling":            "let a = body.k900; let b = a+a; let c = b+b; let d = c+c; let e = d+d; let f = e+e; let g = f+f; g+g",
		"doubling by reduce":  "reduce(1..99999, #acc + #acc, 'a')",
		"growing by reduce":   "reduce(1..99999, #acc + 'aaaaaaaaaa', '')",
		"list by reduce":      "reduce(1..99999, concat(#acc, [1]), [])",
		"lists by reduce":     "reduce(1..64, [#acc, #acc], 1)",
		"deep by reduce":      "reduce(1..9999, [#acc], 1)",
		"maps by reduce":      "reduce(1..40, {a: #acc, b: #acc}, 1)",
		"doubled lists":       "let a=[1,1]; let b=[a,a]; let c=[b,b]; let d=[c,c]; let e=[d,d]; let f=[e,e]; let g=[f,f]; let h=[g,g]; let i=[h,h]; let j=[i,i]; let k=[j,j]; let l=[k,k]; let m=[l,l]; let n=[m,m]; let o=[n,n]; let p=[o,o]; let q=[p,p]; let r=[q,q]; let s=[r,r]; let t=[s,s]; let u=[t,t]; let v=[u,u]; let w=[v,v]; let x=[w,w]; let y=[x,x]; [y,y]",
		"shared as json":      "toJSON(body.shared)",
		"shared as text":      "'' + body.shared",
		"shared wrapped":      "[body.shared]",
		"shared equal":        "body.shared == [body.shared]",
		"shared equals":       "body.shared == body.shared",
		"shared path":         "@json.path(body.shared, body.dot)",
		"shared unique":       "unique([body.shared])",
		"many copies":         "map(1..10000, body.mb)",
		"many copies as json": "toJSON(map(1..10000, body.mb))",
		"join copies":         "join(map(1..10000, body.mb), '')",
		"concat copies":       "@text.concat(body.mb, map(1..10000, body.mb))",
		"replace":             "@text.replaceAll(body.k9, 'a', body.k9)",
		"replace all":         "@text.replaceAll(body.big, 'a', body.big)",
		"split":               "@text.split(body.big, '')",
		"split in loop":       "map(1..99999, @text.split(body.mb, 'a'))",
		"pad":                 "@text.leftPad('a', 9000000000000000000, 'b')",
		"pad wide":            "@text.rightPad('a', 1, body.big)",
		"format width":        "@text.format('%999999999s', 'a')",
		"format precision":    "@text.format('%.999999999f', 1)",
		"format many":         "@text.format(repeat('%1000d', 60000), 1)",
		"random":              "@text.random(1000000000)",
		"html":                "@text.toHtml(repeat('\"', 10000000))",
		"csv":                 "@text.escapeCsvValue(repeat('\"', 20000000))",
		"upper in loop":       "all(1..99999, len(@text.upperCase(body.mb)) > 0)",
		"hash in loop":        "all(1..99999, len(@hash.sha512(body.mb)) > 0)",
		"base64 in loop":      "all(1..99999, len(@convert.toBase64(body.mb)) > 0)",
		"literals in loop":    "all(1..99999, len([{a: 1}, {b: 2}, {}, {c: {d: [1, 2, 3]}}]) > 0)",
		"fromJSON deep":       "fromJSON(body.deep)",
		"fromJSON commas":     "fromJSON(body.commas)",
		"fromJSON maps":       "fromJSON(body.maps)",
		"fromJSON digits":     "fromJSON(body.digits)",
		"fromJSON in loop":    "all(1..99999, len(fromJSON('[{},{},{},{}]')) > 0)",
		"group":               "groupBy(body.many, # + string(#index))",
		"group by huge":       "groupBy(map(1..1000, body.mb + string(#)), #)",
		"sort":                "sort(body.many)",
		"sort huge":           "sort(map(1..9999, # % 2 == 0 ? body.big : body.twin))",
		"sort in loop":        "map(1..1000, sort(body.many))",
		"keys in loop":        "map(1..10000, keys(body.wide))",
		"merge in loop":       "map(1..10000, merge(body.wide, body.wide))",
		"unique":              "unique(map(body.many, # + string(#index)))",
		// steps
		"three loops":       "all(body.thousand, {let a = #; all(body.thousand, {let b = #; all(body.thousand, a + b + # >= 0)})})",
		"contains in loop":  "all(1..99999, not (body.big contains 'zzz'))",
		"index in loop":     "all(1..99999, body.big.indexOf('zzz') < 0)",
		"compare in loop":   "all(1..99999, body.big < body.twin)",
		"equal in loop":     "all(1..99999, body.big != body.twin)",
		"length in loop":    "all(1..99999, body.big.length() > 1)",
		"in list in loop":   "all(body.many, not ('zzz' in body.many))",
		"long body":         "all(body.thousand, all(body.thousand, " + strings.Repeat("# >= 0 and ", 300) + "true))",
		"slices in loop":    "all(1..99999, len(body.big[1:]) > 0)",
		"substring in loop": "all(1..99999, @text.substring(body.big, 4000000) != '')",
		"zones in loop":     "all(1..99999, @date.now('Europe/Berlin', 'de') != '')",
		"dates in loop":     "all(1..99999, @date.guessAndFormat('x' + #, 'yyyy') != '')",
		"uuids in loop":     "all(1..99999, @text.uuid() != '')",
		"path of all":       "@json.path(map(1..1000, body.thousand), '$[*][*]')",
		"long date pattern": "@date.now(repeat('yyyyyyyyyy', 100))",
		"wide date pattern": "@date.now(repeat('y', 199))",
		"date out of range": "@date.format(9007199254740991, 'yyyy')",
		"year out of range": "@date.beginOfYear(9007199254740991)",
		"week out of range": "@date.beginOfWeek(1, -9007199254740991)",
		// regular expressions
		"catastrophic":       "body.k30 matches body.pattern",
		"catastrophic const": "body.k30 matches '(a+)+$'",
		"long pattern":       "'a' matches body.k9",
		"long input":         "body.big matches 'a'",
		"repetition":         "body.mb matches '((a{30}){30}){30}'",
		"wide repetition":    "body.mb matches '" + strings.Repeat("a{1000}", 140) + "'",
		"dynamic repetition": "all(1..99999, not ('b' matches ('a{1000}' + string(#))))",
		"patterns in loop":   "all(1..99999, not ('b' matches ('a' + string(#))))",
		"big match in loop":  "all(1..99999, body.mb matches 'a*')",
		"slow pattern":       "body.mb matches '(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)b'",
		"all matches":        "@text.matches(body.k9[:1000], 'a|b')",
		"empty matches":      "@text.matches(body.k9[:1000], '')",
		"deep pattern":       "'a' matches '" + nest("(", "a", ")", 500) + "'",
		// numbers
		"power":        "2 ** 100000",
		"power tower":  "9 ** 9 ** 9 ** 9",
		"infinity":     "1e308 * 10",
		"nan":          "(1e308 * 10) - (1e308 * 10)",
		"overflow":     "9223372036854775807 + 1",
		"min by -1":    "(0 - 9223372036854775807 - 1) / (0 - 1)",
		"min mod -1":   "(0 - 9223372036854775807 - 1) % (0 - 1)",
		"min times -1": "(0 - 9223372036854775807 - 1) * (0 - 1)",
		"minus min":    "-(0 - 9223372036854775807 - 1)",
		"abs min":      "abs(0 - 9223372036854775807 - 1)",
		"index max":    "[1][9223372036854775807]",
		"index min":    "[1][0 - 9223372036854775807 - 1]",
		"slice min":    "[1][0 - 9223372036854775807 - 1:9223372036854775807]",
		"slice odd":    "'abc'[2:1]",
		"float index":  "[1][1e300]",
		// decimals
		"decimals":         "@calc.sum(map(1..99999, # * 1e-300))",
		"decimals apart":   "@calc.sum(map(1..99999, # % 2 == 0 ? 1e308 : 5e-324))",
		"rounding in loop": "all(1..99999, @calc.round(1e-300, 299) < 1)",
		"wide rounding":    "@calc.round(1e308, -9223372036854775807)",
		// selections
		"nested selections":  "body.thousand.![#root.body.thousand.![#root.body.thousand.![#this]]]",
		"selection in loop":  "all(1..99999, body.many.?[#this == 'x'].size() == 0)",
		"entries in loop":    "all(1..99999, body.wide.?[value < 0].size() == 0)",
		"8k selections":      "body" + strings.Repeat(".?[#]", 3000),
		"nested 5k":          nest("body.![", "1", "]", 3000),
		"open selections":    strings.Repeat("body.?[", 2300),
		"projection doubles": "body.thousand.![#root.body.mb + #this]",
		// data and paths
		"long path":          "@data.set(null, @text.concat('.', map(1..9999, 'a')), 1)",
		"deep path":          "get(body, repeat('a.', 1000000))",
		"set in loop":        "reduce(1..99999, @data.put(#acc, string(#), #), {:})",
		"set wide in loop":   "map(1..9999, @data.put(body.wide, 'x', 1))",
		"add in loop":        "reduce(1..99999, @list.add(#acc, #), [])",
		"select many":        "@data.select(body, " + strings.TrimSuffix(strings.Repeat("'a', ", 1500), ", ") + ")",
		"join paths":         "@path.join(map(1..9999, body.k900))",
		"contains many":      "map(1..9999, @list.contains(body.many, body.thousand))",
		"content copies":     "map(1..9999, @content.from(body.mb + #).contentLength)",
		"content of base64":  "map(1..9999, @content.fromBase64(body.mb).contentLength)",
		"uri":                "@resolve.uri(repeat('property:', 3000000))",
		"decimal text":       "@convert.toDecimal(body.digits, 'de')",
		"decimal text loops": "all(1..99999, @convert.toDecimalString(1e308, '#,##0.' + repeat('0', 80), '.') != '')",
		// XML
		"xml bomb":        "@xml.xpath('<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;&b;\">]><a>&c;</a>', '/a')",
		"xml file":        "@xml.xpath('<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>', '/a')",
		"xml entity":      "@xml.xpath('<a>&b;</a>', '/a')",
		"xml deep":        "@xml.xpath(body.tags, '/a')",
		"xml many":        "@xml.xpath('<a>' + repeat('<b/>', 200000) + '</a>', '//b')",
		"xml attributes":  "@xml.xpath('<a ' + repeat('b=\"\" ', 200000) + '/>', '//@*')",
		"xml text":        "@xml.xpathAsText('<a>' + body.big + '</a>', '/a')",
		"xml in loop":     "all(1..99999, @xml.xpath('<a><b/></a>', '/a/b').size() == 1)",
		"xml encoding":    "@xml.xpath('<?xml version=\"1.0\" encoding=\"UTF-7\"?><a/>', '/a')",
		"xpath deep":      "@xml.xpath(body.doc, '" + strings.Repeat("//*", 300) + "')",
		"xpath product":   "@xml.xpath(body.doc, '//*[//* = //*]')",
		"xpath nested":    "@xml.xpath(body.doc, '" + nest("//*[", "1", "]", 16) + "')",
		"xpath too deep":  "@xml.xpath(body.doc, '" + nest("a[", "1", "]", 300) + "')",
		"xpath brackets":  "@xml.xpath(body.doc, '" + nest("a[(", "1", ")]", 200) + "')",
		"xpath functions": "@xml.xpath(body.doc, 'a[" + nest("not(", "1", ")", 200) + "]')",
		"xpath long":      "@xml.xpath(body.doc, body.k9)",
		"xpath parents":   "@xml.xpath(body.doc, '//*" + strings.Repeat("/..//*", 100) + "')",
		"xml of copies":   "@convert.toXMLString({a: map(1..9999, {b: #})})",
		"xml of shared":   "@convert.toXMLString({a: {b: body.shared}})",
		"xml of text":     "@convert.toXMLString({a: repeat('<', 10000000)})",
		"xml of deep":     "@convert.toXMLString(reduce(1..60, {a: #acc}, 1))",
		// escapes from the sandbox
		"env":         "$env",
		"env by name": "body['$env'].x",
		"method":      "body.String()",
		"reflect":     "body.thousand.Len()",
		"calling":     "body.thousand(1)",
		"get env":     "get($env, 'x')",
		"mark":        "$text.upperCase('a')",
		"global":      "::len('a')",
		"now":         "now().Unix()",
		"duration":    "duration('1h').String()",
		"__proto__":   "body.__proto__.constructor",
		"spring type": "T(java.lang.Runtime).getRuntime().exec('id')",
		"spring new":  "new java.lang.ProcessBuilder({'id'}).start()",
		"spring bean": "@beanFactory.getBean('x')",
		"spring root": "#root.getClass()",
		"item class":  "body.thousand.![#this.getClass().forName('x')]",
		"variables":   "#systemProperties['user.home']",
		"environment": "@instance.env('PATH')",
	}
}

// TestHostile bounds what each hostile expression allocates and the CPU time it takes, compiling included.
// None may end the process.
func TestHostile(t *testing.T) {
	env := hostileEnv() // not parallel: what is allocated is counted for the process
	l := language()
	const mostMemory, mostTime = 64 << 20, 100 * time.Millisecond
	cases := hostile()
	if len(cases) < 150 {
		t.Fatalf("only %d expressions", len(cases))
	}
	run := func(src string) (took time.Duration, allocated uint64, err error) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := threadTime()
		p, err := l.Compile(src)
		if err == nil {
			_, err = p.Eval(t.Context(), env)
		}
		took = threadTime() - began
		runtime.ReadMemStats(&after)
		return took, after.TotalAlloc - before.TotalAlloc, err
	}
	for name, src := range cases {
		took, allocated, err := run(src)
		for range 4 { // others may disturb this one; what counts is the quickest
			if took > mostTime && !raceEnabled {
				again, _, _ := run(src)
				took = min(took, again)
			}
		}
		if allocated > mostMemory {
			t.Errorf("%s: allocated %d MiB (%v)", name, allocated>>20, err)
		}
		if took > mostTime && !raceEnabled {
			t.Errorf("%s: took %v of CPU (%v)", name, took, err)
		}
		if err != nil {
			if code := fault.CodeOf(err); !isOurs(code) {
				t.Errorf("%s: code %s", name, code)
			}
			if len(err.Error()) > 1000 {
				t.Errorf("%s: the error has %d bytes", name, len(err.Error()))
			}
		}
		t.Logf("%-22s %8.2f ms %7.2f MiB  %.100v", name, float64(took.Microseconds())/1000, float64(allocated)/(1<<20), err)
	}
}

func TestLimitsAreNamed(t *testing.T) {
	t.Parallel()
	env := hostileEnv()
	for src, want := range map[string]string{
		strings.Repeat(" ", 20<<10):            "16384 bytes of source",
		strings.Repeat("(", 65):                "64 levels of nesting",
		strings.Repeat("1+", 5000) + "1":       "too many parts",
		"@text.matches(body.mb, 'a')":          "100000 list items",
		"1..100001":                            "100000 list items",
		"repeat('a', 40000000)":                "33554432 bytes",
		"all(body.many, all(body.many, true))": "1000000 steps",
		"'a' matches body.k9":                  "1024 bytes of a pattern",
		"body.big matches 'a'":                 "1048576 bytes of a matched text",
		"'a' matches '((a{30}){30}){30}'":      "pattern",
		"reduce(1..100, [#acc], 1)":            "64 depth of a value",
		"@text.random(5000)":                   "4096 characters of a random text",
	} {
		p, err := language().Compile(src)
		if err == nil {
			_, err = p.Eval(t.Context(), env)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", src, err, want)
		}
	}
	small := expr.New(expr.Options{MaxSteps: 100, MaxBytes: 100, MaxList: 3, MaxNodes: 10, MaxNesting: 2, MaxSource: 50})
	for src, want := range map[string]string{
		"all(body.many, true)": "100 steps", "repeat('a', 101)": "100 bytes", "1..4": "3 list items",
		"1+1+1+1+1+1": "too many parts", "(((1)))": "2 levels", strings.Repeat(" ", 51): "50 bytes of source",
	} {
		p, err := small.Compile(src)
		if err == nil {
			_, err = p.Eval(t.Context(), env)
		}
		if fault.CodeOf(err) != fault.ExprLimit || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", src, err, want)
		}
	}
}

// spy is what may never be in an environment: something with a method.
type spy struct{ Field string }

func (s *spy) Method() string { panic("a method of a Go value was called") }

func TestGoValuesStayClosed(t *testing.T) {
	t.Parallel()
	env := expr.Env{"body": map[string]any{"spy": &spy{"S3CRET"}, "fn": func() string { panic("called") }, "chan": make(chan int)}}
	for _, src := range []string{
		`body.spy`, `body.spy.Field`, `body.spy.Method()`, `body.spy['Field']`, `body.fn()`, `body.fn`, `body.chan`, `[body.spy]`,
		`toJSON(body.spy)`, `body.spy == body.spy`, `'a' + body.fn`, `len(body.spy)`, `map(body.spy, #)`, `body.spy < 1`, `keys(body.spy)`,
		`string(body.spy)`, `@hash.md5(body.spy)`, `type(body.spy)`, `body.spy in [1]`, `get(body, 'spy.Field')`, `@json.path(body, '$.spy.Field')`,
	} {
		p, err := language().Compile(src)
		if err != nil {
			continue
		}
		got, err := p.Eval(t.Context(), env)
		if err != nil {
			if strings.Contains(err.Error(), "S3CRET") || strings.Contains(err.Error(), "spy{") || strings.Contains(err.Error(), "expr_test") {
				t.Errorf("%s: the error shows Go: %v", src, err)
			}
			continue
		}
		switch v := got.(type) {
		case nil, bool, int, string:
			if s, ok := v.(string); ok && strings.Contains(s, "S3CRET") {
				t.Errorf("%s reads a field: %v", src, v)
			}
		default:
			t.Errorf("%s lets a Go value out: %T", src, got)
		}
	}
}

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

// TestGrowthIsCounted: everything that makes text, lists or maps larger than what it is given ends at the byte limit.
func TestGrowthIsCounted(t *testing.T) {
	t.Parallel()
	l := expr.New(world(expr.Options{MaxBytes: 64 << 10, Now: func() time.Time { return time.Unix(1_773_065_100, 0) }}))
	text, items := strings.Repeat("a,", 20<<10), make([]any, 5000)
	for i := range items {
		items[i] = "item"
	}
	env := expr.Env{"body": map[string]any{"t": text, "l": items, "m": map[string]any{"a": text}, "doc": "<a>" + strings.Repeat("<b/>", 500) + "</a>"}}
	for name, src := range map[string]string{
		"plus": `body.t + body.t`, "interpolation": `'' + body.t + body.t`, "append": `@text.append(body.t, body.t)`, "concat texts": `@text.concat(body.t, 1, 2, 3)`,
		"replace": `@text.replaceAll('aaaa', 'a', body.t)`, "replace character": `@text.replaceCharAt(body.t, 1, body.t)`, "join": `join(body.l, body.t)`,
		"repeat": `repeat('ab', 99999)`, "split": `@text.split(body.t, ',')`, "pad": `@text.leftPad('a', 99999)`, "format": `@text.format('%s%s', body.t, body.t)`,
		"toJSON": `toJSON(body.l) + toJSON(body.l)`, "fromJSON": `fromJSON('[' + body.t[1:40000] + '1]')`, "map": `map(body.l, [#])`, "projection": `body.l.![{#this}]`,
		"filter": `filter(body.l, true)`, "selection": `body.l.?[true]`, "group": `groupBy(body.l, #index)`, "sort": `sort(body.l)`, "reverse": `reverse(body.l)`,
		"concat lists": `concat(body.l, body.l)`, "unique": `unique(body.l)`, "range": `1..9999`, "integerList": `@data.integerList(1, 9999)`, "add": `@list.add(body.l, 1)`,
		"remove": `@list.remove(body.l, 1)`, "keys": `keys(merge(groupBy(1..900, #)))`, "set": `@data.set({l: body.l}, 'l.0', 1)`, "base64": `@convert.toBase64(body.t)`,
		"from base64": `@convert.fromBase64(@convert.toBase64(body.t[:30000])) + body.t[:30000]`, "upper": `@text.upperCase(body.t)`, "html": `@text.toHtml(body.t)`, "csv": `@text.escapeCsvValue(body.t)`,
		"path": `@path.join(body.t, body.t)`, "matches": `@text.matches(body.t, 'a')`, "json path": `@json.path(body.l, '$[*]')`, "hash": `@hash.sha256Concat(body.t, 1, 2, 3)`,
		"xml": `@xml.xpath(body.doc, '//b')`, "xml text": `@convert.toXMLString({a: body.t})`, "content": `toJSON(@content.from(body.m))`, "content base64": `@content.fromBase64(@convert.toBase64(body.t[:9000]) + body.t)`,
		"reduce": `reduce(body.l, #acc + #, '')`, "sum": `@calc.sum(map(1..999, 1e-300))`,
	} {
		p, err := l.Compile(src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if v, err := p.Eval(t.Context(), env); fault.CodeOf(err) != fault.ExprLimit || !strings.Contains(err.Error(), "65536 bytes") {
			t.Errorf("%s: %.60v, %v", name, v, err)
		}
	}
	tmpl, err := l.Template("${body.t} ${body.t}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tmpl.Eval(t.Context(), env); fault.CodeOf(err) != fault.ExprLimit {
		t.Errorf("template: %v", err)
	}
}

// TestNoFunctionOutgrowsItsBudget calls every function of the one list with large arguments of the kinds that
// its description names, and compares what is allocated with the byte limit.
func TestNoFunctionOutgrowsItsBudget(t *testing.T) {
	const budget = 4 << 20 // not parallel: what is allocated is counted for the process
	l := expr.New(world(expr.Options{MaxBytes: budget, Now: func() time.Time { return time.Unix(1_773_065_100, 0) }}))
	items, names := make([]any, 50_000), map[string]any{}
	for i := range items {
		items[i] = strings.Repeat("i", 20) + fmt.Sprint(i)
		names[fmt.Sprint("name", i)] = i
	}
	arguments := map[string][]any{
		"any value":             {strings.Repeat("ä,", 1<<20), items, names, 7, strings.Repeat("[", 1<<20), "<a>" + strings.Repeat("<b c='d'>&amp;</b>", 50_000) + "</a>"},
		"text":                  {strings.Repeat("ä,", 1<<20), "a", ",", "(a|b)+", "yyyy-MM-dd", "//b", "$.*", strings.Repeat("a.", 1<<19), "<a>" + strings.Repeat("<b c='d'>&amp;</b>", 50_000) + "</a>"},
		"any value as text":     {strings.Repeat(`"`, 1<<21), items, names},
		"whole number":          {7, 1 << 40, -1 << 40},
		"number":                {1e300, 5e-324, 7},
		"boolean":               {true},
		"text or list of texts": {strings.Repeat("ä,", 1<<20), items, "property:/demo/name"},
		"list":                  {items},
		"map":                   {names},
		"text, list or map":     {strings.Repeat("ä,", 1<<20), items, names},
		"date":                  {1_773_065_100_000, "2026-03-09"},
	}
	calls := 0
	for _, u := range expr.Utils() {
		for _, form := range u.Forms {
			if isPredicate(u.Name) {
				continue
			}
			for round := range 9 { // each argument in turn takes each of its values
				env, roots := expr.Env{expr.Caller: "ann"}, []string{"body", "vars", "headers", "event", "request", "exception"}
				var given []string
				for i, p := range form.Params {
					values := arguments[p.Type]
					if values == nil {
						t.Fatalf("%s: no argument of the type %s", form.Signature, p.Type)
					}
					env[roots[i]] = values[(round+i)%len(values)]
					if len(p.Words) > 0 {
						env[roots[i]] = p.Words[round%len(p.Words)]
					}
					given = append(given, roots[i])
				}
				src := u.Name + "(" + strings.Join(given, ", ") + ")"
				if u.Name[0] == '.' {
					src = given[0] + u.Name + "(" + strings.Join(given[1:], ", ") + ")"
				}
				p, err := l.Compile(src)
				if err != nil {
					t.Fatalf("%s: %v", src, err)
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err = p.Eval(t.Context(), env)
				runtime.ReadMemStats(&after)
				calls++
				if code := fault.CodeOf(err); err != nil && !isOurs(code) && code != fault.EgressDenied {
					t.Errorf("%s: code %s: %v", form.Signature, code, err)
				}
				if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 2*budget {
					t.Errorf("%s, round %d: allocated %d KiB of %d (%v)", form.Signature, round, allocated>>10, budget>>10, err)
				}
			}
		}
	}
	t.Logf("%d calls", calls)
}

func isPredicate(name string) bool {
	return strings.Contains(" all any none one filter map count sum find findIndex findLast findLastIndex groupBy sortBy reduce ", " "+name+" ")
}

// TestTimeIsLimited: an evaluation that goes on for too long by the clock ends.
func TestTimeIsLimited(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	l := expr.New(expr.Options{MaxTime: time.Minute, Now: func() time.Time { now = now.Add(time.Second); return now }})
	for src, ends := range map[string]bool{`all(1..5000, # > 0)`: false, `all(1..99999, # > 0)`: true} {
		p, err := l.Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Eval(t.Context(), nil)
		if got := err != nil; got != ends || ends && (fault.CodeOf(err) != fault.ExprLimit || !strings.Contains(err.Error(), "the limit of 1m0s")) {
			t.Errorf("%s: %v", src, err)
		}
	}
}

package expr_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"testing"

	library "github.com/expr-lang/expr"

	"github.com/penstock/penstock/runtime/expr"
)

func benchEnv() expr.Env {
	list := make([]any, 100)
	for i := range list {
		list[i] = map[string]any{"price": i}
	}
	return expr.Env{
		"body": map[string]any{"a": map[string]any{"b": "value"}, "n": 42, "list": list, "payload": map[string]any{"origin": "SGVsbG8sIHdvcmxkIQ=="}},
		"vars": map[string]any{"x": 1}, "headers": map[string]any{},
	}
}

func benchmark(b *testing.B, text string) {
	b.Helper()
	tmpl, err := expr.New(expr.Options{}).Template(text)
	if err != nil {
		b.Fatal(err)
	}
	env, ctx := benchEnv(), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tmpl.Eval(ctx, env); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkConstant(b *testing.B)     { benchmark(b, "a ${'b' + 1} c") }
func BenchmarkPath(b *testing.B)         { benchmark(b, "${body.a.b}") }
func BenchmarkUtil(b *testing.B)         { benchmark(b, "${@convert.fromBase64(body.payload.origin)}") }
func BenchmarkCondition(b *testing.B)    { benchmark(b, "${body.n > 5 and body.a.b != 'x'}") }
func BenchmarkMixed(b *testing.B)        { benchmark(b, "New lead ${body.a.b}, number ${body.n}") }
func BenchmarkFilter100(b *testing.B)    { benchmark(b, "${count(body.list, .price > 5)}") }
func BenchmarkMapObject100(b *testing.B) { benchmark(b, "${map(body.list, ({p: .price}))}") }

func BenchmarkPathFloorGo(b *testing.B) {
	env := benchEnv()
	var sink any
	b.ReportAllocs()
	for b.Loop() {
		body, ok := env["body"].(map[string]any)
		if !ok {
			b.Fatal()
		}
		a, ok := body["a"].(map[string]any)
		if !ok {
			b.Fatal()
		}
		sink = a["b"]
	}
	_ = sink
}

func BenchmarkUtilFloorGo(b *testing.B) {
	env := benchEnv()
	var sink any
	b.ReportAllocs()
	for b.Loop() {
		payload := env["body"].(map[string]any)["payload"].(map[string]any)
		out, err := base64.StdEncoding.DecodeString(payload["origin"].(string))
		if err != nil {
			b.Fatal(err)
		}
		sink = string(out)
	}
	_ = sink
}

func BenchmarkMixedFloorGo(b *testing.B) {
	env := benchEnv()
	var sink any
	b.ReportAllocs()
	for b.Loop() {
		body := env["body"].(map[string]any)
		sink = fmt.Sprintf("New lead %s, number %d", body["a"].(map[string]any)["b"], body["n"])
	}
	_ = sink
}

// The library's own machine, without any of our limits and meanings.
func libraryBenchmark(b *testing.B, src string) {
	b.Helper()
	env := map[string]any(benchEnv())
	p, err := library.Compile(src, library.Env(env))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := library.Run(p, env); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPathLibrary(b *testing.B) { libraryBenchmark(b, "body.a.b") }
func BenchmarkUtilLibrary(b *testing.B) { libraryBenchmark(b, "fromBase64(body.payload.origin)") }

func BenchmarkConditionLibrary(b *testing.B) { libraryBenchmark(b, "body.n > 5 and body.a.b != 'x'") }
func BenchmarkFilter100Library(b *testing.B) { libraryBenchmark(b, "count(body.list, .price > 5)") }

func BenchmarkCompile(b *testing.B) {
	l := expr.New(expr.Options{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Template("New lead ${@text.upperCase(body.a.b)}, number ${body.n > 5 ? 'many' : body.n}"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompile1000 compiles a thousand expressions as a directory of pipelines holds them; divide by a thousand.
func BenchmarkCompile1000(b *testing.B) {
	kinds := []string{
		"${body.order%d.lines[0].price}", "Order ${body.id} of ${body.customer%d.name}", "${body.total > %d and vars.open}",
		"${@convert.fromBase64(body.payload%d.origin)}", "${body.items.?[price > %d].![name]}", "${filter(body.items, .price > %d).size() > 0 ? 'some' : 'none'}",
		"${vars.k%d?.deep?.er ?? 'unknown'}", "${{id: body.id, n: %d, tags: {'a', 'b'}}}", "plain text %d", "${@text.leftPad(body.n, %d, '0')}",
	}
	texts := make([]string, 1000)
	for i := range texts {
		texts[i] = fmt.Sprintf(kinds[i%len(kinds)], i)
	}
	l := expr.New(expr.Options{})
	b.ReportAllocs()
	for b.Loop() {
		for _, text := range texts {
			if _, err := l.Template(text); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkStep is what a step asks of this package: one expression, and its value written to vars.
func BenchmarkStep(b *testing.B) {
	l := expr.New(expr.Options{})
	tmpl, err := l.Template("${body.a.b}")
	if err != nil {
		b.Fatal(err)
	}
	target, err := l.Target("vars.y")
	if err != nil {
		b.Fatal(err)
	}
	env, ctx := benchEnv(), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		v, err := tmpl.Eval(ctx, env)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := target.Set(ctx, env, env["vars"], v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStepFloorGo(b *testing.B) {
	env := benchEnv()
	var sink map[string]any
	b.ReportAllocs()
	for b.Loop() {
		sink = maps.Clone(env["vars"].(map[string]any))
		sink["y"] = env["body"].(map[string]any)["a"].(map[string]any)["b"]
	}
	_ = sink
}

func BenchmarkSelection100(b *testing.B) { benchmark(b, "${body.list.?[price > 5].size()}") }
func BenchmarkDecimals100(b *testing.B)  { benchmark(b, "${@calc.sum(body.list.![price])}") }
func BenchmarkXPath(b *testing.B) {
	benchmark(b, "${@xml.xpathAsText('<a><b id=\"1\">x</b><b id=\"2\">y</b><b>' + body.n + '</b></a>', '//b[@id = 2]')}")
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		expr.New(expr.Options{})
	}
}

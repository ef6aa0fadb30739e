package expr_test

import (
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

func fuzzEnv(t testing.TB) expr.Env {
	env := sampleEnv(t)
	env["event"] = map[string]any{"shared": shared(40), "text": strings.Repeat("ä", 1000)}
	return env
}

// FuzzCompileEval: whatever the source, it ends with a coded error or with a value of the model that
// has a JSON text, twice the same, and the environment is as it was.
func FuzzCompileEval(f *testing.F) {
	for _, s := range hostile() {
		if len(s) < 400 {
			f.Add(s)
		}
	}
	for _, u := range expr.Utils() {
		f.Add(u.Example)
	}
	for _, s := range []string{
		`body.items | filter(.price > 5) | map({n: .name})`, `let x = {1, {a: 'b'}}; x[1]?.a ?? "none"`,
		`{(body.name): [1.5, -2 ** 3]}`, `if not (1 in {1, 2}) {body?.a} else {body["a"].b[1:2]}`, `sortBy(body.items, .price, 'desc')[0].name matches 'A.*'`,
	} {
		f.Add(s)
	}
	l := expr.New(expr.Options{MaxSteps: 50_000, MaxBytes: 1 << 20, MaxList: 5000, Now: func() time.Time { return time.Unix(1_773_065_100, 0) }})
	env := fuzzEnv(f)
	delete(env["event"].(map[string]any), "shared") // it has no JSON text to compare
	before, err := value.AppendJSON(nil, map[string]any(env))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src string) {
		p, err := l.Compile(src)
		if err != nil {
			if code := fault.CodeOf(err); code != fault.ExprSyntax && code != fault.ExprLimit || position(err) == "0:0" {
				t.Fatalf("compiling: code %s at %s: %v", code, position(err), err)
			}
			return
		}
		first, err := p.Eval(t.Context(), env)
		if err != nil {
			if code := fault.CodeOf(err); code != fault.ExprEval && code != fault.ExprLimit {
				t.Fatalf("evaluating: code %s: %v", code, err)
			}
			return
		}
		one, err := value.AppendJSON(nil, first)
		if err != nil {
			t.Fatalf("the result has no JSON text: %v", err)
		}
		second, err := p.Eval(t.Context(), env)
		if err != nil {
			t.Fatalf("the second time: %v", err)
		}
		two, err := value.AppendJSON(nil, second)
		if err != nil {
			t.Fatal(err)
		}
		if string(one) != string(two) && !strings.Contains(src, "uuid") && !strings.Contains(src, "random") {
			t.Fatalf("two values: %s and %s", one, two)
		}
		after, err := value.AppendJSON(nil, map[string]any(env))
		if err != nil || string(after) != string(before) {
			t.Fatal("the environment was changed")
		}
	})
}

// FuzzTemplate: a template never panics, text without a mark stays as it is, and what a template
// gives is not read again.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"", "plain", "${body}", "a ${body.a.b} b #{vars.n}", "$${x}", "${'}'}", "${`}`} ${/*}*/1}", "${{a: 1}}", "##{", "${", "${'", "$", "ä${body.name}ö\n${1+"} {
		f.Add(s)
	}
	l := expr.New(expr.Options{MaxSteps: 50_000, MaxBytes: 1 << 20, MaxList: 5000})
	env := fuzzEnv(f)
	f.Fuzz(func(t *testing.T, text string) {
		tmpl, err := l.Template(text)
		if err != nil {
			if code := fault.CodeOf(err); code != fault.ExprSyntax && code != fault.ExprLimit || position(err) == "0:0" {
				t.Fatalf("code %s at %s: %v", code, position(err), err)
			}
			return
		}
		if v, ok := tmpl.Constant(); !strings.Contains(text, "${") && !strings.Contains(text, "#{") && (!ok || v != text) {
			t.Fatalf("text without expressions became %v", v)
		}
		if _, err := tmpl.Eval(t.Context(), env); err != nil && fault.CodeOf(err) == fault.Internal {
			t.Fatal(err)
		}
		env := expr.Env{"body": map[string]any{"v": text}}
		whole, err := l.Template("<${body.v}>")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := whole.Eval(t.Context(), env); err == nil && got != "<"+text+">" {
			t.Fatalf("%q was read again: %q", text, got)
		}
		if target, err := l.Target(text); err == nil {
			_, err = target.Set(t.Context(), env, map[string]any{"a": []any{1}}, 1)
			if err != nil && fault.CodeOf(err) == fault.Internal {
				t.Fatal(err)
			}
		}
	})
}

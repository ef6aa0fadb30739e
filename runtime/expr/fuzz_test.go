package expr_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

func fuzzEnv(t testing.TB) expr.Env {
	env := sampleEnv(t)
	env["event"] = map[string]any{"shared": shared(40), "text": strings.Repeat("ä", 1000)}
	return env
}

func seeds(f *testing.F) {
	for _, s := range hostile() {
		if len(s) < 400 {
			f.Add(s)
		}
	}
	for _, u := range expr.Utils() {
		for _, e := range u.Examples {
			f.Add(e.Expr)
		}
	}
	for _, s := range []string{
		`body.items | filter(.price > 5) | map({n: .name})`, `let x = {1, {a: 'b'}}; x[1]?.a ?? "none"`,
		`{(body.name): [1.5, -2 ** 3]}`, `if not (1 in {1, 2}) {body?.a} else {body["a"].b[1:2]}`, `sortBy(body.items, .price, 'desc')[0].name matches 'A.*'`,
		`body.items.?[price > #root.vars.n and #index < 2].![{name, tags?.![#this]}][0]?.size()`, `{a: 1}.?[key == 'a'].![value]`,
	} {
		f.Add(s)
	}
}

// FuzzExprCompile: whatever the source, it compiles, or is refused with a code and a place inside it, twice the same.
func FuzzExprCompile(f *testing.F) {
	seeds(f)
	l := language()
	f.Fuzz(func(t *testing.T, src string) {
		_, err := l.Compile(src)
		_, again := l.Compile(src)
		if (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
			t.Fatalf("two answers: %v and %v", err, again)
		}
		if err == nil {
			return
		}
		var e *fault.Error
		if !errors.As(err, &e) || e.Code == fault.ExprEval || !isOurs(e.Code) {
			t.Fatalf("code %s: %v", fault.CodeOf(err), err)
		}
		lines := strings.Split(src, "\n")
		if e.Pos.Line < 1 || e.Pos.Line > len(lines) || e.Pos.Column < 1 || e.Pos.Column > utf8.RuneCountInString(lines[e.Pos.Line-1])+1 {
			t.Fatalf("the place %v lies outside the source: %v", e.Pos, err)
		}
		if strings.ContainsAny(err.Error(), "ʘʔǃ") && !strings.ContainsAny(src, "ʘʔǃ") {
			t.Fatalf("the error shows a mark: %v", err)
		}
	})
}

// FuzzExprRun: what compiles ends with a coded error or with a value of the model that has a JSON text,
// twice the same, and the environment is as it was.
func FuzzExprRun(f *testing.F) {
	seeds(f)
	l := expr.New(world(expr.Options{MaxSteps: 50_000, MaxBytes: 1 << 20, MaxList: 5000, Now: func() time.Time { return time.Unix(1_773_065_100, 0) }}))
	env := fuzzEnv(f)
	delete(env["event"].(map[string]any), "shared") // it has no JSON text to compare
	before, err := value.AppendJSON(nil, map[string]any(env))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src string) {
		p, err := l.Compile(src)
		if err != nil {
			return
		}
		first, err := p.Eval(t.Context(), env)
		if err != nil {
			if code := fault.CodeOf(err); code != fault.ExprEval && code != fault.ExprLimit && code != fault.EgressDenied {
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

// FuzzInterpolation: a template never panics, text without a mark stays as it is, and what a template
// gives is not read again.
func FuzzInterpolation(f *testing.F) {
	for _, s := range []string{"", "plain", "${body}", "a ${body.a.b} b #{vars.n}", "$${x}", "${'}'}", "${`}`} ${/*}*/1}", "${{a: 1}}", "##{", "${", "${'", "$", "ä${body.name}ö\n${1+"} {
		f.Add(s)
	}
	l := expr.New(expr.Options{MaxSteps: 50_000, MaxBytes: 1 << 20, MaxList: 5000})
	env := fuzzEnv(f)
	f.Fuzz(func(t *testing.T, text string) {
		tmpl, err := l.Template(text)
		if err != nil {
			if code := fault.CodeOf(err); !isOurs(code) || position(err) == "0:0" {
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

// FuzzXML: a document is read or refused with a code; what was read and can be written reads the same again.
func FuzzXML(f *testing.F) {
	for _, s := range []string{
		"<a/>", "<a b='1'>x<c/>y</a>", "<a:b xmlns:a='u'><c>1</c><c>2</c></a:b>", "<a>&lt;&#10;&amp;</a>", "<a><![CDATA[<]]></a>", "<?xml version='1.0'?><a/>",
		"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a><b></a></b>", "<a/><b/>", "x<a/>", "<a b='1' b='2'/>", "<!--x--><a> \r\n </a>", "<a \xff='1'/>", "",
	} {
		f.Add(s)
	}
	l := expr.New(expr.Options{MaxSteps: 50_000, MaxBytes: 1 << 20, MaxList: 5000})
	read, err := l.Compile(`@xml.xpath(body, '/*')[0]`)
	if err != nil {
		f.Fatal(err)
	}
	again, err := l.Compile(`@xml.xpath(@convert.toXMLString({r: body}), '/r')[0]`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, document string) {
		v, err := read.Eval(t.Context(), expr.Env{"body": document})
		if err != nil {
			if !isOurs(fault.CodeOf(err)) {
				t.Fatal(err)
			}
			return
		}
		w, err := again.Eval(t.Context(), expr.Env{"body": v})
		if err != nil {
			if !isOurs(fault.CodeOf(err)) {
				t.Fatal(err)
			}
			return
		}
		if diff := cmp.Diff(v, w); diff != "" {
			t.Fatalf("written and read again:\n%s", diff)
		}
	})
}

// FuzzXPath: a path finds a list or is refused with a code, and its first find is what xpathAsText gives.
func FuzzXPath(f *testing.F) {
	for _, s := range []string{
		"/a/b", "//b[2]", "//@id", "/a/*[last()]/text()", "//b[@id='1' or not(c)]", "//b[count(c) > 1 and contains(c, 'x')]/..", "a|//c", "//b[c=d]", "s:b/s:*",
		"//*[name() = 'b'][position() < 2]", "/", "//", "[", "a[", "a[1", "a['", "..", ".", "@", "a[-1]", "a[1.5.5]", "node()[node()]",
	} {
		f.Add(s)
	}
	l := expr.New(expr.Options{MaxSteps: 50_000, MaxBytes: 1 << 20, MaxList: 5000})
	p, err := l.Compile(`{@xml.xpath(vars, body), @xml.xpathAsText(vars, body)}`)
	if err != nil {
		f.Fatal(err)
	}
	const document = "<a><b id='1'>x<c>1</c><c>xx</c></b><b id='2'/><s:b><d>1</d></s:b></a>"
	f.Fuzz(func(t *testing.T, path string) {
		v, err := p.Eval(t.Context(), expr.Env{"body": path, "vars": document})
		if err != nil {
			if !isOurs(fault.CodeOf(err)) {
				t.Fatal(err)
			}
			return
		}
		pair, _ := v.([]any)
		found, _ := pair[0].([]any)
		if len(found) == 0 {
			if pair[1] != "" {
				t.Fatalf("nothing was found, but its text is %q", pair[1])
			}
			return
		}
		if first, isText := found[0].(string); isText && first != pair[1] {
			t.Fatalf("%q and %q", first, pair[1])
		}
	})
}

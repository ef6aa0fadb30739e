package expr_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

func TestTemplate(t *testing.T) {
	t.Parallel()
	env := sampleEnv(t)
	cases := map[string]any{
		"":                            "",
		"plain":                       "plain",
		"${body.a.b}":                 7,
		"#{body.a.b}":                 7,
		"${ body.list }":              []any{1, 2, 3},
		"${null}":                     nil,
		"n=${body.a.b}":               "n=7",
		"${body.a.b} ":                "7 ",
		"${1}${2}":                    "12",
		"${1}#{body.name}":            "1Ann",
		"[${body.missing}]":           "[]",
		"${body.list} ${body.a}":      `[1,2,3] {"b":7,"none":null}`,
		"Result: ${1 + 1}":            "Result: 2",
		"${'}'}":                      "}",
		`${"a}b" + '\'}'}x`:           "a}b'}x",
		"${`}`}":                      "}",
		"${ {a: {b: 1}}.a.b }":        1,
		"${ {1, 2} }":                 []any{1, 2},
		"${ /* } */ 1}":               1,
		"$${body.name}":               "${body.name}",
		"##{body.name}":               "#{body.name}",
		"$$${body.name}":              "$${body.name}",
		"costs $5 #1 $ # {x} $":       "costs $5 #1 $ # {x} $",
		"${'${body.name}'}":           "${body.name}",
		`a ${"#{body.name}"} b`:       "a #{body.name} b",
		"${body.name}\n${body.a.b}\n": "Ann\n7\n",
		"ä${body.name}ö":              "äAnnö",
	}
	for text, want := range cases {
		tmpl, err := language().Template(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		got, err := tmpl.Eval(t.Context(), env)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
}

func TestTemplateConstant(t *testing.T) {
	t.Parallel()
	cases := map[string]any{
		"": "", "text": "text", "$${x}": "${x}", "${1 + 2}": 3, "a${1 + 2}b": "a3b", "${null}": nil, "${@text.upperCase('a')}": "A",
		"${[1, {a: 'b'}]}": []any{1, map[string]any{"a": "b"}},
	}
	for text, want := range cases {
		tmpl, err := language().Template(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := tmpl.Constant(); !ok || !cmp.Equal(want, got) {
			t.Errorf("%q: Constant = %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"${body}", "a${vars.x}", "${@date.now()}", "${@text.uuid()}", "${@text.random(4)}", "${1 / 0}", "${@date.beginOfDay(0)}"} {
		tmpl, err := language().Template(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := tmpl.Constant(); ok {
			t.Errorf("%q is constant: %v", text, got)
		}
	}
}

func TestTemplateErrors(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ text, pos, message string }{
		"unclosed":         {"a\nb ${body.x", "2:3", "the expression is not closed; write } behind it; a literal ${ is written $${"},
		"unclosed text":    {"${'a}", "1:1", "not closed"},
		"unclosed comment": {"${1 /* }", "1:1", "not closed"},
		"empty":            {"a ${}", "1:5", "the expression is empty"},
		"unknown name":     {"line\nä ${ bdy }", "2:6", `did you mean "body"?`},
		"second one":       {"${body} ${vrs.x}", "1:11", `did you mean "vars"?`},
		"runs late":        {"ä\n ${body.none.x}", "2:14", "body.none is null"},
		"runs late, call":  {"x${len(body.a.b)}", "1:8", "value of len(value) is a number"},
	}
	for name, c := range cases {
		tmpl, err := language().Template(c.text)
		code := fault.ExprSyntax
		if err == nil {
			code = fault.ExprEval
			_, err = tmpl.Eval(t.Context(), sampleEnv(t))
		}
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if got := position(err); got != c.pos || fault.CodeOf(err) != code || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: got %s at %s, want %s at %s", name, err, got, c.message, c.pos)
		}
	}
}

// TestValuesAreNeverCode feeds what looks like expressions through every way a value can take: the
// output holds exactly the given text, and never the secret next to it.
func TestValuesAreNeverCode(t *testing.T) {
	t.Parallel()
	const secret = "S3CRET"
	pieces := []string{"${", "#{", "}", "$", "#", "vars.secret", "'", `"`, "`", "\\", "@text.upperCase(", "body.v", ")", "+", "{", "[", "]", "$${", "\n", "ä", " ", "${vars.secret}", "#{vars.secret}", "%s", "${env.PATH}", "null"}
	l := language()
	var templates []*expr.Template
	for _, text := range []string{
		"${body.v}", "<${body.v}>", "<${'' + body.v}>", "<${@text.append(body.v)}>", "<${body['v']}>",
		"<${[body.v][0]}>", "<${{a: body.v}.a}>", "<${@text.format('%s', body.v)}>", "<${fromJSON(toJSON(body.v))}>",
		"<${@convert.fromBase64(@convert.toBase64(body.v))}>", "<${@text.concat('', map([body.v], #))}>", "<${@text.replaceAll('x', 'x', body.v)}>",
	} {
		tmpl, err := l.Template(text)
		if err != nil {
			t.Fatal(err)
		}
		templates = append(templates, tmpl)
	}
	r := rand.New(rand.NewPCG(1, 2))
	rounds := 100_000 / len(templates)
	if testing.Short() {
		rounds /= 10
	}
	for range rounds {
		var b strings.Builder
		for range r.IntN(8) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		v := b.String()
		env := expr.Env{"body": map[string]any{"v": v}, "vars": map[string]any{"secret": secret}}
		for i, tmpl := range templates {
			got, err := tmpl.Eval(t.Context(), env)
			want := "<" + v + ">"
			if i == 0 {
				want = v
			}
			if err != nil || got != want {
				t.Fatalf("template %d of %q gave %q, %v", i, v, got, err)
			}
		}
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, target, vars, value, want string }{
		{"new name", `vars.x`, `{}`, `1`, `{"x":1}`},
		{"delimited", `${vars.x}`, `{"x":1,"y":2}`, `[3]`, `{"x":[3],"y":2}`},
		{"other delimiter", ` #{ vars.x } `, `{}`, `1`, `{"x":1}`},
		{"deep", `vars.a.b.c`, `{"a":{"k":1}}`, `true`, `{"a":{"k":1,"b":{"c":true}}}`},
		{"quoted", `vars.a['b c']`, `{}`, `1`, `{"a":{"b c":1}}`},
		{"index", `vars.list[1]`, `{"list":[1,2,3]}`, `9`, `{"list":[1,9,3]}`},
		{"append", `vars.list[3]`, `{"list":[1,2,3]}`, `9`, `{"list":[1,2,3,9]}`},
		{"index then name", `vars.list[0].n`, `{"list":[{"n":1,"m":2}]}`, `9`, `{"list":[{"n":9,"m":2}]}`},
		{"dynamic", `vars.m[body.key]`, `{"m":{}}`, `9`, `{"m":{"dyn":9}}`},
		{"dynamic index", `vars.list[body.i + 1]`, `{"list":[1,2]}`, `9`, `{"list":[1,9]}`},
		{"null root", `vars.x`, `null`, `1`, `{"x":1}`},
	}
	env := expr.Env{"body": map[string]any{"key": "dyn", "i": 0}}
	for _, c := range cases {
		target, err := language().Target(c.target)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if target.Root() != "vars" {
			t.Errorf("%s: root %q", c.name, target.Root())
		}
		vars := decode(t, c.vars)
		got, err := target.Set(t.Context(), env, vars, decode(t, c.value))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(decode(t, c.want), got); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
		if diff := cmp.Diff(decode(t, c.vars), vars); diff != "" {
			t.Errorf("%s changed its input:\n%s", c.name, diff)
		}
	}
	body, err := language().Target("body")
	if err != nil || body.Root() != "body" {
		t.Fatalf("body: %v", err)
	}
	if got, err := body.Set(t.Context(), nil, 1, "new"); err != nil || got != "new" {
		t.Errorf("body: %v, %v", got, err)
	}
}

func TestTargetErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`vars`:           "vars itself",
		`x`:              `"x" cannot be written to; write vars.x`,
		`bdy.x`:          `did you mean "body"?`,
		`event.x`:        `cannot be written to`,
		`1 + 1`:          "nothing can be written here",
		`vars.x + 1`:     "nothing can be written here",
		`vars.x.size()`:  "nothing can be written here",
		`@text.uuid()`:   "nothing can be written here",
		`a ${vars.x}`:    `unexpected "$"`,
		`${vars.x} b`:    "one expression",
		``:               "empty",
		`vars.`:          "",
		`vars.list[bdy]`: `unknown name "bdy"`,
		`vars.list[1:2]`: "nothing can be written here",
	} {
		_, err := language().Target(text)
		if err == nil || fault.CodeOf(err) != fault.ExprSyntax || !strings.Contains(err.Error(), want) || position(err) == "0:0" {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		`vars.list[5]`: "2 items and no such index", `vars.list.x`: "no such index", `vars.n.x`: "leads into a number", `vars[body]`: "not a text",
	} {
		target, err := language().Target(text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = target.Set(t.Context(), nil, decode(t, `{"list":[1,2],"n":1}`), 1)
		if fault.CodeOf(err) != fault.ExprEval || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

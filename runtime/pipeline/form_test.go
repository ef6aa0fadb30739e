package pipeline_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/pipeline"
)

func TestToYAML(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		form      pipeline.Form
		src, want string
		fault     string
	}{
		"pairs":            {form: pipeline.FormPairs, src: `datetime=format:dd.MM.YY&body.set=value:"a;b&c"`, fault: "adhoc:1:35: a parameter is written name:value"},
		"pairs, encoded":   {form: pipeline.FormPairs, src: `datetime=format:dd.MM.YY&set.body=value:%22a;b%26c%22`, want: "pipeline:\n  - datetime:\n      format: dd.MM.YY\n  - set.body:\n      value: a;b&c\n"},
		"no parameters":    {form: pipeline.FormPairs, src: "exit&log=", want: "pipeline:\n  - exit\n  - log\n"},
		"a value alone":    {form: pipeline.FormPairs, src: "iam.run.as=systemuser", want: "pipeline:\n  - iam.run.as: systemuser\n"},
		"many parameters":  {form: pipeline.FormPairs, src: "var.set=key:a;value:5&log=message: x y ;level:WARN", want: "pipeline:\n  - var.set:\n      key: a\n      value: 5\n  - log:\n      message: x y\n      level: WARN\n"},
		"JSON":             {form: pipeline.FormPairs, src: `set=value:{"b":[1,"x;y"],"a":null}`, want: "pipeline:\n  - set:\n      value:\n        b:\n          - 1\n          - x;y\n        a: null\n"},
		"expression":       {form: pipeline.FormPairs, src: `log=message:${body.a == "x;y" ? {a: ';'} : 1};level:WARN`, want: "pipeline:\n  - log:\n      message: '${body.a == \"x;y\" ? {a: '';''} : 1}'\n      level: WARN\n"},
		"text like others": {form: pipeline.FormPairs, src: `set=value:"true"`, want: "pipeline:\n  - set:\n      value: \"true\"\n"},
		"twice":            {form: pipeline.FormPairs, src: `log=message:a;message:b`, fault: `the parameter "message" is given twice`},
		"no name":          {form: pipeline.FormPairs, src: `=a:b`, fault: "the name of a command is missing"},
		"empty":            {form: pipeline.FormPairs, src: ``, fault: "the name of a command is missing"},
		"bad escape":       {form: pipeline.FormPairs, src: `log=message:%zz`, fault: "the text is not url-encoded"},
		"no colon":         {form: pipeline.FormPairs, src: `log=message:a;b`, fault: "a parameter is written name:value"},
		"URI":              {form: pipeline.FormURI, src: "datetime?format=dd.MM.YYYY|log", want: "pipeline:\n  - datetime:\n      format: dd.MM.YYYY\n  - log\n"},
		"URI, encoded":     {form: pipeline.FormURI, src: "log?message=a%7Cb%26c+d&level=WARN", want: "pipeline:\n  - log:\n      message: a|b&c d\n      level: WARN\n"},
		"URI, value alone": {form: pipeline.FormURI, src: "iam.run.as?systemuser", want: "pipeline:\n  - iam.run.as: systemuser\n"},
		"JSON file":        {form: pipeline.FormJSON, src: `{"vars":{"z":1,"a":12345678901234567890},"pipeline":[{"log":{"message":"a\nb"}},"exit"]}`, want: "vars:\n  z: 1\n  a: 12345678901234567890\npipeline:\n  - log:\n      message: |-\n        a\n        b\n  - exit\n"},
		"not JSON":         {form: pipeline.FormJSON, src: `{"pipeline":`, fault: "the text is not JSON"},
	} {
		got, err := pipeline.ToYAML(c.form, "adhoc", []byte(c.src))
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%s: %v, want %s", name, err, c.fault)
			}
			continue
		}
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, c.want)
		}
	}
}

// The form of the text changes nothing of what it means.
func TestLoadForm(t *testing.T) {
	t.Parallel()
	for form, text := range map[pipeline.Form]string{
		pipeline.FormYAML:  "pipeline:\n  - body.set: {value: {a: 1}}\n  - body.set: ${body.a + 1}\n",
		pipeline.FormJSON:  `{"pipeline":[{"body.set":{"value":{"a":1}}},{"body.set":"${body.a + 1}"}]}`,
		pipeline.FormPairs: `body.set=value:{"a":1}&body.set=value:${body.a %2B 1}`,
		pipeline.FormURI:   `body.set?value={"a":1}|body.set?value=${body.a %2B 1}`,
	} {
		p, err := pipeline.LoadForm(form, "adhoc", []byte(text), deps(t, &world{}))
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		out, err := p.Run(t.Context(), pipeline.Input{Now: now})
		if err != nil || out.Body != 2 {
			t.Errorf("%s gives %v, %v", form, out.Body, err)
		}
	}
	_, err := pipeline.LoadForm(pipeline.FormPairs, "adhoc", []byte("body.set=value:1&lgo=message:x&event.listen=a.b"), deps(t, &world{}))
	if err == nil || !strings.Contains(err.Error(), `adhoc:1:18: unknown command "lgo"`) || !strings.Contains(err.Error(), "adhoc:1:32: ") {
		t.Errorf("the faults are %v", err)
	}
}

// What a text of another form becomes in YAML is read, and becomes the same again.
func FuzzToYAML(f *testing.F) {
	for _, text := range []string{
		`datetime=format:dd.MM.YY&set.body=value:%22a%22`, "log?message=a|exit", `{"pipeline":[{"log":{"message":"a"}}]}`,
		`set=value:{"b":[1,"x;y"]}&log=message:${body.a == "x;y"}`, "a=b:1e5;c:- x&d=e: |", "iam.run.as?%C3%A9",
	} {
		for _, form := range []string{"pairs", "uri", "json"} {
			f.Add(form, []byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, form string, text []byte) {
		switch pipeline.Form(form) {
		case pipeline.FormPairs, pipeline.FormURI, pipeline.FormJSON:
		default:
			return
		}
		once, err := pipeline.ToYAML(pipeline.Form(form), "adhoc", text)
		if err != nil {
			return
		}
		if !utf8.Valid(once) {
			t.Fatalf("%q is not UTF-8", once)
		}
		twice, err := pipeline.ToYAML(pipeline.FormYAML, "adhoc", once)
		if err != nil {
			if len(once) > pipeline.MaxSize || strings.Contains(err.Error(), "nested deeper") || strings.Contains(err.Error(), "control") {
				return
			}
			t.Fatalf("%q cannot be read: %v", once, err)
		}
		if string(once) != string(twice) {
			t.Fatalf("%q becomes %q", once, twice)
		}
	})
}

package schema_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"
	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/pipeline/schema"
)

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// registry holds the built-in commands, and those that the golden cases of the language use.
func registry(t testing.TB) *command.Registry {
	t.Helper()
	defs := append(builtin.All(builtin.Deps{Now: now}), command.Definition{Spec: command.Spec{
		Name: "mail.send", Effect: true,
		Params: []command.Param{
			{Name: "to", Type: command.TypeList, Required: true},
			{Name: "subject", Type: command.TypeText},
			{Name: "message", Type: command.TypeAny, Aliases: []string{"body"}},
			{Name: "urgent", Type: command.TypeBoolean},
			{Name: "output_form", Type: command.TypeText, Enum: []string{"plain", "html-mail"}},
			{Name: "size", Type: command.TypeNumber},
			{Name: "extra", Type: command.TypeMap},
			{Name: "after", Type: command.TypeDuration},
			{Name: "channel", Type: command.TypeText, Literal: true},
		},
		Result: "A receipt.",
	}})
	for _, name := range []string{"note", "effect", "break", "http", "fail", "flaky", "panic", "hang", "usurp"} {
		defs = append(defs, command.Definition{Spec: command.Spec{Name: "test." + name, Open: true, Result: "What the test says."}})
	}
	r, err := command.NewRegistry(defs...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func deps(t testing.TB) pipeline.Deps {
	t.Helper()
	everything := iam.Identity{Roles: []string{"all"}, Pipelines: []string{"*"}}
	policy, err := iam.NewPolicy(map[string][]string{"all": {"CAN_CMD_*"}}, map[string]iam.Identity{iam.Anonymous: everything, "systemuser": everything, "locked": everything})
	if err != nil {
		t.Fatal(err)
	}
	return pipeline.Deps{Commands: registry(t), Language: expr.New(expr.Options{Now: now}), Policy: policy}
}

// compile reads a schema as an editor does, and holds it against the schema of its draft.
func compile(t testing.TB, s map[string]any) *jsonschema.Schema {
	t.Helper()
	text, err := schema.Text(s)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	meta, err := c.Compile("http://json-schema.org/draft-07/schema#")
	if err != nil {
		t.Fatal(err)
	}
	if err := meta.Validate(doc); err != nil {
		t.Fatalf("the schema does not fit draft-07: %v", err)
	}
	if err := c.AddResource("pipeline.json", doc); err != nil {
		t.Fatal(err)
	}
	out, err := c.Compile("pipeline.json")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// instance reads YAML as an editor does: keys are texts.
func instance(t testing.TB, text []byte) any {
	t.Helper()
	if v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text)); err == nil {
		return v
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(plain(t, doc.Content[0]))
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func plain(t testing.TB, n *yaml.Node) any {
	t.Helper()
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			out[n.Content[i].Value] = plain(t, n.Content[i+1])
		}
		return out
	case yaml.SequenceNode:
		out := []any{}
		for _, item := range n.Content {
			out = append(out, plain(t, item))
		}
		return out
	}
	if n.Tag == "!!timestamp" {
		return n.Value
	}
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestAcceptsWhatCompiles holds the schema against every pipeline at hand that the compiler accepts.
func TestAcceptsWhatCompiles(t *testing.T) {
	t.Parallel()
	s, d := compile(t, schema.Pipeline(registry(t))), deps(t)
	seen := 0
	try := func(name string, text []byte) {
		base := filepath.Base(name)
		if _, err := pipeline.Load(base, text, d); err != nil {
			return
		}
		seen++
		if err := s.Validate(instance(t, text)); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
	var archives []string
	for _, pattern := range []string{"../testdata/*/*.txt", "../testdata/*/*.txtar", "../testdata/*.txtar"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, found...)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			switch {
			case strings.HasSuffix(f.Name, pipeline.Suffix), strings.HasSuffix(f.Name, pipeline.SuffixJSON):
				try(f.Name, f.Data)
			case strings.HasSuffix(f.Name, ".other"):
				try("other"+pipeline.Suffix, f.Data)
			}
		}
	}
	if seen < 150 {
		t.Errorf("only %d golden cases compile", seen)
	}
	files, err := filepath.Glob("../../../examples/*/pipelines/*.pi.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before := seen
		if try(file, text); seen == before {
			t.Errorf("%s does not compile", file)
		}
	}
	specs := append(pipeline.FlowCommands(), pipeline.TriggerCommands()...)
	for _, def := range registry(t).Definitions() {
		specs = append(specs, def.Spec)
	}
	for _, spec := range specs {
		for _, ex := range spec.Examples {
			try(spec.Name+pipeline.Suffix, []byte(ex.Pipeline))
		}
	}
}

// TestForms holds one command in every form, right and wrong ones; the compiler must agree.
func TestForms(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/forms.txtar")
	if err != nil {
		t.Fatal(err)
	}
	s, d := compile(t, schema.Pipeline(registry(t))), deps(t)
	accepted, refused := 0, 0
	for _, f := range archive.Files {
		good := !strings.HasPrefix(f.Name, "bad-")
		if good {
			accepted++
		} else {
			refused++
		}
		_, cause := pipeline.Load("a.pi.yaml", f.Data, d)
		if (cause == nil) != good {
			t.Errorf("%s: the compiler says %v", f.Name, cause)
		}
		if err := s.Validate(instance(t, f.Data)); (err == nil) != good {
			t.Errorf("%s: the schema says %v\n%s", f.Name, err, f.Data)
		}
	}
	if accepted < 25 || refused < 40 {
		t.Errorf("%d forms are right and %d wrong", accepted, refused)
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		command, good, bad string
	}{
		"built-in":          {"log", `{message: x, level: WARN}`, `{massage: x}`},
		"old name":          {"set.var", `{key: a, value: 1}`, `{value: 1}`},
		"flow":              {"foreach", `{in: "${body}", do: [exit]}`, `{in: "${body}", do: [{logg: x}]}`},
		"trigger":           {"event.listen", `{key: a.b}`, `{selector: x}`},
		"without a result":  {"log", `{message: x}`, `{message: x, output: vars.x}`},
		"takes no output":   {"while", `{condition: "${body}", do: [exit], retry: 2}`, `{condition: "${body}", do: [exit], output: vars.x}`},
		"takes what it has": {"test.note", `{whatever: 1}`, `{retry: often}`},
	} {
		made, err := schema.Command(registry(t), c.command)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s := compile(t, made)
		if err := s.Validate(instance(t, []byte(c.good))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Validate(instance(t, []byte(c.bad))); err == nil {
			t.Errorf("%s: %s fits", name, c.bad)
		}
	}
	_, err := schema.Command(registry(t), "foreech")
	if fault.CodeOf(err) != fault.CommandUnknown || !strings.Contains(err.(*fault.Error).Hint, "foreach") { //nolint:errorlint // it is the fault itself
		t.Errorf("unknown: %v", err)
	}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	s := compile(t, schema.Webhook(builtin.WebhookParams()))
	for text, fits := range map[string]bool{
		"eventKey: webhook.lead\ntoken: env:LEAD\npayloadType: raw\n":         true,
		"eventKey: webhook.lead\ntoken: [env:A, env:B]\nverify: github\n":     true,
		"eventKey: webhook.lead\ntoken: 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b\n": false,
		"eventKey: webhook.lead\n":                                            false,
		"eventKey: webhook.lead\ntoken: env:A\nverson: 1\n":                   false,
		"eventKey: webhook.lead\ntoken: env:A\nenabled: maybe\n":              false,
	} {
		if err := s.Validate(instance(t, []byte(text))); (err == nil) != fits {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestTells looks for what people read in an editor.
func TestTells(t *testing.T) {
	t.Parallel()
	text, err := schema.Text(schema.Pipeline(registry(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"deprecationMessage": "write pipeline.run"`, `"deprecated": true`, `"markdownDescription": "**foreach** — `, `"default": 1000`,
		"Another name of `eventKey`.", `"doNotSuggest": true`, "One of `TRACE`, `DEBUG`",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the schema does not hold %s", want)
		}
	}
	again, err := schema.Text(schema.Pipeline(registry(t)))
	if err != nil || !bytes.Equal(text, again) {
		t.Errorf("the schema is another one each time: %v", err)
	}
}

func BenchmarkPipeline(b *testing.B) {
	r := registry(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schema.Text(schema.Pipeline(r)); err != nil {
			b.Fatal(err)
		}
	}
}

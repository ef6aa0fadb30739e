package editor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience bounds one session of an editor.
const patience = 3 * time.Minute

type action struct {
	Open   string `json:"open,omitempty"`
	Change string `json:"change,omitempty"`
	Text   string `json:"text,omitempty"`
	Ask    string `json:"ask,omitempty"`
	Params any    `json:"params,omitempty"`
	Find   string `json:"find,omitempty"`
}

type task struct {
	Server   []string       `json:"server"`
	Dir      string         `json:"dir"`
	Root     string         `json:"root"`
	Settings map[string]any `json:"settings,omitempty"`
	Actions  []action       `json:"actions"`
}

type outcome struct {
	Capabilities map[string]any    `json:"capabilities"`
	Answers      []json.RawMessage `json:"answers"`
	Code         int               `json:"code"`
}

func uri(name string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String()
}

// program builds the product.
func program(t *testing.T) string {
	t.Helper()
	pi := filepath.Join(t.TempDir(), "pi")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", pi, "../../../cmd/pi").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return pi
}

// edit lets an editor do its task with a server.
func edit(t *testing.T, job task) outcome {
	t.Helper()
	text, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "main.mjs")
	cmd.Stdin = bytes.NewReader(append(text, '\n'))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("this test needs Node.js and the libraries of package.json, which `make node` installs: %v\n%s", err, stderr.String())
	}
	var o outcome
	if err := json.Unmarshal(out, &o); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, stderr.String())
	}
	if o.Code != 0 || len(o.Answers) != len(job.Actions) {
		t.Fatalf("the server ended with %d after %d of %d actions\n%s", o.Code, len(o.Answers), len(job.Actions), stderr.String())
	}
	return o
}

func place(doc string, line, character int) map[string]any {
	return map[string]any{"textDocument": map[string]any{"uri": doc}, "position": map[string]any{"line": line, "character": character}}
}

// TestServer lets the client of the protocol, which checks every message, speak with `pi lsp`.
func TestServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "pipelines"), 0o700); err != nil {
		t.Fatal(err)
	}
	order := filepath.Join(dir, "pipelines", "order.pi.yaml")
	if err := os.WriteFile(order, []byte("pipeline:\n  - log\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	doc := uri(filepath.Join(dir, "pipelines", "lead.pi.yaml"))
	const text = "pipeline:\n  - iam.run.as: systemuser\n  - logg: für 😀\n  - pipeline.run: order\n  - \n"
	all := map[string]any{"start": map[string]any{"line": 0, "character": 0}, "end": map[string]any{"line": 9, "character": 0}}
	o := edit(t, task{Server: []string{program(t), "lsp"}, Dir: dir, Root: uri(dir), Actions: []action{
		{Open: doc, Text: text},
		{Find: doc},
		{Ask: "textDocument/codeAction", Params: map[string]any{"textDocument": map[string]any{"uri": doc}, "range": all, "context": map[string]any{"diagnostics": []any{}}}},
		{Change: doc, Text: strings.Replace(text, "logg", "log", 1)},
		{Ask: "textDocument/completion", Params: place(doc, 4, 4)},
		{Ask: "textDocument/hover", Params: place(doc, 2, 5)},
		{Ask: "textDocument/definition", Params: place(doc, 3, 20)},
		{Ask: "textDocument/documentSymbol", Params: map[string]any{"textDocument": map[string]any{"uri": doc}}},
	}})
	for i, want := range map[int]string{
		1: `"code":"command.unknown"`, 2: `"newText":"log"`, 4: `"label":"foreach"`, 5: "Writes a line to the log.", 6: uri(order), 7: `"name":"pipeline.run"`,
	} {
		if !strings.Contains(string(o.Answers[i]), want) {
			t.Errorf("action %d: %.2000s", i, o.Answers[i])
		}
	}
	if o.Capabilities["hoverProvider"] != true {
		t.Errorf("capabilities: %v", o.Capabilities)
	}
}

// TestSchema lets yaml-language-server check and complete with what `pi schema` prints.
func TestSchema(t *testing.T) {
	t.Parallel()
	dir, pi := t.TempDir(), program(t)
	schema, err := exec.CommandContext(t.Context(), pi, "schema").Output()
	if err != nil {
		t.Fatal(err)
	}
	// the examples send mails, with a plugin that is built elsewhere: its command is described here
	schema = bytes.Replace(schema, []byte(`"command.log": {`), []byte(`"command.mail.send": {"type": "object"}, "command.log": {`), 1)
	schema = bytes.ReplaceAll(schema, []byte(`"log": {`), []byte(`"mail.send": {"$ref": "#/definitions/command.mail.send"}, "log": {`))
	for kind, text := range map[string][]byte{"pipeline": schema, "webhook": nil, "test": nil} {
		if text == nil {
			if text, err = exec.CommandContext(t.Context(), pi, "schema", kind).Output(); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, kind+".schema.json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	job := task{
		Server: []string{"node_modules/.bin/yaml-language-server", "--stdio"}, Root: uri(dir),
		Settings: map[string]any{
			"yaml": map[string]any{"validate": true, "completion": true, "hover": true, "schemaStore": map[string]any{"enable": false}},
			"http": map[string]any{}, "[yaml]": map[string]any{}, "editor": map[string]any{}, "files": map[string]any{},
		},
	}
	wanted := map[int]string{} // findings and answers that hold a text; none is wanted otherwise
	ask := func(a action, want string) {
		wanted[len(job.Actions)] = want
		job.Actions = append(job.Actions, a)
	}
	check := func(name, text, want string) string {
		doc, kind := uri(filepath.Join(dir, name)), "pipeline"
		for _, other := range []string{"webhook", "test"} {
			if strings.HasSuffix(name, "."+other+".yaml") {
				kind = other
			}
		}
		ask(action{Open: doc, Text: "# yaml-language-server: $schema=" + kind + ".schema.json\n" + text}, "null")
		ask(action{Find: doc}, want)
		return doc
	}
	examples, err := filepath.Glob("../../../examples/*/pipelines/*.pi.yaml")
	if err != nil || len(examples) < 5 {
		t.Fatalf("%d examples, %v", len(examples), err)
	}
	for _, name := range examples {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		check(filepath.Base(name), string(text), "[]")
	}
	check("forms.pi.yaml", "headers: {onError: LOG}\npipeline:\n  - log\n  - log:v1: x\n  - if: ${body}\n  - set: [1, 2]\n  - if.end\n"+
		"  - foreach:\n      in: ${body}\n      do:\n        - log: {level: warn, retry: {times: 3, backoff: exponential}}\n", "[]")
	check("unknown.pi.yaml", "pipeline:\n  - logg: x\n", "logg is not allowed")
	check("parameter.pi.yaml", "pipeline:\n  - log: {massage: x}\n", "massage is not allowed")
	check("trigger.pi.yaml", "pipeline:\n  - log\n  - event.listen: a.b\n", "event.listen is not allowed")
	check("missing.pi.yaml", "pipeline:\n  - var.set: {key: a}\n", `Missing property \"value\"`)
	check("enum.pi.yaml", "pipeline:\n  - log: {message: x, level: WARNING}\n", "WARN")
	check("old.pi.yaml", "pipeline:\n  - set.var: {key: a, value: 1}\n", "write var.set")
	check("leads.webhook.yaml", "eventKey: webhook.lead.created\ntoken: env:LEADS\npayloadType: raw\n", "[]")
	check("wrong.webhook.yaml", "eventKey: webhook.lead.created\npayloadTyp: raw\n", "payloadTyp is not allowed")
	check("lead.test.yaml", "cases:\n  - name: x\n    given: {event: {payload: {a: 1}}}\n    mocks: [{command: log, fail: mail.rejected}]\n    expect: {status: done, steps: [log]}\n", "[]")
	check("wrong.test.yaml", "cases:\n  - name: x\n    expect: {state: done}\n", "state is not allowed")
	doc := check("typing.pi.yaml", "pipeline:\n  - log: {message: x}\n  - fore\n", "stand alone")
	ask(action{Ask: "textDocument/completion", Params: place(doc, 3, 8)}, `"foreach"`)
	ask(action{Ask: "textDocument/hover", Params: place(doc, 2, 5)}, "Writes a line to the log")
	ask(action{Ask: "textDocument/hover", Params: place(doc, 2, 12)}, "What to write")
	o := edit(t, job)
	for i, answer := range o.Answers {
		if want := wanted[i]; want == "[]" && string(answer) != want || !strings.Contains(string(answer), want) {
			t.Errorf("%s%s: %.1500s, want %s", job.Actions[i].Find, job.Actions[i].Ask, answer, want)
		}
	}
}

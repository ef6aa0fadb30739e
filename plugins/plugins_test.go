package plugins_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/internal/testkit/smtpsink"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/commandtest"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm"
	"github.com/penstock/penstock/runtime/wasm/capability"
	"github.com/penstock/penstock/runtime/wasm/capability/mail"
)

// cases is a plugin's testdata/cases.yaml.
type cases struct {
	Grants map[string]map[string]any `yaml:"grants"`
	Cases  []testCase                `yaml:"cases"`
}

// testCase is one step of a pipeline and what comes of it. Result names what the body must hold at least;
// Code is the code of the failure. Mail is what the SMTP server must have got; nil = nothing.
type testCase struct {
	Name   string         `yaml:"name"`
	Step   map[string]any `yaml:"step"` // command: parameters
	Body   any            `yaml:"body"`
	Result map[string]any `yaml:"result"`
	Code   string         `yaml:"code"`
	Mail   *wantMail      `yaml:"mail"`
}

type wantMail struct {
	From     string   `yaml:"from"`
	To       []string `yaml:"to"` // the envelope's recipients
	Contains []string `yaml:"contains"`
	Lacks    []string `yaml:"lacks"`
}

func TestPlugins(t *testing.T) {
	t.Parallel()
	modules, err := filepath.Glob("*/go.mod")
	if err != nil || len(modules) == 0 {
		t.Fatalf("no plugin was found: %v", err)
	}
	cache := t.TempDir() // of compiled code: the tests run one after the other, so that each plugin is compiled once
	for _, module := range modules {
		dir := filepath.Dir(module)
		t.Run(dir, func(t *testing.T) { testPlugin(t, cache, dir) })
	}
	t.Run("mail.send without a grant", func(t *testing.T) { testWithoutGrant(t, cache) })
	t.Run("mail.send while the relay puts off", func(t *testing.T) { testRelayPutsOff(t, cache) })
}

func testPlugin(t *testing.T, cache, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "testdata", "cases.yaml"))
	if err != nil {
		t.Fatalf("a plugin needs cases: %v", err)
	}
	var c cases
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil || len(c.Cases) == 0 {
		t.Fatalf("cases of %s: %d, %v", dir, len(c.Cases), err)
	}
	sink := smtpsink.Start(t, smtpsink.Options{})
	plugin := load(t, cache, dir, c.Grants, relay(t, sink))
	if name := plugin.Manifest().Name; name != dir {
		t.Errorf("the folder %s holds the plugin %s", dir, name)
	}
	for _, right := range plugin.Rights() {
		if right.Asked && !right.Effective {
			t.Errorf("the cases do not grant %s", right.Capability)
		}
	}
	seen := 0
	for _, tc := range c.Cases { // one after the other: they share the mailbox
		t.Run(tc.Name, func(t *testing.T) {
			tc.run(t, plugin.Definitions())
			mails := sink.Mails()[seen:]
			seen += len(mails)
			tc.checkMail(t, mails)
		})
	}
	for _, def := range plugin.Definitions() {
		for _, e := range def.Spec.Examples {
			t.Run("example "+e.Title, func(t *testing.T) { runExample(t, plugin.Definitions(), e) })
		}
	}
}

// load builds, packs and loads the plugin in dir.
func load(t *testing.T, cache, dir string, grants map[string]map[string]any, capabilities ...capability.Capability) *wasm.Plugin {
	t.Helper()
	host, err := wasm.NewHost(t.Context(), wasm.Options{CacheDir: cache, Capabilities: capabilities})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close(context.WithoutCancel(t.Context())) })
	packed, err := host.Pack(t.Context(), guest.Build(t, dir))
	if err != nil {
		t.Fatalf("packing: %v", err)
	}
	plugin, err := host.Load(t.Context(), wasm.Source{Name: dir, Bytes: packed}, wasm.Settings{Grants: grants})
	if err != nil {
		t.Fatalf("loading: %v", err)
	}
	return plugin
}

func relay(t *testing.T, sink *smtpsink.Sink) *mail.Mail {
	t.Helper()
	host, port := sink.HostPort()
	m, err := mail.New(mail.Options{Host: host, Port: port, TLS: mail.NoTLS, From: "pi@company.tld", FromName: "Penstock"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func (tc *testCase) run(t *testing.T, defs []command.Definition) {
	t.Helper()
	step, err := json.Marshal(tc.Step) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(tc.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := commandtest.Run(t.Context(), defs, fmt.Sprintf("pipeline:\n  - %s\n", step), string(body))
	if code := string(fault.CodeOf(err)); code != tc.Code {
		t.Fatalf("code %q (%v), want %q", code, err, tc.Code)
	}
	if err != nil || tc.Result == nil {
		return
	}
	var result map[string]any
	if err := json.Unmarshal([]byte(got), &result); err != nil {
		t.Fatalf("the result %s is no map", got)
	}
	for name, want := range tc.Result {
		if fmt.Sprint(result[name]) != fmt.Sprint(want) {
			t.Errorf("%s of the result is %v, want %v", name, result[name], want)
		}
	}
}

func (tc *testCase) checkMail(t *testing.T, got []smtpsink.Mail) {
	t.Helper()
	if tc.Mail == nil {
		if len(got) != 0 {
			t.Errorf("%d mails were sent, want none", len(got))
		}
		return
	}
	if len(got) != 1 {
		t.Fatalf("%d mails were sent, want 1", len(got))
	}
	m := got[0]
	if m.From != tc.Mail.From && tc.Mail.From != "" || !slices.Equal(m.Recipients, tc.Mail.To) {
		t.Errorf("envelope from %s to %v, want from %s to %v", m.From, m.Recipients, tc.Mail.From, tc.Mail.To)
	}
	text := strings.ReplaceAll(string(m.Data), "\r\n", "\n")
	for _, want := range tc.Mail.Contains {
		if !strings.Contains(text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, text)
		}
	}
	for _, no := range tc.Mail.Lacks {
		if strings.Contains(text, no) {
			t.Errorf("the mail holds %q:\n%s", no, text)
		}
	}
}

func runExample(t *testing.T, defs []command.Definition, e command.Example) {
	t.Helper()
	got, err := commandtest.Run(t.Context(), defs, e.Pipeline, e.Body)
	if code := string(fault.CodeOf(err)); code != e.WantCode {
		t.Fatalf("code %q (%v), want %q", code, err, e.WantCode)
	}
	if e.Want != "" && got != e.Want {
		t.Errorf("body %s, want %s", got, e.Want)
	}
}

func testWithoutGrant(t *testing.T, cache string) {
	t.Helper()
	sink := smtpsink.Start(t, smtpsink.Options{})
	plugin := load(t, cache, "mail.send", nil, relay(t, sink))
	_, err := commandtest.Run(t.Context(), plugin.Definitions(), "pipeline:\n  - mail.send: {to: a@company.tld, message: x}\n", "")
	if fault.CodeOf(err) != fault.PluginDenied {
		t.Errorf("error %v, want %s", err, fault.PluginDenied)
	}
	if n := sink.Connections(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

func testRelayPutsOff(t *testing.T, cache string) {
	t.Helper()
	sink := smtpsink.Start(t, smtpsink.Options{Reply: func(stage smtpsink.Stage, _ string) int {
		if stage == smtpsink.StageData {
			return 451
		}
		return 0
	}})
	plugin := load(t, cache, "mail.send", map[string]map[string]any{"mail": {"recipients": []any{"*"}}}, relay(t, sink))
	_, err := commandtest.Run(t.Context(), plugin.Definitions(), "pipeline:\n  - mail.send: {to: a@company.tld, message: x}\n", "")
	if retry, _ := fault.Retryable(err); fault.CodeOf(err) != fault.MailRelay || !retry {
		t.Errorf("error %v (retryable %t), want a retryable %s", err, retry, fault.MailRelay)
	}
}

func BenchmarkMailSend(b *testing.B) {
	host, err := wasm.NewHost(b.Context(), wasm.Options{Capabilities: []capability.Capability{taker{}}})
	if err != nil {
		b.Fatal(err)
	}
	defer host.Close(context.WithoutCancel(b.Context()))
	packed, err := host.Pack(b.Context(), guest.Build(b, "mail.send"))
	if err != nil {
		b.Fatal(err)
	}
	plugin, err := host.Load(b.Context(), wasm.Source{Name: "mail.send", Bytes: packed}, wasm.Settings{Grants: map[string]map[string]any{"mail": nil}})
	if err != nil {
		b.Fatal(err)
	}
	call := command.Call{RunID: "run", Args: map[string]any{
		"to": "name@company.tld", "from": "pi@company.tld", "subject": "hello", "message": strings.Repeat("Jane wants a boat\n", 57),
	}}
	run := plugin.Definitions()[0].Command.Run
	b.ReportAllocs()
	for b.Loop() {
		if _, err := run(b.Context(), call); err != nil {
			b.Fatal(err)
		}
	}
}

// taker is a mail capability that takes everything, so that the benchmark measures the guest.
type taker struct{}

func (taker) Name() string                                     { return "mail" }
func (t taker) Grant(map[string]any) (capability.Power, error) { return t, nil }
func (taker) Call(context.Context, string, []byte) ([]byte, error) {
	return []byte(`{"id":"<1@company.tld>","accepted":1}`), nil
}

package plugintest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	plugin "github.com/penstock/penstock/sdk/go"
)

// Harness is a plugin and the host around it. It is for one goroutine.
type Harness struct {
	Now time.Time // what the host's clock says

	t       testing.TB
	plugin  plugin.Plugin
	answers map[string]Answer
}

// Answer is the host's side of one operation. It gives a value that becomes JSON, or an error, best a
// *plugin.Error.
type Answer func(request json.RawMessage) (any, error)

// New makes a harness. A plugin whose description is wrong fails the test.
func New(tb testing.TB, p plugin.Plugin) *Harness {
	tb.Helper()
	if _, err := p.Manifest(); err != nil {
		tb.Fatalf("plugin %s: %v", p.Name, err)
	}
	return &Harness{
		Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		t:   tb, plugin: p, answers: map[string]Answer{},
	}
}

// On sets the answer to the operation op. An operation without one is denied, and so is one whose
// capability the plugin does not ask for.
func (h *Harness) On(op string, answer Answer) { h.answers[op] = answer }

// Request is a call to make.
type Request struct {
	Command string // empty: the plugin's first one
	Params  any    // becomes the JSON text of an object
	Body    any    // the pipeline's body; becomes JSON
	Context plugin.Context
}

// HostCall is an operation that the plugin asked for.
type HostCall struct {
	Op      string
	Request json.RawMessage
}

// LogLine is a line that the plugin logged.
type LogLine struct {
	Level   plugin.Level
	Message string
}

// Result is what a call left.
type Result struct {
	Body  json.RawMessage // the new body; nil when it stays as it was
	Err   *plugin.Error   // nil on success
	Calls []HostCall
	Logs  []LogLine
}

// Code gives the error's code, "" on success.
func (r Result) Code() string {
	if r.Err == nil {
		return ""
	}
	return r.Err.Code
}

// Run makes one call. An empty context gets the names of a first attempt.
func (h *Harness) Run(r Request) Result {
	h.t.Helper()
	commands := h.plugin.Commands
	index := 0
	if r.Command != "" {
		index = slices.IndexFunc(commands, func(c plugin.Command) bool { return c.Name == r.Command })
	}
	if index < 0 {
		h.t.Fatalf("plugin %s has no command %q", h.plugin.Name, r.Command)
	}
	command := &commands[index]
	params, fault := checkParams(command, h.object(r.Params))
	if fault != nil {
		return Result{Err: fault}
	}
	request := map[string]any{"params": params, "ctx": withDefaults(r.Context, command.Name)}
	if command.Body {
		request["body"] = r.Body
	}
	host := &fakeHost{harness: h}
	outcome := h.plugin.Run(host, index, h.encode(request))
	if outcome.Body != nil && !json.Valid(outcome.Body) {
		h.t.Fatalf("command %s gave a body that is not JSON: %q", command.Name, outcome.Body)
	}
	return Result{Body: outcome.Body, Err: outcome.Err, Calls: host.calls, Logs: host.logs}
}

func withDefaults(c plugin.Context, command string) plugin.Context {
	if c.Run == "" {
		c.Run = "test-event:test-pipeline"
	}
	if c.Pipeline == "" {
		c.Pipeline = "test-pipeline"
	}
	if c.Event == "" {
		c.Event = "test-event"
	}
	c.Command = command
	c.Attempt = max(c.Attempt, 1)
	return c
}

func (h *Harness) encode(v any) []byte {
	h.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		h.t.Fatalf("encoding for the plugin: %v", err)
	}
	return text
}

func (h *Harness) object(v any) map[string]any {
	h.t.Helper()
	m := map[string]any{}
	if v == nil {
		return m
	}
	if err := json.Unmarshal(h.encode(v), &m); err != nil {
		h.t.Fatalf("the parameters are not an object: %v", err)
	}
	return m
}

// fakeHost answers one call and keeps what it saw.
type fakeHost struct {
	harness *Harness
	calls   []HostCall
	logs    []LogLine
}

func (f *fakeHost) Log(level plugin.Level, message string) {
	f.logs = append(f.logs, LogLine{level, message})
}

func (f *fakeHost) Now() time.Time { return f.harness.Now }

func (f *fakeHost) Call(op string, request []byte) ([]byte, error) {
	f.calls = append(f.calls, HostCall{op, slices.Clone(request)})
	capability, _, _ := strings.Cut(op, ".")
	answer := f.harness.answers[op]
	var value any
	var err error
	switch {
	case !slices.Contains(f.harness.plugin.Capabilities, capability):
		err = plugin.Errorf("plugin.denied", "the plugin does not ask for the capability %s", capability)
	case answer == nil:
		err = plugin.Errorf("plugin.denied", "no answer is set for %s", op)
	default:
		value, err = answer(slices.Clone(request))
	}
	if err != nil {
		e := plugin.AsError(err)
		return f.harness.encode(map[string]any{"error": map[string]any{
			"code": e.Code, "message": e.Message, "retryable": e.Retryable,
		}}), nil
	}
	return f.harness.encode(map[string]any{"ok": value}), nil
}

// checkParams does what the host does before a call.
func checkParams(c *plugin.Command, given map[string]any) (map[string]any, *plugin.Error) {
	params, err := c.Parameters()
	if err != nil {
		return nil, plugin.AsError(err)
	}
	out := map[string]any{}
	for name, v := range given {
		i := slices.IndexFunc(params, func(p plugin.Param) bool {
			return p.Name == name || slices.Contains(p.Aliases, name)
		})
		if i < 0 && !c.Open {
			return nil, plugin.Invalidf("command.param", "command %s has no parameter %q", c.Name, name)
		}
		if i >= 0 {
			if fault := checkValue(&params[i], v); fault != nil {
				return nil, fault
			}
			name = params[i].Name
		}
		out[name] = v
	}
	for _, p := range params {
		if _, ok := out[p.Name]; ok {
			continue
		}
		if p.Required {
			return nil, plugin.Invalidf("command.missing_param", "parameter %q is missing", p.Name)
		}
		if p.Default != nil {
			out[p.Name] = p.Default
		}
	}
	return out, nil
}

func checkValue(p *plugin.Param, v any) *plugin.Error {
	got := plugin.Any
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		got = plugin.Text
		if len(p.Enum) > 0 && !slices.Contains(p.Enum, v) {
			return plugin.Invalidf("command.type", "parameter %q must be one of %s", p.Name, strings.Join(p.Enum, ", "))
		}
	case bool:
		got = plugin.Boolean
	case float64:
		got = plugin.Number
		if v == float64(int64(v)) {
			got |= plugin.Integer
		}
	case []any:
		got = plugin.List
	case map[string]any:
		got = plugin.Map
	}
	if p.Type != plugin.Any && p.Type&got == 0 {
		return plugin.Invalidf("command.type", "parameter %q must be %s", p.Name, p.Type)
	}
	return nil
}

// String shows the result for a test's message.
func (r Result) String() string {
	if r.Err != nil {
		return r.Err.Error()
	}
	return fmt.Sprintf("body %s, %d host calls", r.Body, len(r.Calls))
}

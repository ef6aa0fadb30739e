package plugin_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	plugin "github.com/penstock/penstock/sdk/go"
	"github.com/penstock/penstock/sdk/go/plugintest"
)

type shoutParams struct {
	Text   string          `json:"text" plugin:"required,alias=body" doc:"What to shout."`
	Times  int             `json:"times" plugin:"default=1"`
	Mood   string          `json:"mood" plugin:"enum=glad|cross,default=glad,literal"`
	Names  plugin.TextList `json:"names"`
	Key    string          `json:"key" plugin:"secret"`
	Extra  json.RawMessage `json:"extra"`
	Ignore chan int        `json:"-"`
}

func shout() plugin.Plugin {
	return plugin.Plugin{
		Name: "text", Version: "1.2.3", Summary: "Works on text.", Capabilities: []string{"kv"}, MemoryMB: 32,
		Commands: []plugin.Command{
			{
				Name: "text.shout", Summary: "Shouts.", Result: "The text in capitals.", Timeout: 2 * time.Second, Shorthand: "text",
				Examples: []plugin.Example{{Title: "Shout", Params: map[string]any{"text": "a"}}},
				Run: plugin.Typed(func(call *plugin.Call, in shoutParams) (string, error) {
					if in.Text == "" {
						return "", fmt.Errorf("shouting: %w", plugin.Invalidf("text.empty", "there is no text"))
					}
					call.Log(plugin.LevelInfo, "shouting %d times", in.Times)
					return strings.Repeat(strings.ToUpper(in.Text), in.Times) + strings.Join(in.Names, "+"), nil
				}),
			},
			{
				Name: "text.count", Summary: "Counts.", Body: true, Effect: true,
				Run: plugin.Typed(func(call *plugin.Call, _ struct{}) (plugin.None, error) {
					var seen int
					if err := call.Capability("kv.add", map[string]int{"n": len(call.BodyText())}, &seen); err != nil {
						return plugin.None{}, err
					}
					if seen > 9 {
						return plugin.None{}, plugin.Errorf("text.busy", "seen %d", seen).Retry(3 * time.Second)
					}
					return plugin.None{}, nil
				}),
			},
			{
				Name: "text.raw", Summary: "Gives its parameters back.", Params: []plugin.Param{}, Open: true, Result: "The parameters.",
				Run: plugin.Raw(func(_ *plugin.Call, params json.RawMessage) (json.RawMessage, error) {
					if strings.Contains(string(params), "bad") {
						return nil, errors.New("went wrong")
					}
					return params, nil
				}),
			},
		},
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	got, err := shout().Manifest()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"name":"text","version":"1.2.3","abi":1,"sdk":"go/0.1.0","summary":"Works on text.","commands":[` +
		`{"name":"text.shout","summary":"Shouts.","params":{"type":"object","properties":{` +
		`"text":{"type":"string","description":"What to shout.","aliases":["body"]},` +
		`"times":{"type":"integer","default":1},` +
		`"mood":{"type":"string","default":"glad","enum":["glad","cross"],"literal":true},` +
		`"names":{"type":["string","array"]},` +
		`"key":{"type":"string","secret":true},` +
		`"extra":{}},"required":["text"],"additionalProperties":false},` +
		`"result":"The text in capitals.","body":false,"effect":false,"shorthand":"text","timeoutMs":2000,"examples":[{"title":"Shout","params":{"text":"a"}}]},` +
		`{"name":"text.count","summary":"Counts.","params":{"type":"object","properties":{},"additionalProperties":false},"result":"","body":true,"effect":true},` +
		`{"name":"text.raw","summary":"Gives its parameters back.","params":{"type":"object","properties":{}},"result":"The parameters.","body":false,"effect":false}],` +
		`"capabilities":["kv"],"limits":{"memoryMB":32},"isolation":"pooled"}`
	if string(got) != want {
		t.Errorf("manifest:\n%s\nwant:\n%s", got, want)
	}
}

func TestManifestFaults(t *testing.T) {
	t.Parallel()
	fine := plugin.Typed(func(*plugin.Call, struct{}) (plugin.None, error) { return plugin.None{}, nil })
	tests := map[string]struct {
		change func(*plugin.Plugin)
		want   string
	}{
		"name":                 {func(p *plugin.Plugin) { p.Name = "Text" }, `plugin name "Text"`},
		"empty word":           {func(p *plugin.Plugin) { p.Name = "text..a" }, `plugin name "text..a"`},
		"version":              {func(p *plugin.Plugin) { p.Version = "1.x.0" }, `version "1.x.0"`},
		"no command":           {func(p *plugin.Plugin) { p.Commands = nil }, "no command"},
		"twice":                {func(p *plugin.Plugin) { p.Commands[1].Name = p.Commands[0].Name }, "two commands"},
		"no summary":           {func(p *plugin.Plugin) { p.Commands[0].Summary = "" }, "no summary"},
		"no handler":           {func(p *plugin.Plugin) { p.Commands[0].Run = plugin.Handler{} }, "no handler"},
		"result not described": {func(p *plugin.Plugin) { p.Commands[0].Result = "" }, "does not describe its result"},
		"None described":       {func(p *plugin.Plugin) { p.Commands[1].Result = "x" }, "returns None"},
		"shorthand":            {func(p *plugin.Plugin) { p.Commands[0].Shorthand = "no" }, `shorthand "no"`},
		"raw without params":   {func(p *plugin.Plugin) { p.Commands[2].Params = nil }, "raw handler"},
		"doubled alias": {func(p *plugin.Plugin) {
			p.Commands[0].Run, p.Commands[0].Result = fine, ""
			p.Commands[0].Params = []plugin.Param{{Name: "text"}, {Name: "a", Aliases: []string{"text"}}}
		}, `"text" is empty or taken twice`},
		"name of every step": {func(p *plugin.Plugin) {
			p.Commands[2].Params = []plugin.Param{{Name: "output"}}
		}, `"output" belongs to every step`},
		"unknown tag": {func(p *plugin.Plugin) {
			p.Commands[0].Run = plugin.Typed(func(*plugin.Call, struct {
				A string `json:"a" plugin:"requird"`
			},
			) (string, error) {
				return "", nil
			})
		}, `unknown word "requird"`},
		"no json tag": {func(p *plugin.Plugin) {
			p.Commands[0].Run = plugin.Typed(func(*plugin.Call, struct{ A string }) (string, error) { return "", nil })
		}, "json tag"},
		"not a struct": {func(p *plugin.Plugin) {
			p.Commands[0].Run = plugin.Typed(func(*plugin.Call, string) (string, error) { return "", nil })
		}, "need a struct"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := shout()
			test.change(&p)
			if _, err := p.Manifest(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	type request = plugintest.Request
	tests := map[string]struct {
		request request
		body    string
		code    string
	}{
		"typed":           {request{Params: map[string]any{"text": "ab", "times": 2}}, `"ABAB"`, ""},
		"alias":           {request{Params: map[string]any{"body": "ab"}}, `"AB"`, ""},
		"text as list":    {request{Params: map[string]any{"text": "a", "names": "x"}}, `"Ax"`, ""},
		"list":            {request{Params: map[string]any{"text": "a", "names": []string{"x", "y"}}}, `"Ax+y"`, ""},
		"handler's error": {request{Params: map[string]any{"text": ""}}, "", "text.empty"},
		"missing":         {request{}, "", "command.missing_param"},
		"unknown":         {request{Params: map[string]any{"text": "a", "tex": 1}}, "", "command.param"},
		"wrong type":      {request{Params: map[string]any{"text": 1}}, "", "command.type"},
		"wrong in list":   {request{Params: map[string]any{"text": "a", "names": []any{1}}}, "", "command.type"},
		"enum":            {request{Params: map[string]any{"text": "a", "mood": "sad"}}, "", "command.type"},
		"none":            {request{Command: "text.count", Body: "four"}, "", ""},
		"retryable":       {request{Command: "text.count", Body: "more than nine"}, "", "text.busy"},
		"raw":             {request{Command: "text.raw", Params: map[string]any{"any": []int{1}}}, `{"any":[1]}`, ""},
		"plain error":     {request{Command: "text.raw", Params: map[string]any{"any": "bad"}}, "", plugin.CodeFailed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := plugintest.New(t, shout())
			h.On("kv.add", func(request json.RawMessage) (any, error) {
				var r struct{ N int }
				err := json.Unmarshal(request, &r)
				return r.N, err
			})
			got := h.Run(test.request)
			if string(got.Body) != test.body || got.Code() != test.code {
				t.Errorf("got %v (code %q), want body %s, code %q", got, got.Code(), test.body, test.code)
			}
			if test.code == "text.busy" && (!got.Err.Retryable || got.Err.RetryAfter != 3*time.Second) {
				t.Errorf("error %+v, want a retry after 3 s", got.Err)
			}
		})
	}
}

func TestErrorsQuoteNoValue(t *testing.T) {
	t.Parallel()
	const request = `{"params":{"text":{"hush":"s3cret"},"times":12345.5},"ctx":{}}`
	outcome := shout().Run(nil, 0, []byte(request))
	if outcome.Status != plugin.StatusBadInput || outcome.Err.Code != "command.type" {
		t.Fatalf("outcome %+v, want bad input", outcome)
	}
	for _, word := range []string{"s3cret", "12345", "shoutParams"} {
		if strings.Contains(outcome.Err.Message, word) {
			t.Errorf("message %q tells %q", outcome.Err.Message, word)
		}
	}
}

func TestRunOfUnknownIndex(t *testing.T) {
	t.Parallel()
	for _, index := range []int{-1, 3} {
		if got := shout().Run(nil, index, []byte(`{}`)); got.Err == nil || got.Err.Code != "plugin.protocol" {
			t.Errorf("index %d: %+v, want plugin.protocol", index, got)
		}
	}
}

func TestCapabilityDenied(t *testing.T) {
	t.Parallel()
	h := plugintest.New(t, shout())
	got := h.Run(plugintest.Request{Command: "text.count", Body: "x"})
	if got.Code() != "plugin.denied" {
		t.Errorf("got %v, want plugin.denied", got)
	}
	if len(got.Calls) != 1 || got.Calls[0].Op != "kv.add" || string(got.Calls[0].Request) != `{"n":1}` {
		t.Errorf("host calls %+v", got.Calls)
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	got := plugintest.New(t, shout()).Run(plugintest.Request{Params: map[string]any{"text": "x"}})
	want := plugintest.LogLine{Level: plugin.LevelInfo, Message: "shouting 1 times"}
	if len(got.Logs) != 1 || got.Logs[0] != want {
		t.Errorf("logs %+v, want %+v", got.Logs, want)
	}
}

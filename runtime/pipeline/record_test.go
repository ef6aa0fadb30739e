package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
)

const canary = "s3cret-canary-4711"

// login is a command that takes a secret and tells it wherever it can.
func login() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name: "test.login", Effect: true, Result: "What it got.",
			Params: []command.Param{{Name: "user", Type: command.TypeText}, {Name: "phrase", Type: command.TypeAny, Secret: true}, {Name: "fail", Type: command.TypeBoolean}},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			text := fmt.Sprint(call.Args["phrase"])
			call.Logger.Warn("logging in with "+text, "phrase", text) //nolint:sloglint // plugins do so
			if call.Args["fail"] == true {
				return command.Result{}, fault.Wrap(fault.PluginFailed, fmt.Errorf("the other side knows no %s", text), "logging in with %s", text)
			}
			return command.Value(map[string]any{"echo": text, "user": call.Args["user"]}), nil
		}),
	}
}

func recorded(t *testing.T, text string, in pipeline.Input) (out pipeline.Outcome, log string, failure error) {
	t.Helper()
	w := &world{}
	d := deps(t, w)
	registry, err := command.NewRegistry(append(w.commands(), login())...)
	if err != nil {
		t.Fatal(err)
	}
	d.Commands = registry
	p, err := pipeline.Load("a.pi.yaml", []byte(text), d)
	if err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	in.Now, in.Logger, in.RunID = now, slog.New(slog.NewTextHandler(&lines, nil)), "r"
	out, failure = p.Run(t.Context(), in)
	return out, lines.String(), failure
}

// values shows what was recorded, one step a line.
func values(steps []run.Step) string {
	var b strings.Builder
	for _, s := range steps {
		input := strings.Replace(string(s.Input), `,"identity":"anonymousUser"`, "", 1)
		fmt.Fprintf(&b, "%d%s %s %s -> %s\n", s.Index, s.Path, s.Command, input, s.Output)
	}
	return b.String()
}

func TestRecording(t *testing.T) {
	t.Parallel()
	const row = "pipeline:\n  - var.set: {key: x, value: 1}\n  - set: \"${body.n + vars.x}\"\n  - log: {message: hi, if: \"${false}\"}\n  - test.note: {return: null, input: other}\n"
	for _, c := range []struct {
		name, text string
		in         pipeline.Input
		want       string
	}{
		{name: "none", text: row, in: pipeline.Input{Body: map[string]any{"n": 1}, HasBody: true}, want: `
0 var.set  -> 
1 set  -> 
2 log  -> 
3 test.note  -> 
`},
		{name: "all", text: row, in: pipeline.Input{Body: map[string]any{"n": 1}, HasBody: true, Record: pipeline.Recording{Of: run.RecordAll}}, want: `
0 var.set {"params":{"key":"x","value":1},"body":{"n":1},"vars":{},"exact":true} -> 
1 set {"params":{"value":2},"body":{"n":1},"vars":{"x":1},"exact":true} -> 2
2 log {"body":2,"exact":true} -> 
3 test.note {"params":{"return":null},"input":"other","body":2,"exact":true} -> null
`},
		{name: "failures of a run that goes on", text: "pipeline:\n  - set: 1\n  - test.fail: {why: x, onError: IGNORE}\n  - set: 2\n", in: pipeline.Input{Record: pipeline.Recording{Of: run.RecordFailures}}, want: `
0 set  -> 
1 test.fail {"params":{"why":"x"},"body":1,"vars":{}} -> 
2 set  -> 
`},
		{name: "an argument that cannot be had", text: "pipeline:\n  - set: {value: \"${body.a.b}\", onError: IGNORE}\n", in: pipeline.Input{Body: 3, HasBody: true, Record: pipeline.Recording{Of: run.RecordFailures}}, want: `
0 set {"body":3,"vars":{}} -> 
`},
		{name: "names of secrets", text: "pipeline:\n  - test.note: {headers: {Authorization: Bearer x, X-API-Key: k, accept: all}, client_secret: s, token: \"\"}\n", in: pipeline.Input{
			Body: map[string]any{"password": "p", "list": []any{map[string]any{"Set-Cookie": []any{"a"}}}, "tokens": nil}, HasBody: true, Record: pipeline.Recording{Of: run.RecordAll},
		}, want: `
0 test.note {"params":{"client_secret":"[redacted]","headers":{"Authorization":"[redacted]","X-API-Key":"[redacted]","accept":"all"},"token":""},"body":{"list":[{"Set-Cookie":"[redacted]"}],"password":"[redacted]","tokens":null},"vars":{}} -> 
`},
		{name: "known secrets", text: "pipeline:\n  - set: {value: {a: \"x " + canary + "\", " + canary + ": 1, n: 12345678}}\n", in: pipeline.Input{Record: pipeline.Recording{
			Of: run.RecordAll, Scrub: func(s string) string {
				return strings.NewReplacer(canary, "[redacted]", "12345678", "[redacted]").Replace(s)
			},
		}}, want: `
0 set {"params":{"value":{"[redacted]":1,"a":"x [redacted]","n":"[redacted]"}},"body":null,"vars":{},"exact":true} -> {"[redacted]":1,"a":"x [redacted]","n":"[redacted]"}
`},
		{name: "a secret parameter, also where it was before", text: "pipeline:\n  - var.set: {key: p, value: " + canary + "}\n  - test.login: {user: u, phrase: \"${vars.p}\"}\n  - set: \"${'again ' + body.echo}\"\n", in: pipeline.Input{
			Record: pipeline.Recording{Of: run.RecordAll},
		}, want: `
0 var.set {"params":{"key":"p","value":"[redacted]"},"body":null,"vars":{}} -> 
1 test.login {"params":{"phrase":"[redacted]","user":"u"},"body":null,"vars":{"p":"[redacted]"}} -> {"echo":"[redacted]","user":"u"}
2 set {"params":{"value":"again [redacted]"},"body":{"echo":"[redacted]","user":"u"},"vars":{"p":"[redacted]"}} -> "again [redacted]"
`},
		{name: "what is too large", text: "pipeline:\n  - set: \"${body}\"\n  - set: small\n", in: pipeline.Input{Body: strings.Repeat("a", 100), HasBody: true, Record: pipeline.Recording{Of: run.RecordAll, Limit: 20}}, want: `
0 set {"params":{"cutBytes":112,"start":"{\"value\":\"aaaaaaaaaa"},"body":{"cutBytes":102,"start":"\"aaaaaaaaaaaaaaaaaaa"},"vars":{}} -> {"cutBytes":102,"start":"\"aaaaaaaaaaaaaaaaaaa"}
1 set {"params":{"value":"small"},"body":{"cutBytes":102,"start":"\"aaaaaaaaaaaaaaaaaaa"},"vars":{}} -> "small"
`},
		{name: "what is too much", text: "pipeline:\n  - set: 12345678\n", in: pipeline.Input{Record: pipeline.Recording{Of: run.RecordAll, Limit: 10, Used: 640}}, want: `
0 set {"params":{"cutBytes":18,"start":""},"body":{"cutBytes":4,"start":""},"vars":{"cutBytes":2,"start":""}} -> {"cutBytes":8,"start":""}
`},
		{name: "blocks and branches", text: "pipeline:\n  - foreach: {in: \"${[1]}\", as: n, do: [{set: \"${vars.n}\"}]}\n  - parallel: {branches: {a: [{set: A}], b: [{set: B}]}, limit: 1}\n  - set: last\n", in: pipeline.Input{Record: pipeline.Recording{Of: run.RecordAll}}, want: `
0 foreach {"body":null,"vars":{},"exact":true} -> 
1[0] set {"params":{"value":1},"body":null} -> 1
2 parallel {"body":1,"vars":{},"exact":true} -> 
3 set {"params":{"value":"A"},"body":1} -> "A"
4 set {"params":{"value":"B"},"body":1} -> "B"
5 set {"params":{"value":"last"},"body":{"a":"A","b":"B"},"exact":true} -> "last"
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			out, _, err := recorded(t, c.text, c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want[1:], values(out.Steps)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, s := range out.Steps {
				for _, text := range [][]byte{s.Input, s.Output} {
					if text != nil && !json.Valid(text) {
						t.Errorf("no JSON: %s", text)
					}
				}
			}
		})
	}
}

// A command that tells its secret parameter, in its failure and in the log, is not believed.
func TestSecretParametersAreNotTold(t *testing.T) {
	t.Parallel()
	for _, of := range []run.Recording{"", run.RecordFailures, run.RecordAll} {
		text := "pipeline:\n  - test.login: {user: u, phrase: " + canary + ", fail: true}\n"
		out, log, err := recorded(t, text, pipeline.Input{Record: pipeline.Recording{Of: of}})
		if fault.CodeOf(err) != fault.PluginFailed || !strings.Contains(err.Error(), "logging in with [redacted]: the other side knows no [redacted]") {
			t.Errorf("%q: %v", of, err)
		}
		if all := err.Error() + log + fmt.Sprint(out.Steps) + values(out.Steps); strings.Contains(all, canary) {
			t.Errorf("%q: the secret is told: %s", of, all)
		}
		if !strings.Contains(log, "logging in with [redacted]") {
			t.Errorf("%q: the log lacks the line: %s", of, log)
		}
	}
}

// The steps that were executed before a step with an effect reach the journal with their values.
func TestJournalHoldsRecordedSteps(t *testing.T) {
	t.Parallel()
	const text = "pipeline:\n  - set: 1\n  - test.effect: x\n  - set: 2\n  - test.effect: x\n  - set: 3\n"
	for _, c := range []struct {
		of   run.Recording
		want []string
	}{
		{"", []string{"", ""}},
		{run.RecordAll, []string{
			"0 set {\"params\":{\"value\":1},\"body\":null,\"vars\":{},\"exact\":true} -> 1\n1 test.effect {\"params\":{\"value\":\"x\"},\"body\":1,\"exact\":true} -> \n", "4 steps",
		}},
	} {
		var got []string
		in := pipeline.Input{Record: pipeline.Recording{Of: c.of}, Journal: func(_ context.Context, _ pipeline.State, steps []run.Step) error {
			shown := values(steps)
			if len(steps) > 2 {
				shown = fmt.Sprintf("%d steps", len(steps))
			}
			got = append(got, shown)
			return nil
		}}
		if _, _, err := recorded(t, strings.ReplaceAll(text, "test.effect: x", "test.effect: {value: x}"), in); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.of, diff)
		}
	}
}

// Recording nothing costs nothing.
func TestRecordingNothingAllocatesNothing(t *testing.T) {
	w := &world{}
	p := plan(t, w, "pipeline:\n  - body.set: {value: {a: 1}}\n  - body.set: {value: {a: 2}}\n")
	allocs := func(r pipeline.Recording) float64 {
		return testing.AllocsPerRun(100, func() {
			if _, err := p.Run(t.Context(), pipeline.Input{Now: now, Record: r}); err != nil {
				t.Fatal(err)
			}
		})
	}
	plain, none, failures := allocs(pipeline.Recording{}), allocs(pipeline.Recording{Of: run.RecordNone}), allocs(pipeline.Recording{Of: run.RecordFailures})
	if none != plain {
		t.Errorf("a run allocates %v times, and %v times where recording is off", plain, none)
	}
	if all := allocs(pipeline.Recording{Of: run.RecordAll}); all <= failures || failures <= none {
		t.Errorf("all %v, failures %v, none %v: the setting has no effect", all, failures, none)
	}
}

func BenchmarkRecording(b *testing.B) {
	for _, of := range []run.Recording{run.RecordNone, run.RecordFailures, run.RecordAll} {
		b.Run(string(of), func(b *testing.B) {
			benchRun(b, "body.set: {value: {a: 1}}", pipeline.Input{Timeout: time.Minute, Record: pipeline.Recording{Of: of}})
		})
	}
}

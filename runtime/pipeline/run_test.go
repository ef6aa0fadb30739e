package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
)

func TestCallHoldsTheRun(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := plan(t, w, "pipeline:\n  - log\n  - iam.run.as: systemuser\n  - test.note: {id: x, a: 1, b: \"${body}\"}\n")
	e := event.New("webhook.a", now())
	if _, err := p.Run(t.Context(), pipeline.Input{RunID: "r", Event: e, Body: "B", HasBody: true, Attempt: 3, Now: now, Vars: map[string]any{"v": 1}}); err != nil {
		t.Fatal(err)
	}
	got := w.calls[0]
	got.Logger = nil
	want := command.Call{
		Args: map[string]any{"a": 1, "b": "B"}, Body: "B", Vars: map[string]any{"v": 1}, Event: e,
		Identity: "systemuser", Pipeline: "a", RunID: "r", Step: 2, Attempt: 3,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestJournal(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := plan(t, w, "pipeline:\n  - log\n  - test.effect\n  - set: two\n  - test.effect: {if: false}\n  - test.effect\n  - test.effect\n")
	var states []pipeline.State
	var calls []int // how many commands had run
	in := pipeline.Input{Now: now, Body: "one", HasBody: true, Journal: func(_ context.Context, s pipeline.State, _ []run.Step) error {
		states, calls = append(states, s), append(calls, len(w.calls))
		return nil
	}}
	if _, err := p.Run(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	none := map[string]any{}
	want := []pipeline.State{
		{Version: p.Version(), Step: 2, Body: "one", Vars: none, Identity: iam.Anonymous},
		{Version: p.Version(), Step: 5, Body: "two", Vars: none, Identity: iam.Anonymous},
	}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("a skipped step and the last one are not recorded: %s", diff)
	}
	if diff := cmp.Diff([]int{1, 2}, calls); diff != "" {
		t.Errorf("recorded before the next step begins: %s", diff)
	}

	in.Journal = func(context.Context, pipeline.State, []run.Step) error {
		return fault.New(fault.StoreFull, "the disk is full")
	}
	out, err := p.Run(t.Context(), in)
	if retry, _ := fault.Retryable(err); fault.CodeOf(err) != fault.StoreFull || !retry {
		t.Errorf("%s, %v", fault.CodeOf(err), err)
	}
	if out.Step != 2 {
		t.Errorf("the run goes on at step %d, want 2: the effect has happened", out.Step)
	}
}

func TestResume(t *testing.T) {
	t.Parallel()
	w := &world{fails: 1}
	p := plan(t, w, "vars: {v: \"${body}\"}\npipeline:\n  - var.set: {key: n, value: 1}\n  - iam.run.as: systemuser\n  - set: changed\n  - test.flaky\n  - set: \"${body} ${vars.v} ${vars.n} ${context.identity}\"\n")
	in := pipeline.Input{Now: now, Body: "first", HasBody: true}
	out, err := p.Run(t.Context(), in)
	if retry, _ := fault.Retryable(err); !retry || fault.CodeOf(err) != fault.PluginFailed {
		t.Fatalf("%v", err)
	}
	want := pipeline.State{Version: p.Version(), Step: 3, Body: "changed", Vars: map[string]any{"v": "first", "n": 1}, Identity: "systemuser"}
	if diff := cmp.Diff(want, out.State); diff != "" {
		t.Fatal(diff)
	}
	in.Resume, in.Body = &out.State, "other"
	out, err = p.Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if out.Body != "at last first 1 systemuser" || len(out.Steps) != 2 || out.Step != 5 {
		t.Errorf("%+v", out)
	}
	if again, err := p.Run(t.Context(), pipeline.Input{Now: now, Resume: &out.State}); err != nil || len(again.Steps) != 0 || again.Body != out.Body {
		t.Errorf("a finished run did something: %+v, %v", again, err)
	}
	for _, step := range []int{-1, 6} {
		if _, err := p.Run(t.Context(), pipeline.Input{Now: now, Resume: &pipeline.State{Step: step}}); fault.CodeOf(err) != fault.PipelinePosition {
			t.Errorf("step %d: %v", step, err)
		}
	}
}

// TestResumeBeforeTheBeginning: a run that failed in the section vars evaluates it again.
func TestResumeBeforeTheBeginning(t *testing.T) {
	t.Parallel()
	p := plan(t, &world{}, "vars: {v: \"${body.x.y}\"}\npipeline:\n  - set: ${vars.v}\n")
	out, err := p.Run(t.Context(), pipeline.Input{Now: now, Body: map[string]any{}, HasBody: true})
	if fault.CodeOf(err) != fault.ExprEval {
		t.Fatal(err)
	}
	out.Body = map[string]any{"x": map[string]any{"y": "mended"}}
	out, err = p.Run(t.Context(), pipeline.Input{Now: now, HasBody: true, Resume: &out.State})
	if err != nil || out.Body != "mended" {
		t.Errorf("%v, %v", out.Body, err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"in a command":     "pipeline:\n  - log\n  - test.hang\n  - log\n",
		"ignored":          "pipeline:\n  - log\n  - test.hang: {onError: IGNORE, timeout: 1h}\n  - log\n",
		"waiting to retry": "pipeline:\n  - log\n  - test.fail: {retryable: true, retry: {times: 10, wait: 30s}, onError: LOG}\n",
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				w := &world{}
				p := plan(t, w, text)
				go func() { time.Sleep(time.Second); cancel() }()
				started := time.Now()
				out, err := p.Run(ctx, pipeline.Input{Now: time.Now})
				if fault.CodeOf(err) != fault.CommandCanceled || out.Step != 1 || len(out.Steps) != 2 {
					t.Errorf("%+v, %v", out, err)
				}
				if took := time.Since(started); took != time.Second {
					t.Errorf("ended after %s", took)
				}
			})
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out, err := plan(t, &world{}, "pipeline:\n  - set: x\n").Run(ctx, pipeline.Input{Now: now})
	if fault.CodeOf(err) != fault.CommandCanceled || out.Body != nil {
		t.Errorf("a cancelled run did something: %+v, %v", out, err)
	}
}

// TestLongWaitsAreNotForTheRun: what asks for a longer wait than a run may hold goes to the caller.
func TestLongWaitsAreNotForTheRun(t *testing.T) {
	t.Parallel()
	calls := 0
	slow := command.Definition{
		Spec: command.Spec{Name: "slow"},
		Command: command.Func(func(context.Context, command.Call) (command.Result, error) {
			calls++
			return command.Result{}, fault.New(fault.MailRelay, "busy").WithRetry(time.Minute)
		}),
	}
	registry, err := command.NewRegistry(slow)
	if err != nil {
		t.Fatal(err)
	}
	d := deps(t, &world{})
	d.Commands = registry
	p, err := pipeline.Load("a.pi.yaml", []byte("pipeline:\n  - slow: {retry: 5}\n"), d)
	if err != nil {
		t.Fatal(err)
	}
	all, err := iam.NewPolicy(map[string][]string{"r": {"CAN_CMD_*"}}, map[string]iam.Identity{iam.Anonymous: {Roles: []string{"r"}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Run(t.Context(), pipeline.Input{Now: now, Policy: all})
	if retry, after := fault.Retryable(err); calls != 1 || !retry || after != time.Minute || fault.CodeOf(err) != fault.MailRelay {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestPanicStaysInTheDebugLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := plan(t, &world{}, "pipeline:\n  - test.panic\n")
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, err := p.Run(t.Context(), pipeline.Input{Now: now, Logger: logger})
	if fault.CodeOf(err) != fault.Internal || strings.Contains(err.Error(), "S3CRET") {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "level=DEBUG") || !strings.Contains(log.String(), "helper_test.go") {
		t.Errorf("no stack in the debug log: %s", log.String())
	}
}

// TestRightsInForce: the rights of the moment decide, whatever held when the plan was compiled.
func TestRightsInForce(t *testing.T) {
	t.Parallel()
	roles := map[string][]string{"all": {"CAN_CMD_*"}, "log": {"CAN_CMD_log"}}
	cases := map[string]struct {
		identities map[string]iam.Identity
		code       fault.Code
		step       int
	}{
		"all well":        {map[string]iam.Identity{"systemuser": {Roles: []string{"all"}, Pipelines: []string{"a"}}}, "", 2},
		"identity gone":   {map[string]iam.Identity{}, fault.IAMDenied, 0},
		"not for this":    {map[string]iam.Identity{"systemuser": {Roles: []string{"all"}, Pipelines: []string{"b"}}}, fault.IAMDenied, 0},
		"fewer rights":    {map[string]iam.Identity{"systemuser": {Roles: []string{"log"}, Pipelines: []string{"a"}}}, fault.IAMDenied, 1},
		"no rights":       {map[string]iam.Identity{"systemuser": {Pipelines: []string{"a"}}}, fault.IAMDenied, 1},
		"pattern matches": {map[string]iam.Identity{"systemuser": {Roles: []string{"all"}, Pipelines: []string{"*"}}}, "", 2},
	}
	for name, c := range cases {
		policy, err := iam.NewPolicy(roles, c.identities)
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		w := &world{}
		p := plan(t, w, "pipeline:\n  - iam.run.as: systemuser\n  - mail.send: {to: x}\n")
		out, err := p.Run(t.Context(), pipeline.Input{RunID: "r1", Now: now, Policy: policy, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if fault.CodeOf(err) != c.code || out.Step != c.step {
			t.Errorf("%s: step %d, %v", name, out.Step, err)
		}
		if sent := len(w.calls) == 1; sent != (c.code == "") {
			t.Errorf("%s: mail sent: %v", name, sent)
		}
		audit := fmt.Sprintf(`msg="identity switched" pipeline=a version=%s run_id=r1 step=0 from=anonymousUser to=systemuser`, p.Version())
		if switched := c.step > 0; strings.Contains(log.String(), audit) != switched {
			t.Errorf("%s: audit line missing or wrong: %s", name, log.String())
		}
	}
}

// TestIdentityMatrix runs every command as every identity and compares with a table.
func TestIdentityMatrix(t *testing.T) {
	t.Parallel()
	may := map[string][]string{ // identity to commands
		iam.Anonymous: {},
		"reader":      {"log"},
		"writer":      {"log", "set", "body.set", "var.set"},
		"wild":        {"body.set", "var.set"},
		"root":        {"log", "set", "body.set", "var.set", "exit", "mail.send", "test.note", "test.effect"},
	}
	policy, err := iam.NewPolicy(
		map[string][]string{"r": {"CAN_CMD_log"}, "w": {"CAN_CMD_set", "CAN_CMD_*.set"}, "wild": {"CAN_CMD_*.set"}, "root": {"CAN_CMD_*"}},
		map[string]iam.Identity{
			iam.Anonymous: {}, "reader": {Roles: []string{"r"}, Pipelines: []string{"a"}}, "writer": {Roles: []string{"r", "w"}, Pipelines: []string{"a"}},
			"wild": {Roles: []string{"wild"}, Pipelines: []string{"a"}}, "root": {Roles: []string{"root"}, Pipelines: []string{"a"}},
		})
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]string{
		"log": "log", "set": "set: 1", "body.set": "body.set: 1", "var.set": "var.set: {key: k, value: 1}", "exit": "exit",
		"mail.send": "mail.send: {to: x}", "test.note": "test.note", "test.effect": "test.effect",
	}
	d := deps(t, &world{})
	d.Policy = policy
	for identity, allowed := range may {
		for name, call := range calls {
			text := "pipeline:\n"
			if identity != iam.Anonymous {
				text += "  - iam.run.as: " + identity + "\n"
			}
			p, err := pipeline.Load("a.pi.yaml", []byte(text+"  - "+call+"\n"), d)
			if err != nil {
				t.Fatal(err)
			}
			want := fault.IAMDenied
			if strings.Contains(" "+strings.Join(allowed, " ")+" ", " "+name+" ") {
				want = ""
			}
			if _, err := p.Run(t.Context(), pipeline.Input{Now: now}); fault.CodeOf(err) != want {
				t.Errorf("%s runs %s: %v, want %q", identity, name, err, want)
			}
			if warned := len(p.Warnings) == 1; warned != (want != "") {
				t.Errorf("%s runs %s: warnings %v", identity, name, p.Warnings)
			}
		}
	}
}

// TestPayloadIsNeverEvaluated puts texts that look like expressions through every place that a value passes.
func TestPayloadIsNeverEvaluated(t *testing.T) {
	t.Parallel()
	p := plan(t, &world{}, `
vars: {kept: "${body.a}"}
headers: {h: S3CRET}
pipeline:
  - set: {value: {deep: ["${body.a}"], mixed: "<${body.a}>"}}
  - test.note: {return: "${body}", output: vars.x}
  - var.set: {key: y, value: "${vars.x.mixed}"}
  - set: {value: "${vars.y}${vars.x.deep[0]}", eval: "${vars.y}"}
  - set: {value: "${body}", if: "${body != ''}", input: "${vars.kept}"}
`)
	r := rand.New(rand.NewPCG(3, 4))
	parts := []string{"${headers.h}", "#{headers.h}", "${", "}", "${vars}", "'", `"`, "\\", "@text.upperCase('x')", "\n", "${\"${headers.h}\"}", "a"}
	for range 2000 {
		var b strings.Builder
		for range 1 + r.IntN(6) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		payload := b.String()
		out, err := p.Run(t.Context(), pipeline.Input{Now: now, HasBody: true, Body: map[string]any{"a": payload}})
		if err != nil {
			t.Fatalf("%q: %v", payload, err)
		}
		if want := "<" + payload + ">" + payload; out.Body != want {
			t.Fatalf("%q became %q", payload, out.Body)
		}
	}
}

// TestManyRunsAtOnce: one plan, many runs, and what one sets is not seen by another.
func TestManyRunsAtOnce(t *testing.T) {
	t.Parallel()
	p := plan(t, &world{}, "vars: {list: [1]}\npipeline:\n  - var.set: {key: mine, value: \"${body}\"}\n  - set: {value: \"${body}\", output: vars.deep.x}\n  - log\n  - set: \"${vars.mine} ${vars.deep.x} ${context.run}\"\n")
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for k := range 50 {
				id := fmt.Sprintf("%d-%d", i, k)
				out, err := p.Run(t.Context(), pipeline.Input{RunID: id, Now: now, Body: id, HasBody: true, Timeout: time.Minute})
				if err != nil || out.Body != id+" "+id+" "+id {
					t.Errorf("%v, %v", out.Body, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestAFailedStepLeavesNothing: what a step did before its `eval` failed is taken back, for the next try, for
// the steps behind an ignored failure and for a resumed run.
func TestAFailedStepLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"value":    "set: {value: changed, eval: \"${body.x.y}\", onError: %s}",
		"variable": "set: {value: changed, output: vars.v, eval: \"${vars.v.x.y}\", onError: %s}",
		"identity": "iam.run.as: {username: systemuser, eval: \"${vars.none.x}\", onError: %s}",
		"exit":     "exit: {eval: \"${vars.none.x}\", onError: %s}",
	} {
		want := pipeline.State{Step: 1, Body: "before", Vars: map[string]any{"v": 1}, Identity: iam.Anonymous}
		begin := "vars: {v: 1}\npipeline:\n  - log\n  - "
		in := pipeline.Input{Now: now, Body: "before", HasBody: true}
		p := plan(t, &world{}, begin+fmt.Sprintf(text, "THROW"))
		out, err := p.Run(t.Context(), in)
		want.Version = p.Version()
		if diff := cmp.Diff(want, out.State); diff != "" || err == nil {
			t.Errorf("%s: %v, %s", name, err, diff)
		}
		p = plan(t, &world{}, begin+fmt.Sprintf(text, "IGNORE")+"\n  - log\n")
		want.Step, want.Version = 3, p.Version()
		out, err = p.Run(t.Context(), in)
		if diff := cmp.Diff(want, out.State); diff != "" || err != nil || len(out.Steps) != 3 {
			t.Errorf("%s, ignored: %v, %s", name, err, diff)
		}
	}
}

// TestEventForExpressions: the object as it came is shown, and without it the event itself.
func TestEventForExpressions(t *testing.T) {
	t.Parallel()
	p := plan(t, &world{}, "pipeline:\n  - set: \"${event.eventKey} ${event.headers.kind} ${event.target} ${event.more}\"\n")
	e := event.New("webhook.a", now())
	e.Headers = map[string]string{"kind": "new"}
	object := event.Object{"eventKey": "webhook.b", "headers": map[string]any{"kind": "old"}, "payload": map[string]any{"target": "T"}, "more": 5}
	for want, in := range map[string]pipeline.Input{
		"webhook.a new {} ": {Event: e},
		"webhook.b old T 5": {Event: e, Object: object},
		"":                  {},
	} {
		in.Now = now
		out, err := p.Run(t.Context(), in)
		if err == nil && out.Body != want || want == "" && fault.CodeOf(err) != fault.ExprEval {
			t.Errorf("%q: %v, %v", want, out.Body, err)
		}
	}
}

// TestVarsOfEarlierStepsStay: a map that a step has seen is not changed by a later one.
func TestVarsOfEarlierStepsStay(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := plan(t, w, "vars: {v: 1, all: \"${vars}\"}\npipeline:\n  - test.note\n  - var.set: {key: v, value: 2}\n  - set: {value: 3, output: vars.v}\n  - test.note\n  - set: ${vars.all}\n")
	out, err := p.Run(t.Context(), pipeline.Input{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if w.calls[0].Vars["v"] != 1 || w.calls[1].Vars["v"] != 3 {
		t.Errorf("%v, %v", w.calls[0].Vars["v"], w.calls[1].Vars["v"])
	}
	if diff := cmp.Diff(any(map[string]any{"v": 1}), out.Body); diff != "" {
		t.Error(diff)
	}
}

func TestTriggerOfPlan(t *testing.T) {
	t.Parallel()
	_, object, err := event.Unmarshal([]byte(`{"id":"1","eventKey":"webhook.lead.created","time":"2026-01-02T03:04:05Z","headers":{"kind":"new"},"payload":{"n":5}}`))
	if err != nil {
		t.Fatal(err)
	}
	e := event.Event{Key: "webhook.lead.created"}
	cases := map[string]struct {
		trigger string
		want    bool
		code    fault.Code
	}{
		"key":                  {"event.listen: {eventKey: webhook.lead.created}", true, ""},
		"pattern":              {"event.listen: webhook.*.created", true, ""},
		"another key":          {"event.listen: webhook.lead", false, ""},
		"message":              {"message.receive: {key: pipeforce.event.webhook.#}", true, ""},
		"selector on a header": {"event.listen: {eventKey: webhook.#, selector: \"${headers.kind == 'new'}\"}", true, ""},
		"body's headers":       {"event.listen: {eventKey: webhook.#, selector: \"${body.headers.kind == 'old'}\"}", false, ""},
		"bare selector":        {"event.listen: {eventKey: webhook.#, selector: \"event.eventKey == 'webhook.lead.created'\"}", true, ""},
		"hidden payload":       {"event.listen: {eventKey: webhook.#, selector: \"${body['pay' + 'load'] != null}\"}", false, ""},
		"filter":               {"event.listen: {eventKey: webhook.#, filter: \"${body.payload.n == 5}\"}", true, ""},
		"filter says no":       {"event.listen: {eventKey: webhook.#, filter: \"${body.payload.n == 6}\"}", false, ""},
		"selector wins":        {"event.listen: {eventKey: webhook.#, filter: \"${false}\", selector: \"${true}\"}", true, ""},
		"broken selector":      {"event.listen: {eventKey: webhook.#, selector: \"${headers.a.b.c}\"}", false, fault.ExprEval},
	}
	for name, c := range cases {
		p := plan(t, &world{}, "pipeline:\n  - "+c.trigger+"\n")
		got, err := p.Trigger().Match(t.Context(), e, object)
		if got != c.want || fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if plan(t, &world{}, "pipeline:\n  - log\n").Trigger() != nil {
		t.Error("a pipeline without a trigger has one")
	}
}

// TestDeadlineOfACommand: the context of a step ends with its time, and with the step.
func TestDeadlineOfACommand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var kept context.Context
		probe := command.Definition{
			Spec: command.Spec{Name: "probe", Timeout: time.Minute},
			Command: command.Func(func(ctx context.Context, _ command.Call) (command.Result, error) {
				time.Sleep(10 * time.Second)
				if at, ok := ctx.Deadline(); !ok || time.Until(at) != 50*time.Second {
					return command.Result{}, errors.New("wrong deadline")
				}
				if ctx.Err() != nil || ctx.Value(key{}) != "v" {
					return command.Result{}, errors.New("wrong context")
				}
				kept = ctx //nolint:fatcontext // the test looks at it afterwards
				return command.Result{}, nil
			}),
		}
		registry, err := command.NewRegistry(probe)
		if err != nil {
			t.Fatal(err)
		}
		d := pipeline.Deps{Commands: registry, Language: expr.New(expr.Options{Now: now}), Policy: policy(t)}
		p, err := pipeline.Load("a.pi.yaml", []byte("pipeline:\n  - probe\n"), d)
		if err != nil {
			t.Fatal(err)
		}
		all, err := iam.NewPolicy(map[string][]string{"r": {"CAN_CMD_*"}}, map[string]iam.Identity{iam.Anonymous: {Roles: []string{"r"}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Run(context.WithValue(t.Context(), key{}, "v"), pipeline.Input{Now: time.Now, Policy: all}); err != nil {
			t.Fatal(err)
		}
		if kept.Err() == nil {
			t.Error("the context of a step outlives it")
		}
	})
}

// TestWebhookToMail runs the shortest useful pipeline from the event to the mail.
func TestWebhookToMail(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := plan(t, w, `
pipeline:
  - event.listen:
      eventKey: webhook.lead.created
  - iam.run.as: systemuser
  - mail.send:
      to: name@company.tld
      subject: "New lead was created!"
      body: ${@convert.fromBase64(body.payload.origin)}
`)
	e := event.New("webhook.lead.created", now())
	e.Payload = []byte(`{"origin":"SGVsbG8gV29ybGQ="}`)
	e, object, err := event.Unmarshal(e.AppendJSON(nil))
	if err != nil {
		t.Fatal(err)
	}
	if match, err := p.Trigger().Match(t.Context(), e, object); !match || err != nil {
		t.Fatal(match, err)
	}
	out, err := p.Run(t.Context(), pipeline.Input{RunID: e.ID + ":a", Event: e, Object: object, Body: map[string]any(object), HasBody: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"to": []any{"name@company.tld"}, "subject": "New lead was created!", "message": "Hello World"}
	if diff := cmp.Diff(want, w.calls[0].Args); diff != "" {
		t.Error(diff)
	}
	if len(p.Warnings) != 0 || out.Identity != "systemuser" {
		t.Errorf("%v, %s", p.Warnings, out.Identity)
	}
}

package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// A caller gets the final body, and the run is kept.
func TestCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{}, map[string]string{
		"p":     "vars: {b: 2}\npipeline:\n  - test.effect: mail\n  - http.response.set: 201\n  - pipeline.run: inner\n  - wait: {ms: 1100}\n  - set: \"${vars.a} ${vars.b} ${request.method} ${body}\"\n",
		"inner": "pipeline:\n  - set: ${request.params.x}\n",
		"every": listen + "  - test.step: every\n",
	})
	response := &command.Response{}
	out, id, err := w.engine.Call(t.Context(), "p", engine.Call{
		Identity: iam.Anonymous, Body: map[string]any{"a": 1}, HasBody: true, Vars: map[string]any{"a": "1"},
		Request: map[string]any{"method": "POST", "params": map[string]any{"x": "y"}}, Response: response,
	})
	if err != nil || out.Body != "1 2 POST y" {
		t.Fatalf("the call gave %v, %v", out.Body, err)
	}
	if status, _ := response.Get(); status != 201 {
		t.Errorf("the status is %d", status)
	}
	r, err := w.store.Run(t.Context(), id, "p")
	if err != nil || r.Status != run.Done || string(r.Body) != `"1 2 POST y"` || len(r.Steps) != 6 || r.EventKey != engine.CallKey {
		t.Errorf("kept is %+v, %v", r, err)
	}
	kept, err := w.store.Event(t.Context(), id)
	if err != nil || kept.Settled.IsZero() {
		t.Errorf("the event is %+v, %v", kept, err)
	}
	if _, err := w.engine.Replay(t.Context(), run.Replay{EventID: id, Pipeline: "p"}); fault.CodeOf(err) != fault.RunReplay {
		t.Errorf("replaying it: %v", err)
	}
	if n := w.count("mail"); n != 1 {
		t.Errorf("the effect happened %d times", n)
	}
}

// A failure is the caller's: it is neither tried again nor an open dead letter.
func TestCallFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{}, map[string]string{
		"broken": "pipeline:\n  - test.broken\n", "slow": "pipeline:\n  - test.wait\n", "wide": "pipeline:\n  - test.step: wide\n  - test.wait\n",
	})
	_, id, err := w.engine.Call(t.Context(), "broken", engine.Call{Identity: iam.Anonymous})
	if fault.CodeOf(err) != fault.CommandFailed {
		t.Errorf("the call failed with %v", err)
	}
	r, err := w.store.Run(t.Context(), id, "broken")
	if err != nil || r.Status != run.Dead || r.Closed != run.ClosedAnswered || r.Code != string(fault.CommandFailed) {
		t.Errorf("kept is %+v, %v", r, err)
	}
	if open, err := w.store.FindRuns(t.Context(), store.RunQuery{Status: run.Dead, Open: true}); err != nil || len(open) != 0 {
		t.Errorf("%d open dead letters, %v", len(open), err)
	}
	if _, _, err := w.engine.Call(t.Context(), "borken", engine.Call{}); fault.CodeOf(err) != fault.PipelineUnknown || fault.HintOf(err) == "" {
		t.Errorf("an unknown pipeline: %v", err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := w.engine.Call(ctx, "slow", engine.Call{Identity: iam.Anonymous}); fault.CodeOf(err) != fault.CommandTimeout {
		t.Errorf("beyond its time: %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	go func() {
		for w.count("wide") == 0 {
			time.Sleep(time.Millisecond)
		}
		leave()
	}()
	_, id, err = w.engine.Call(gone, "wide", engine.Call{Identity: iam.Anonymous})
	if fault.CodeOf(err) != fault.CommandCanceled {
		t.Errorf("without its caller: %v", err)
	}
	if r, err := w.store.Run(t.Context(), id, "wide"); err != nil || r.Status != run.Cancelled {
		t.Errorf("kept is %+v, %v", r, err)
	}
}

// A plan that is not loaded runs beside those that are, and leaves nothing.
func TestCallPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{}, map[string]string{"inner": "pipeline:\n  - set: ${vars.x}\n"})
	plan, err := pipeline.LoadForm(pipeline.FormPairs, "adhoc", []byte("pipeline.run=path:inner;vars:{\"x\":5}&set=value:${body %2B 1}"), w.deps)
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.engine.CallPlan(t.Context(), plan, engine.Call{Identity: iam.Anonymous})
	if err != nil || out.Body != 6 {
		t.Errorf("it gave %v, %v", out.Body, err)
	}
	if events, err := w.store.Events(t.Context(), store.EventQuery{}); err != nil || len(events) != 0 {
		t.Errorf("%d events are kept, %v", len(events), err)
	}
}

package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

const failing = "pipeline:\n  - event.listen: lead\n" +
	"  - var.set: {key: n, value: 1}\n" +
	"  - set: {id: first, value: \"${body.payload.name + ' ' + vars.n}\"}\n" +
	"  - var.set: {key: n, value: 2}\n" +
	"  - test.effect: {id: second, value: \"${body}\"}\n" +
	"  - test.broken: {if: \"${body.endsWith('fail done')}\"}\n" +
	"  - set: \"${body + ' ' + vars.n}\"\n"

func (w *world) replay(q run.Replay) event.Event {
	w.t.Helper()
	accepted, err := w.engine.Replay(w.t.Context(), q)
	if err != nil {
		w.t.Fatal(err)
	}
	return event.Event{ID: accepted.EventID}
}

func (w *world) emitWith(key, payload string) event.Event {
	w.t.Helper()
	e := event.New(key, time.Now())
	e.Payload = []byte(payload)
	if _, err := w.emitter.Emit(w.t.Context(), e, event.Dedupe{}); err != nil {
		w.t.Fatal(err)
	}
	return e
}

func TestReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := strings.ReplaceAll(failing, "${body.endsWith('fail done')}", "${body == 'fail 1 done'}")
	w.start(t.TempDir(), engine.Options{Record: run.RecordAll, RecordLimit: 1000}, map[string]string{"lead": text})
	dead := w.run(w.emitWith("lead", `{"name":"fail"}`), "lead", run.Dead)
	done := w.run(w.emitWith("lead", `{"name":"Ann"}`), "lead", run.Done)
	if string(done.Body) != `"Ann 1 done 2"` {
		t.Fatalf("the body is %s", done.Body)
	}
	old := done.Version
	w.reload(map[string]string{"lead": strings.ReplaceAll(text, "${body + ' ' + vars.n}", "${body + ' new ' + vars.n}")})
	effects := func() int { return w.count("Ann 1") + w.count("fail 1") + w.count("Bob") + w.count("Eve 1") }
	for _, c := range []struct {
		name    string
		of      run.Run
		q       run.Replay
		status  run.Status
		want    string // the final body
		effects int
		code    fault.Code
	}{
		{name: "whole", of: done, status: run.Done, want: `"Ann 1 done new 2"`, effects: 1},
		{name: "whole with another payload", of: done, q: run.Replay{Body: []byte(`{"name":"Eve"}`)}, status: run.Done, want: `"Eve 1 done new 2"`, effects: 1},
		{name: "whole on the old version", of: done, q: run.Replay{Version: old}, status: run.Done, want: `"Ann 1 done 2"`, effects: 1},
		{name: "from a recorded step", of: done, q: run.Replay{Version: old, From: "second"}, status: run.Done, want: `"Ann 1 done 2"`, effects: 1},
		{name: "from a recorded step, with a body", of: done, q: run.Replay{Version: old, From: "second", Body: []byte(`"Bob"`)}, status: run.Done, want: `"Bob done 2"`, effects: 1},
		{name: "from a recorded step by its number", of: done, q: run.Replay{Version: old, From: "6"}, status: run.Done, want: `"Ann 1 done 2"`},
		{name: "variables as they were", of: done, q: run.Replay{Version: old, From: "first"}, status: run.Done, want: `"Ann 1 done 2"`, effects: 1},
		{name: "from the failed step", of: dead, q: run.Replay{From: run.FromFailed, Body: []byte(`"mended"`)}, status: run.Done, want: `"mended new 2"`},
		{name: "a dead letter from before its failure", of: dead, q: run.Replay{Version: old, From: "second", Body: []byte(`"Bob"`)}, status: run.Done, want: `"Bob done 2"`, effects: 1},
		{name: "fails again", of: dead, q: run.Replay{From: run.FromFailed}, status: run.Dead},
		{name: "recorded in another version", of: done, q: run.Replay{From: "second"}, code: fault.RunReplay},
		{name: "a version that is not kept", of: done, q: run.Replay{Version: "000000000000"}, code: fault.PipelineUnknown},
		{name: "no such step", of: done, q: run.Replay{From: "third"}, code: fault.RunReplay},
		{name: "unknown", of: run.Run{EventID: "x", Pipeline: "lead"}, code: fault.RunUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := c.q
			q.EventID, q.Pipeline = c.of.EventID, c.of.Pipeline
			before, events := effects(), w.eventCount()
			dry, err := w.engine.Rehearse(t.Context(), q)
			if c.code != "" {
				_, err2 := w.engine.Replay(t.Context(), q)
				if fault.CodeOf(err) != c.code || fault.CodeOf(err2) != c.code {
					t.Fatalf("%v, %v", err, err2)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if effects() != before || w.eventCount() != events {
				t.Errorf("the rehearsal had %d effects and made %d events", effects()-before, w.eventCount()-events)
			}
			if dry.Status != c.status {
				t.Errorf("rehearsed: %s: %s", dry.Status, dry.Message)
			}
			r := w.run(w.replay(q), "lead", c.status)
			if c.status == run.Done && string(r.Body) != c.want {
				t.Errorf("the body is %s, want %s", r.Body, c.want)
			}
			if n := effects() - before; n != c.effects {
				t.Errorf("%d effects, want %d", n, c.effects)
			}
			if len(r.Steps) != len(dry.Steps) {
				t.Errorf("%d steps, and %d in the rehearsal", len(r.Steps), len(dry.Steps))
			}
		})
	}
}

// A rehearsal shows what would be called with what.
func TestRehearse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{Record: run.RecordAll}, map[string]string{
		"lead": "pipeline:\n  - event.listen: lead\n  - test.effect: {value: \"a ${body.payload}\"}\n  - wait: {for: 1ms}\n  - test.effect: {value: mid}\n  - test.effect: {value: \"b ${body}\"}\n",
	})
	old := w.run(w.emitWith("lead", `1`), "lead", run.Done)
	dry, err := w.engine.Rehearse(t.Context(), run.Replay{EventID: old.EventID, Pipeline: "lead", Body: []byte(`2`)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, s := range dry.Steps {
		var in run.Input
		if err := json.Unmarshal(s.Input, &in); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s mocked=%t %s -> %s", s.Command, dry.Mocked[i], in.Params, s.Output))
	}
	want := []string{
		`test.effect mocked=true {"value":"a 2"} -> `,
		`wait mocked=false  -> `,
		`test.effect mocked=true {"value":"mid"} -> "mid done"`,
		`test.effect mocked=true {"value":"b mid done"} -> "b mid done done"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if string(dry.Body) != `"b mid done done"` || dry.Status != run.Done || w.count("a 2") != 0 {
		t.Errorf("%+v", dry)
	}
	if list, err := w.store.Events(t.Context(), store.EventQuery{Limit: 10}); err != nil || len(list) != 1 {
		t.Errorf("%d events, %v", len(list), err)
	}
}

func (w *world) eventCount() int {
	w.t.Helper()
	list, err := w.store.Events(w.t.Context(), store.EventQuery{Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(list)
}

// A block that a run waited in is replayed from what it began with.
func TestReplayFromABlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	clk := &clock{}
	w.start(t.TempDir(), engine.Options{Record: run.RecordAll, Now: clk.now}, map[string]string{
		"lead": "pipeline:\n  - event.listen: lead\n  - var.set: {key: sum, value: 0}\n  - set: \"${'a'}\"\n" +
			"  - foreach: {id: loop, in: [1, 2], as: n, do: [{set: \"${body + vars.n}\"}, {wait: {for: 1h}}, {test.effect: \"${body}\"}]}\n  - set: \"${body + '.'}\"\n",
	})
	pass := func(e event.Event) run.Run {
		for range 2 {
			var r run.Run
			w.until(func() bool { r = w.run(e, "lead", run.Waiting); return clk.in(r.NextAt) > 0 }, func() string { return "it does not wait" })
			clk.forward(time.Hour)
		}
		return w.run(e, "lead", run.Done)
	}
	old := pass(w.emit("lead"))
	if string(old.Body) != `"a1 done2 done."` {
		t.Fatalf("the body is %s", old.Body)
	}
	again := pass(w.replay(run.Replay{EventID: old.EventID, Pipeline: "lead", From: "loop"}))
	if string(again.Body) != string(old.Body) || w.count("a1") != 2 || w.count("a1 done2") != 2 {
		t.Errorf("the body is %s", again.Body)
	}
	for i, s := range again.Steps {
		if s.Command == "var.set" || s.Status == run.StepWaiting && i == len(again.Steps)-1 {
			t.Errorf("step %d is %+v", i, s)
		}
	}
}

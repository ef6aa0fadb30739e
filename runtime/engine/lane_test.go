package engine_test

import (
	"fmt"
	"testing"

	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// TestStuckPipelineHoldsUpNobody: far more events than may be on their way start a pipeline that does not come to
// an end and one that does. The second is done with all of them; what the first was not begun with waits in
// the store, also over a restart, and is done once it can be, once each.
func TestStuckPipelineHoldsUpNobody(t *testing.T) {
	t.Parallel()
	const events = 150
	w := newWorld(t)
	w.window = 8
	dir := t.TempDir()
	files := map[string]string{
		"good":  listen + "  - test.effect: good\n",
		"stuck": listen + "  - test.wait\n  - test.effect: stuck\n",
		"other": "pipeline:\n  - event.listen: c.d\n  - test.step: {value: other, retry: {times: 1, wait: 2s}}\n",
	}
	o := engine.Options{PerPipeline: 2, Grace: 1}
	stop := w.start(dir, o, files)
	var sent []event.Event
	for range events {
		sent = append(sent, w.emit("a.b"))
	}
	done := func(what string, want int) {
		t.Helper()
		w.until(func() bool { return w.count(what) == want }, func() string { return fmt.Sprintf("%d of %s, want %d", w.count(what), what, want) })
	}
	done("good", events)
	w.mu.Lock()
	w.fail["other"] = 1
	w.mu.Unlock()
	w.run(w.emit("c.d"), "other", run.Done) // a retry that is due is not behind all that waits
	if w.count("stuck") != 0 {
		t.Fatal("the other one was to be stuck")
	}
	waiting, err := w.store.FindRuns(t.Context(), store.RunQuery{Pipeline: "stuck", Status: run.Waiting, Limit: events})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range waiting {
		if r.Attempt != 1 || r.Code != "" {
			t.Errorf("a run that waits for its turn: %+v", r)
		}
	}
	if len(waiting) < events/2 {
		t.Errorf("%d runs wait in the store", len(waiting))
	}
	stop()
	w.start(dir, o, files)
	close(w.block)
	done("stuck", events)
	for _, e := range sent {
		w.settled(e)
		if r := w.run(e, "stuck", run.Done); r.Attempt != 1 && r.Attempt != 2 { // of those that were stopped
			t.Errorf("attempt %d", r.Attempt)
		}
	}
	if w.count("stuck") != events || w.count("good") != events {
		t.Errorf("%d and %d effects", w.count("stuck"), w.count("good"))
	}
}

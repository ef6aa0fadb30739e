package engine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/run"
)

// A follower learns of every attempt, every record in the middle and the end, in this order and without payloads.
func TestUpdates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail["two"] = 1
	w.start(t.TempDir(), engine.Options{Backoff: time.Millisecond}, map[string]string{
		"lead": "pipeline:\n  - event.listen: lead\n  - test.effect: one\n  - test.step: two\n  - wait: {for: 1100ms}\n  - body.set: {value: 3}\n",
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, after, missed := w.engine.Updates(ctx, -1)
	if missed {
		t.Error("the first look missed something")
	}
	e := w.emit("lead")
	var got []string
	for over := false; !over; {
		var news []run.Update
		news, after, missed = w.engine.Updates(ctx, after)
		if missed || ctx.Err() != nil {
			t.Fatalf("missed %t, %v, after %v", missed, ctx.Err(), got)
		}
		for _, n := range news {
			if n.Run.EventID != e.ID || n.Run.Body != nil || n.Run.Vars != nil || n.Run.Steps != nil || n.Time.IsZero() {
				t.Errorf("%+v", n)
			}
			got = append(got, fmt.Sprintf("%s %d %s %s", n.Run.Status, n.Run.Attempt, n.Run.Code, n.Step))
			over = n.Run.Status.Final()
		}
	}
	want := []string{
		"running 1  1 (test.effect)", "running 1  2 (test.step)", "waiting 1 command.failed ",
		"running 2 command.failed 2 (test.step)", "waiting 2  ", "running 2  3 (wait)", "done 2  ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, _, missed = w.engine.Updates(ctx, after+1000); !missed {
		t.Error("a number from another start is not noticed")
	}
	none, stop := context.WithTimeout(ctx, 5*time.Millisecond)
	defer stop()
	if news, last, missed := w.engine.Updates(none, after); len(news) > 0 || last != after || missed {
		t.Errorf("%v, %d, %t; want nothing", news, last, missed)
	}
}

// Who comes late gets what is kept and is told that there was more.
func TestUpdatesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{}, map[string]string{"lead": "pipeline:\n  - event.listen: lead\n  - foreach: {in: \"${1..700}\", as: n, do: [{test.effect: x}]}\n"})
	_, after, _ := w.engine.Updates(t.Context(), -1)
	for range 2 {
		w.run(w.emit("lead"), "lead", run.Done)
	}
	news, last, missed := w.engine.Updates(t.Context(), after)
	if !missed || len(news) < 500 || len(news) > 1024 || news[len(news)-1].Number != last || news[len(news)-1].Run.Status != run.Done {
		t.Errorf("%d updates up to %d, missed %t", len(news), last, missed)
	}
}

// A run in its first attempt is not in the store yet, and is listed all the same.
func TestRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{}, map[string]string{"lead": "pipeline:\n  - event.listen: lead\n  - test.wait\n"})
	first := w.emit("lead")
	w.until(func() bool { return len(w.engine.Running()) == 1 }, func() string { return "the first run is not listed" })
	second := w.emit("lead")
	w.until(func() bool { return len(w.engine.Running()) == 2 }, func() string { return "the second run is not listed" })
	for i, r := range w.engine.Running() {
		if want := []string{first.ID, second.ID}[i]; r.EventID != want || r.Status != run.Running || r.Attempt != 1 || r.Version == "" || r.EventKey != "lead" {
			t.Errorf("%+v, want the run of %s", r, want)
		}
	}
	close(w.block)
	w.run(first, "lead", run.Done)
	w.run(second, "lead", run.Done)
	w.until(func() bool { return len(w.engine.Running()) == 0 }, func() string { return "a run that ended is still listed" })
}

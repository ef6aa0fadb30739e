package engine_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
)

const listen = "pipeline:\n  - event.listen: a.b\n"

func TestRetryUntilDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail["x"] = 2
	w.start(t.TempDir(), engine.Options{Backoff: time.Millisecond}, map[string]string{"p": listen + "  - test.step: x\n"})
	r := w.run(w.emit("a.b"), "p", run.Done)
	if r.Attempt != 3 || w.count("x") != 3 || r.Code != "" {
		t.Errorf("attempt %d, %d calls, code %q; want 3, 3 and none", r.Attempt, w.count("x"), r.Code)
	}
	if got := string(r.Body); got != `"x done"` {
		t.Errorf("the final body is %s", got)
	}
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail["x"] = 100
	w.start(t.TempDir(), engine.Options{Backoff: time.Millisecond, Attempts: 3}, map[string]string{
		"tries":  listen + "  - test.step: x\n",
		"broken": listen + "  - test.broken\n",
		"good":   listen + "  - test.step: y\n",
	})
	e := w.emit("a.b")
	tries, broken := w.run(e, "tries", run.Dead), w.run(e, "broken", run.Dead)
	if tries.Attempt != 3 || w.count("x") != 3 {
		t.Errorf("a retryable fault led to %d attempts and %d calls, want 3 and 3", tries.Attempt, w.count("x"))
	}
	if broken.Attempt != 1 {
		t.Errorf("a fault that no retry can mend led to %d attempts, want 1", broken.Attempt)
	}
	for _, r := range []run.Run{tries, broken} {
		if r.Code != "command.failed" || r.Message == "" || len(r.Steps) == 0 || r.Steps[len(r.Steps)-1].Status != run.StepFailed || r.Ended.IsZero() {
			t.Errorf("the dead letter of %s does not say what failed: %+v", r.Pipeline, r)
		}
	}
	w.run(e, "good", run.Done) // not held up by the others
}

// TestParkedEvent: no pipeline runs for it, and it is listed as a dead letter.
func TestParkedEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{}, map[string]string{"p": listen + "  - test.step: x\n"})
	e := event.New("a.b", time.Now())
	e.Parked = "does not fit"
	if _, err := w.emitter.Emit(t.Context(), e, event.Dedupe{}); err != nil {
		t.Fatal(err)
	}
	r := w.run(e, engine.ParkedPipeline, run.Dead)
	if r.Code != "event.parked" || r.Message != "does not fit" || r.Ended.IsZero() {
		t.Errorf("the dead letter does not say why: %+v", r)
	}
	w.run(w.emit("a.b"), "p", run.Done) // behind the parked one
	kept, err := w.store.Event(t.Context(), e.ID)
	if err != nil || kept.Settled.IsZero() {
		t.Errorf("the parked event is not settled: %v", err)
	}
	if runs, err := w.store.RunsOf(t.Context(), e.ID); err != nil || len(runs) != 1 || w.count("x") != 1 {
		t.Errorf("runs %+v, %d calls, %v; want the dead letter alone", runs, w.count("x"), err)
	}
}

// A run that is tried again goes on where it failed: an effect before that happens once.
func TestResumeAtFailedStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail["late"] = 2
	w.start(t.TempDir(), engine.Options{Backoff: time.Millisecond}, map[string]string{
		"p": listen + "  - var.set: {key: n, value: kept}\n  - test.effect: mail\n  - test.step: late\n  - body.set: \"${body} ${vars.n}\"\n",
	})
	r := w.run(w.emit("a.b"), "p", run.Done)
	if w.count("mail") != 1 || w.count("late") != 3 {
		t.Errorf("the effect happened %d times and the failing step %d, want 1 and 3", w.count("mail"), w.count("late"))
	}
	if got := string(r.Body); got != `"late done kept"` {
		t.Errorf("the final body is %s, want the resumed body and vars", got)
	}
	var commands []string
	for _, s := range r.Steps {
		commands = append(commands, s.Command+" "+string(s.Status))
	}
	want := []string{"var.set done", "test.effect done", "test.step failed", "test.step failed", "test.step done", "body.set done"}
	if diff := cmp.Diff(want, commands); diff != "" {
		t.Errorf("recorded steps (-want +got):\n%s", diff)
	}
}

// A server that stops while a run waits for its next step finishes the run when it starts again, from the
// last recorded step.
func TestResumeAfterRestart(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), t.TempDir()
	files := map[string]string{"p": listen + "  - test.effect: mail\n  - test.wait\n  - test.step: end\n"}
	stop := w.start(dir, engine.Options{Grace: 10 * time.Millisecond}, files)
	e := w.emit("a.b")
	w.until(func() bool { return w.count("mail") == 1 }, func() string { return "the first step was not executed" })
	w.run(e, "p", run.Running)
	stop()
	close(w.block)
	w.start(dir, engine.Options{}, files)
	w.run(e, "p", run.Done)
	if w.count("mail") != 1 || w.count("end") != 1 {
		t.Errorf("the effect happened %d times and the last step %d, want 1 and 1", w.count("mail"), w.count("end"))
	}
}

func TestFinishedRunIsNotRepeated(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), t.TempDir()
	files := map[string]string{"p": listen + "  - test.step: x\n", "q": listen + "  - test.wait\n"}
	stop := w.start(dir, engine.Options{Grace: 10 * time.Millisecond}, files)
	e := w.emit("a.b")
	w.run(e, "p", run.Done)
	stop() // the event is not settled: q is unfinished
	close(w.block)
	w.start(dir, engine.Options{}, files)
	w.run(e, "q", run.Done)
	if n := w.count("x"); n != 1 {
		t.Errorf("a finished run was executed %d times", n)
	}
}

// One slow pipeline, full to its limit, holds up no other one.
func TestSlowPipelineHoldsUpNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{PerPipeline: 2, Grace: 10 * time.Millisecond}, map[string]string{
		"slow": listen + "  - test.wait\n", "quick": listen + "  - test.step: x\n",
	})
	const events = 20
	for range events {
		w.emit("a.b")
	}
	w.until(func() bool { return w.count("x") == events }, func() string { return "the quick pipeline was held up" })
}

package engine_test

import (
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/sqlite"
)

// A run that waits holds no place: with room for one run, others of the same pipeline go past it.
func TestLongWaitHoldsNoPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{PerPipeline: 1}, map[string]string{
		"p": listen + "  - test.effect: before\n  - wait: 1500ms\n  - test.effect: after\n",
	})
	first := w.emit("a.b")
	waiting := w.run(first, "p", run.Waiting)
	if waiting.Code != "" || time.Until(waiting.NextAt) > 1500*time.Millisecond || waiting.Attempt != 1 {
		t.Errorf("the waiting run: %+v", waiting)
	}
	for range 3 {
		w.emit("a.b")
	}
	w.until(func() bool { return w.count("before") == 4 }, func() string { return "the waiting run holds up the others" })
	done := w.run(first, "p", run.Done)
	if done.Attempt != 1 {
		t.Errorf("behind the wait it is attempt %d, want 1", done.Attempt)
	}
	var commands []string
	for _, s := range done.Steps {
		commands = append(commands, s.Command+" "+string(s.Status))
	}
	if len(commands) != 4 || commands[1] != "wait waiting" || commands[2] != "wait done" {
		t.Errorf("recorded steps: %v", commands)
	}
	w.until(func() bool { return w.count("after") == 4 }, func() string { return "not all runs went on" })
	if w.count("before") != 4 {
		t.Errorf("the step before the wait was executed %d times, want 4", w.count("before"))
	}
}

// A wait goes on where it was over a restart.
func TestWaitOverRestart(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), t.TempDir()
	files := map[string]string{"p": listen + "  - test.effect: before\n  - wait: 1200ms\n  - test.effect: after\n"}
	stop := w.start(dir, engine.Options{}, files)
	e := w.emit("a.b")
	until := w.run(e, "p", run.Waiting).NextAt
	stop()
	w.start(dir, engine.Options{}, files)
	w.run(e, "p", run.Done)
	if w.count("before") != 1 || w.count("after") != 1 || time.Now().Before(until) {
		t.Errorf("%d and %d calls; want 1 and 1, the second after the wait", w.count("before"), w.count("after"))
	}
}

// A server that stops while a run is deep in loops goes on in the same round.
func TestRestartInsideLoops(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), t.TempDir()
	files := map[string]string{
		"p": listen + `
  - foreach: {in: "a,b,c", as: x}
  - if: ${true}
  - test.effect: "${vars.x}"
  - test.wait: {if: "${vars.x == 'b'}"}
  - pipeline.run: {path: inner, vars: {x: "${vars.x}"}}
  - var.set: {key: seen, value: "${vars.seen}${vars.x}"}
  - if.end
  - foreach.end
  - set: "${vars.seen}"
`,
		"inner": "pipeline:\n  - test.effect: \"inner ${vars.x}\"\n  - test.step: \"step ${vars.x}\"\n",
	}
	stop := w.start(dir, engine.Options{Grace: 10 * time.Millisecond}, files)
	e := w.emit("a.b")
	w.until(func() bool { return w.count("b") == 1 }, func() string { return "the second round was not reached" })
	stop()
	close(w.block)
	w.mu.Lock()
	w.fail["step c"] = 2 // and then it is tried again inside the called pipeline
	w.mu.Unlock()
	w.start(dir, engine.Options{Backoff: time.Millisecond}, files)
	r := w.run(e, "p", run.Done)
	if string(r.Body) != `"abc"` {
		t.Errorf("the final body is %s", r.Body)
	}
	for _, effect := range []string{"a", "b", "c", "inner a", "inner b", "inner c"} {
		if n := w.count(effect); n != 1 {
			t.Errorf("the effect %q happened %d times", effect, n)
		}
	}
}

// A run that was kept by a version without positions goes on where a number says where that is, and is
// refused where it does not.
func TestRunsWithoutPositions(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), t.TempDir()
	files := map[string]string{
		"flat":   listen + "  - test.effect: one\n  - test.effect: two\n",
		"blocks": listen + "  - do:\n      - test.effect: three\n  - test.effect: four\n",
	}
	w.start(t.TempDir(), engine.Options{}, files)()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	e := event.New("a.b", time.Now())
	if _, err := s.Accept(t.Context(), e, event.Dedupe{}); err != nil {
		t.Fatal(err)
	}
	for _, p := range w.compile(files) {
		r := run.Run{
			EventID: e.ID, EventKey: e.Key, Pipeline: p.Name(), Version: p.Version(), Status: run.Running, Attempt: 1,
			Identity: "anonymousUser", Started: time.Now(), StepIndex: 1, Body: []byte(`null`), Vars: []byte(`{}`),
		}
		if err := s.Save(t.Context(), store.Change{Run: &r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	w.start(dir, engine.Options{}, files)
	w.run(e, "flat", run.Done)
	if r := w.run(e, "blocks", run.Dead); r.Code != "pipeline.position" {
		t.Errorf("%s: %s", r.Code, r.Message)
	}
	for effect, want := range map[string]int{"one": 0, "two": 1, "three": 0, "four": 0} {
		if n := w.count(effect); n != want {
			t.Errorf("the effect %q happened %d times, want %d", effect, n, want)
		}
	}
}

// `retry: from: start` begins the whole run again, as often as the author says.
func TestRetryFromStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail["late"] = 100
	w.start(t.TempDir(), engine.Options{Backoff: time.Millisecond}, map[string]string{
		"p": listen + "  - test.effect: first\n  - test.step: {value: late, retry: {from: start, attempts: 3, wait: 0}}\n",
	})
	r := w.run(w.emit("a.b"), "p", run.Dead)
	if w.count("first") != 3 || w.count("late") != 3 || r.Attempt != 3 {
		t.Errorf("attempt %d, %d and %d calls; want 3 of each", r.Attempt, w.count("first"), w.count("late"))
	}
}

// The commands of a finally are executed once, when no attempt is left.
func TestFinallyAfterTheLastAttempt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail["x"] = 100
	w.start(t.TempDir(), engine.Options{Backoff: time.Millisecond, Attempts: 3}, map[string]string{
		"p": listen + "  - test.step: x\n  - finally\n  - test.effect: cleaned\n",
	})
	r := w.run(w.emit("a.b"), "p", run.Dead)
	if w.count("x") != 3 || w.count("cleaned") != 1 || r.Code != "command.failed" {
		t.Errorf("%d tries, cleaned %d times, %s", w.count("x"), w.count("cleaned"), r.Code)
	}
}

// A step that waits for its next try holds no place either, and the tries are not attempts of the run.
func TestRetriesOfAStepAreDurable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail["x"] = 1
	w.start(t.TempDir(), engine.Options{PerPipeline: 1}, map[string]string{
		"p": listen + "  - test.step: {value: x, retry: {times: 2, wait: 1.1}}\n",
	})
	first := w.emit("a.b")
	w.run(first, "p", run.Waiting)
	w.run(w.emit("a.b"), "p", run.Done)
	r := w.run(first, "p", run.Done)
	if r.Attempt != 1 || w.count("x") != 3 || r.Steps[len(r.Steps)-1].Attempt != 2 {
		t.Errorf("attempt %d, %d calls, %+v", r.Attempt, w.count("x"), r.Steps)
	}
}

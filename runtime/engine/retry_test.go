package engine_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

// clock is a clock that a test puts forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time                { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration)       { c.ahead.Add(int64(d)) }
func (c *clock) in(at time.Time) time.Duration { return at.Sub(c.now()) }

// busy is a command that says twice when to come again, and with which failure, and then does its work.
func busy(code fault.Code, after time.Duration, calls *atomic.Int32) command.Definition {
	return command.Definition{
		Spec: command.Spec{Name: "test.busy", Summary: "Is busy."},
		Command: command.Func(func(context.Context, command.Call) (command.Result, error) {
			if calls.Add(1) <= 2 {
				return command.Result{}, fault.New(code, "too many requests").WithRetry(after)
			}
			return command.Value("served"), nil
		}),
	}
}

// What another system asks for with Retry-After is kept to, over restarts, whether the run or the step is repeated, and
// nothing is held meanwhile.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, step string
		code       fault.Code
		status     run.Status // in the end
		attempt    int        // in the end
		waits      int        // of an hour
		told       string     // Run.Code while it waits
	}{
		{name: "the run", step: "test.busy", code: fault.PluginFailed, status: run.Done, attempt: 3, waits: 2, told: "plugin.failed"},
		{name: "the step", step: "test.busy: {retry: {attempts: 3, wait: 1s}}", code: fault.PluginFailed, status: run.Done, attempt: 1, waits: 2},
		{name: "the step, by onError", step: "test.busy: {onError: {action: RETRY, times: 2, wait: 1}}", code: fault.PluginFailed, status: run.Done, attempt: 1, waits: 2},
		{name: "the step, for this code", step: "test.busy: {retry: {attempts: 3, wait: 1s, on: [egress.failed, plugin.*]}}", code: fault.PluginFailed, status: run.Done, attempt: 1, waits: 2},
		{name: "the run, as the step is not for this code", step: "test.busy: {retry: {attempts: 3, wait: 1s, on: [mail.*]}}", code: fault.PluginFailed, status: run.Done, attempt: 3, waits: 2, told: "plugin.failed"},
		{name: "the step first, then the run", step: "test.busy: {retry: {attempts: 2, wait: 1s}}", code: fault.PluginFailed, status: run.Done, attempt: 2, waits: 2},
		{name: "from the start", step: "test.busy: {retry: {attempts: 3, wait: 1s, from: start}}", code: fault.PluginFailed, status: run.Done, attempt: 3, waits: 2, told: "plugin.failed"},
		{name: "nobody, in the end", step: "test.busy: {onError: {action: RETRY, times: 1, wait: 1, then: IGNORE}}", code: fault.PluginFailed, status: run.Done, attempt: 1, waits: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			clk, dir := &clock{}, t.TempDir()
			begin := func() (*world, func()) {
				w := newWorld(t)
				w.more = []command.Definition{busy(c.code, time.Hour, &calls)}
				stop := w.start(dir, engine.Options{Now: clk.now, Backoff: time.Millisecond, Attempts: 5, Grace: time.Second},
					map[string]string{"lead": "pipeline:\n  - event.listen: lead\n  - body.set: {value: begun}\n  - " + c.step + "\n"})
				return w, stop
			}
			w, stop := begin()
			e := w.emit("lead")
			for i := range c.waits {
				var r run.Run
				w.until(func() bool { // the record of the call before may still be on its way
					r = w.run(e, "lead", run.Waiting)
					return clk.in(r.NextAt) > 0
				}, func() string { return "it does not wait for the next time" })
				if in := clk.in(r.NextAt); in < 55*time.Minute || in > 62*time.Minute {
					t.Fatalf("wait %d: it goes on in %s", i+1, in)
				}
				if i == 0 && r.Code != c.told {
					t.Errorf("the code is %q, want %q", r.Code, c.told)
				}
				if i == 0 { // the schedule is on disk
					stop()
					w, stop = begin()
					if r := w.run(e, "lead", run.Waiting); clk.in(r.NextAt) < 55*time.Minute {
						t.Errorf("after the restart it goes on in %s", clk.in(r.NextAt))
					}
				}
				before := calls.Load()
				clk.forward(50 * time.Minute)
				w.until(func() bool { return w.engine.Load().Waiting == 1 }, func() string { return "the event is not parked" })
				if n := calls.Load(); n != before {
					t.Fatalf("it was called %d times too early", n-before)
				}
				clk.forward(15 * time.Minute)
				w.until(func() bool { return calls.Load() > before }, func() string { return "it is not called when its time has come" })
			}
			r := w.run(e, "lead", c.status)
			if r.Attempt != c.attempt {
				t.Errorf("%d attempts, want %d", r.Attempt, c.attempt)
			}
			if c.name == "nobody, in the end" {
				if string(r.Body) != `"begun"` {
					t.Errorf("the body is %s", r.Body)
				}
			} else if string(r.Body) != `"served"` {
				t.Errorf("the body is %s", r.Body)
			}
		})
	}
}

// A dead letter says why, with every step, for everything that cannot be processed.
func TestReasonsOfDeadLetters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		code       fault.Code
		reason     string
		steps      int
	}{
		{name: "a failed command", text: "pipeline:\n  - event.listen: lead\n  - body.set: {value: 1}\n  - test.broken\n", code: fault.CommandFailed, reason: "step 2 (test.broken): never", steps: 2},
		{name: "no attempt left", text: "pipeline:\n  - event.listen: lead\n  - test.step: always\n", code: fault.CommandFailed, reason: "not yet", steps: 2},
		{name: "an expression", text: "pipeline:\n  - event.listen: lead\n  - set: \"${body.a.b.c}\"\n", code: fault.ExprEval, reason: "step 1 (set)", steps: 1},
		{name: "a selector", text: "pipeline:\n  - event.listen: {eventKey: lead, filter: \"${body.payload.x.y == 1}\"}\n  - log: x\n", code: fault.ExprEval, reason: "", steps: 0},
		{name: "the section vars", text: "vars: {x: \"${body.a.b.c}\"}\npipeline:\n  - event.listen: lead\n  - log: x\n", code: fault.ExprEval, reason: "", steps: 0},
		{name: "too many steps", text: "pipeline:\n  - event.listen: lead\n  - while: {true: \"${true}\", max: 1000000, do: [{body.set: {value: 1}}]}\n", code: fault.PipelineLimit, reason: "more than 500 steps", steps: 250},
		{name: "a failed rollback", text: "pipeline:\n  - event.listen: lead\n  - test.broken: {onError: {action: ROLLBACK, pipeline: lead2}}\n", code: fault.CommandFailed, reason: "never", steps: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fail["always"] = 1000
			w.start(t.TempDir(), engine.Options{Attempts: 2, Backoff: time.Millisecond, MaxSteps: 500}, map[string]string{
				"lead": c.text, "lead2": "pipeline:\n  - test.broken\n",
			})
			r := w.run(w.emit("lead"), "lead", run.Dead)
			if fault.Code(r.Code) != c.code || !strings.Contains(r.Message, c.reason) || r.Ended.IsZero() || len(r.Steps) != c.steps {
				t.Errorf("%s: %s, %d steps, ended %s", r.Code, r.Message, len(r.Steps), r.Ended)
			}
			if n := len(r.Steps); n > 0 && c.steps < 100 && (r.Steps[n-1].Status != run.StepFailed || r.Steps[n-1].Code == "") {
				t.Errorf("the last step is %+v", r.Steps[n-1])
			}
		})
	}
}

// An event whose handling panics is a dead letter, and others are handled.
func TestPanicIsADeadLetter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{Logger: slog.New(panicky{slog.DiscardHandler})}, map[string]string{
		"lead": "pipeline:\n  - event.listen: lead\n  - test.effect: done\n  - test.broken: {onError: LOG}\n",
		"good": "pipeline:\n  - event.listen: lead\n  - body.set: {value: 1}\n",
	})
	e := w.emit("lead")
	if r := w.run(e, "lead", run.Dead); fault.Code(r.Code) != fault.Internal || r.StepIndex != 1 || len(r.Steps) != 2 || w.count("done") != 1 {
		t.Errorf("%s at step %d: %s, %d steps", r.Code, r.StepIndex, r.Message, len(r.Steps))
	}
	w.run(e, "good", run.Done)
	w.settled(e)
}

// panicky is a log that panics where a pipeline tells that it goes on.
type panicky struct{ slog.Handler }

func (panicky) Enabled(context.Context, slog.Level) bool { return true }

func (p panicky) WithAttrs([]slog.Attr) slog.Handler { return p }

func (panicky) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "step failed, going on" {
		panic(r.Message)
	}
	return nil
}

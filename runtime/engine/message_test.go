package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

const receive = "pipeline:\n  - message.receive: {key: sales.order.*, autoack: false}\n"

// message sends a message that is no event.
func (w *world) message(key, payload string) event.Event {
	w.t.Helper()
	e := event.New(key, time.Now())
	e.Message, e.Payload = true, []byte(payload)
	if _, err := w.emitter.Emit(w.t.Context(), e, event.Dedupe{}); err != nil {
		w.t.Fatal(err)
	}
	return e
}

// TestWhoReceives: events are messages under their prefix, messages are no events.
func TestWhoReceives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{}, map[string]string{
		"listens":  "pipeline:\n  - event.listen: sales.#\n  - set: \"${body.payload.n}\"\n",
		"pattern":  "pipeline:\n  - message.receive: sales.order.*\n  - set: \"${body.n}\"\n",
		"prefixed": "pipeline:\n  - message.receive: pipeforce.event.sales.#\n  - set: \"${body.payload.n}\"\n",
		"all":      "pipeline:\n  - message.receive: \"#\"\n  - set: \"${event.eventKey}\"\n",
		"other":    "pipeline:\n  - message.receive: sales.order\n  - set: 1\n",
	})
	bodies := func(e event.Event) map[string]string {
		w.settled(e)
		runs, err := w.store.RunsOf(t.Context(), e.ID)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, r := range runs {
			out[r.Pipeline] = string(r.Body)
		}
		return out
	}
	if diff := cmp.Diff(map[string]string{"pattern": "7", "all": `"sales.order.paid"`}, bodies(w.message("sales.order.paid", `{"n":7}`))); diff != "" {
		t.Errorf("a message: %s", diff)
	}
	e := event.New("sales.order.paid", time.Now())
	e.Payload = []byte(`{"n":8}`)
	if _, err := w.emitter.Emit(t.Context(), e, event.Dedupe{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"listens": "8", "prefixed": "8", "all": `"sales.order.paid"`}, bodies(e)); diff != "" {
		t.Errorf("an event: %s", diff)
	}
}

// TestMessageSurvivesRestart: a message that is left over is published as what it is.
func TestMessageSurvivesRestart(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), t.TempDir()
	files := map[string]string{"p": receive + "  - test.wait\n  - message.ack\n", "q": "pipeline:\n  - event.listen: sales.order.*\n  - test.step: wrong\n"}
	stop := w.start(dir, engine.Options{Grace: time.Millisecond}, files)
	e := w.message("sales.order.paid", `{"n":7}`)
	stop()
	close(w.block)
	w.start(dir, engine.Options{}, files)
	w.run(e, "p", run.Done)
	w.settled(e)
	if w.count("wrong") > 0 {
		t.Error("the message was taken for an event")
	}
}

// TestKeptKey: what is published again has the key that it had at first.
func TestKeptKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{}, nil)
	plain, message := event.New("a.b", time.Now()), event.New("a.b", time.Now())
	plain.Payload, message.Message = []byte(`{"message":true}`), true
	for _, c := range []struct {
		e    event.Event
		want string
	}{{plain, "pipeforce.event.a.b"}, {message, "a.b"}} {
		if got := w.emitter.KeptKey(store.Event{Key: c.e.Key, Data: c.e.AppendJSON(nil)}); got != c.want {
			t.Errorf("the key is %s, want %s", got, c.want)
		}
	}
}

// TestManualAcknowledgement: what becomes of a message, by what the pipeline says of it and how it ends.
func TestManualAcknowledgement(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps    string
		fails    int // of the step b, which comes behind the effect a
		status   run.Status
		code     fault.Code
		attempts int
		a        int // how often it happened
	}{
		"nothing said, success":            {"  - test.effect: a\n", 0, run.Done, "", 1, 1},
		"nothing said, failure":            {"  - test.effect: a\n  - test.step: b\n", 2, run.Done, "", 3, 3},
		"nothing said, lasting failure":    {"  - test.effect: a\n  - test.broken\n", 0, run.Dead, "command.failed", 4, 4},
		"nothing said, failure in wait":    {"  - test.effect: a\n  - wait: {for: 5s}\n  - test.step: b\n", 1, run.Done, "", 2, 2},
		"ack, then failure":                {"  - test.effect: a\n  - message.ack\n  - test.step: b\n", 2, run.Done, "", 3, 1},
		"ack in a loop, then failure":      {"  - test.effect: a\n  - foreach: {in: [1], as: x, do: [message.ack, test.step: b]}\n", 2, run.Done, "", 3, 1},
		"ack, wait, then failure":          {"  - test.effect: a\n  - message.ack\n  - wait: {for: 5s}\n  - test.step: b\n", 2, run.Done, "", 3, 1},
		"ack, then lasting failure":        {"  - test.effect: a\n  - message.ack\n  - test.broken\n", 0, run.Dead, "command.failed", 1, 1},
		"ack twice":                        {"  - message.ack\n  - message.ack\n  - test.effect: a\n", 0, run.Done, "", 1, 1},
		"nack":                             {"  - test.effect: a\n  - message.nack: {if: \"${context.attempt < 3}\"}\n", 0, run.Done, "", 3, 3},
		"nack for ever":                    {"  - test.effect: a\n  - message.nack\n  - test.effect: never\n", 0, run.Dead, fault.MessageNacked, 4, 4},
		"nack ignores onError":             {"  - test.effect: a\n  - message.nack: {if: \"${context.attempt < 2}\", onError: IGNORE}\n", 0, run.Done, "", 2, 2},
		"nack behind ack":                  {"  - test.effect: a\n  - message.ack\n  - message.nack\n", 0, run.Dead, "pipeline.invalid", 1, 1},
		"drop":                             {"  - test.effect: a\n  - message.drop\n  - test.effect: never\n", 0, run.Done, fault.MessageDropped, 1, 1},
		"drop of what fails":               {"  - test.effect: a\n  - test.broken\n  - except\n  - message.drop\n  - except.end\n", 0, run.Done, fault.MessageDropped, 1, 1},
		"failure, finally runs every time": {"  - test.broken\n  - finally\n  - test.effect: a\n", 0, run.Dead, "command.failed", 4, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.fail["b"] = c.fails
				w.start(t.TempDir(), engine.Options{Attempts: 4, Backoff: time.Second, Poll: time.Second}, map[string]string{"p": receive + c.steps})
				begin := time.Now()
				e := w.message("sales.order.paid", `{"n":7}`)
				r := w.run(e, "p", c.status)
				if r.Code != string(c.code) || r.Attempt != c.attempts || w.count("a") != c.a || w.count("never") > 0 {
					t.Errorf("code %q (%s), %d attempts, %d effects; want %q, %d and %d", r.Code, r.Message, r.Attempt, w.count("a"), c.code, c.attempts, c.a)
				}
				w.settled(e)
				if took := time.Since(begin); c.attempts == 4 && took < 5*time.Second {
					t.Errorf("four deliveries took %s: there is no backoff", took)
				}
			})
		})
	}
}

// TestCircle: pipelines that send what they receive come to an end, and say why.
func TestCircle(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"events":   {"p": "pipeline:\n  - event.listen: a.b\n  - test.send: event.send\n"},
		"messages": {"p": "pipeline:\n  - message.receive: a.#\n  - test.send: message.send\n"},
		"batches":  {"p": "pipeline:\n  - message.receive: {key: a.#, maxBatchItems: 1}\n  - test.send: message.send\n"},
		"both":     {"p": "pipeline:\n  - message.receive: a.c\n  - test.send: event.send\n", "q": "pipeline:\n  - event.listen: a.b\n  - test.send: {value: message.send, key: a.c}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.more = append(w.more, w.sender(5))
			w.start(t.TempDir(), engine.Options{}, files)
			e := w.emit("a.b")
			if name == "messages" || name == "batches" {
				e = w.message("a.b", `1`)
			}
			w.until(func() bool {
				dead, err := w.store.FindRuns(t.Context(), deadRuns)
				return err == nil && len(dead) == 1 && dead[0].Code == string(fault.EventHops) && dead[0].EventID != e.ID
			}, func() string { return "the circle does not end" })
			if n := w.count("sent"); n != 5 {
				t.Errorf("%d events followed, want 5", n)
			}
		})
	}
}

// sender is test.send, which does what a command that sends does, with a limit of its own on how often an event may lead
// to another one.
func (w *world) sender(hops int) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name: "test.send", Summary: "Sends.", Shorthand: "value", Effect: true,
			Params: []command.Param{{Name: "value", Type: command.TypeText}, {Name: "key", Type: command.TypeText}},
		},
		Command: command.Func(func(ctx context.Context, c command.Call) (command.Result, error) {
			name, _ := c.Args["value"].(string)
			key, _ := c.Args["key"].(string)
			if key == "" {
				key = "a.b"
			}
			c.Args = map[string]any{"key": key, "payload": 1}
			emit := func(ctx context.Context, e event.Event) (event.Accepted, error) {
				w.mu.Lock()
				w.calls["sent"]++
				w.mu.Unlock()
				return w.emitter.Emit(ctx, e, event.Dedupe{})
			}
			for _, d := range builtin.All(builtin.Deps{Emit: emit, MaxHops: hops, Now: time.Now}) {
				if d.Spec.Name == name {
					return d.Command.Run(ctx, c)
				}
			}
			return command.Result{}, fault.New(fault.CommandUnknown, "no %s", strings.TrimSpace(name))
		}),
	}
}

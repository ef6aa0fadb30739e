package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

var deadRuns = store.RunQuery{Status: run.Dead, Open: true}

func batched(more string) string {
	return "pipeline:\n  - message.receive: {key: sales.#, " + more + "}\n"
}

// batches gives the final bodies of the runs of batches.
func (w *world) batches(status run.Status) (bodies []string) {
	w.t.Helper()
	found, err := w.store.FindRuns(w.t.Context(), store.RunQuery{EventKey: event.BatchKey, Status: status, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range found {
		r, err := w.store.Run(w.t.Context(), f.EventID, f.Pipeline)
		if err != nil {
			w.t.Fatal(err)
		}
		bodies = append(bodies, string(r.Body))
	}
	slices.Sort(bodies)
	return bodies
}

func (w *world) allSettled() {
	w.t.Helper()
	w.until(func() bool {
		open, err := w.store.Unsettled(w.t.Context(), 0, 1)
		return err == nil && len(open) == 0
	}, func() string { return "events stay unsettled" })
}

func TestBatches(t *testing.T) {
	t.Parallel()
	long := `"` + strings.Repeat("x", 98) + `"` // 100 bytes
	for name, c := range map[string]struct {
		limits   string
		payloads []string
		after    time.Duration
		want     []string // numbers of members
	}{
		"by number":           {"maxBatchItems: 3, maxBatchWait: 1h", []string{"1", "2", "3", "4", "5", "6", "7"}, time.Second, []string{"3", "3"}},
		"by time":             {"maxBatchItems: 3, maxBatchWait: 5s", []string{"1", "2", "3", "4"}, 6 * time.Second, []string{"1", "3"}},
		"by size":             {"maxBatchSize: 250, maxBatchWait: 5s", []string{long, long, long, long, long}, 6 * time.Second, []string{"1", "2", "2"}},
		"whatever is first":   {"maxBatchItems: 3, maxBatchSize: 250, maxBatchWait: 5s", []string{"1", "2", "3", long, long, long}, 6 * time.Second, []string{"1", "2", "3"}},
		"one that is too big": {"maxBatchSize: 50, maxBatchWait: 5s", []string{"1", long, "2"}, 6 * time.Second, []string{"1", "1", "1"}},
		"a batch of one":      {"maxBatchItems: 1", []string{"1", "2"}, time.Second / 2, []string{"1", "1"}},
		"the standard time":   {"maxBatchItems: 9", []string{"1", "2"}, 1500 * time.Millisecond, []string{"2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.start(t.TempDir(), engine.Options{}, map[string]string{"p": batched(c.limits) + "  - set: \"${body.size()}\"\n"})
				for _, p := range c.payloads {
					w.message("sales.order", p)
					synctest.Wait()
				}
				time.Sleep(c.after)
				if diff := cmp.Diff(c.want, w.batches(run.Done)); diff != "" {
					t.Errorf("batches: %s", diff)
				}
			})
		})
	}
}

// TestBatchMembers: what a batch is for its pipeline, for its members, and for other pipelines of the same messages.
func TestBatchMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{}, map[string]string{
		"p": batched("maxBatchItems: 3") + "  - set: {value: [\"${body}\", \"${event.batch.members.size()}\"]}\n",
		"q": "pipeline:\n  - message.receive: sales.*\n  - test.step: \"${body.n}\"\n",
		"e": "pipeline:\n  - message.receive: {key: pipeforce.event.a.b, maxBatchItems: 2}\n  - set: ${body.![eventKey]}\n",
	})
	var sent []event.Event
	for i := range 3 {
		sent = append(sent, w.message("sales.order", fmt.Sprintf(`{"n":"n%d"}`, i)))
	}
	w.emit("a.b")
	w.emit("a.b")
	w.allSettled()
	var ids []string
	for i, e := range sent {
		r := w.run(e, "p", run.Done)
		ids = append(ids, r.Closed)
		w.run(e, "q", run.Done)
		if n := w.count(fmt.Sprintf("n%d", i)); n != 1 {
			t.Errorf("the other pipeline ran %d times for message %d", n, i)
		}
	}
	if slices.Sort(ids); ids[0] != ids[2] || ids[0] == "" {
		t.Fatalf("the members are in the batches %v", ids)
	}
	if got, err := w.engine.Result(t.Context(), sent[0].ID); err != nil || string(got.Value) != `{"p":null,"q":"n0 done"}` {
		t.Errorf("the result of a member is %s, %v", got.Value, err)
	}
	var body []any
	batch := w.run(event.Event{ID: ids[0]}, "p", run.Done)
	if err := json.Unmarshal(batch.Body, &body); err != nil || len(body) != 2 || len(body[0].([]any)) != 3 || body[1] != 3.0 {
		t.Errorf("the body is %s", batch.Body)
	}
	if got := w.batches(run.Done); len(got) != 2 || !slices.Contains(got, `["a.b","a.b"]`) {
		t.Errorf("batches: %v", got)
	}
}

// TestPoisonedBatch: it is one dead letter, which is replayed as one.
func TestPoisonedBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail["b"] = 5
	w.start(t.TempDir(), engine.Options{Attempts: 2, Backoff: time.Millisecond}, map[string]string{
		"p": batched("maxBatchItems: 3") + "  - test.effect: a\n  - test.step: b\n  - set: \"${event.payload.size()}\"\n",
	})
	var sent []event.Event
	for i := range 3 {
		sent = append(sent, w.message("sales.order", fmt.Sprint(i)))
	}
	w.allSettled()
	dead, err := w.store.FindRuns(t.Context(), deadRuns)
	if err != nil || len(dead) != 1 || dead[0].EventKey != event.BatchKey || dead[0].Attempt != 2 || w.count("a") != 1 {
		t.Fatalf("dead letters %+v, %v, after %d effects; want one, of the batch", dead, err, w.count("a"))
	}
	kept, err := w.store.Event(t.Context(), dead[0].EventID)
	if err != nil {
		t.Fatal(err)
	}
	ev, _, err := event.Unmarshal(kept.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range sent {
		if r := w.run(e, "p", run.Dead); r.Closed != kept.ID || r.Code != "command.failed" || !slices.Contains(ev.Batch.Members, e.ID) {
			t.Errorf("the member ended as %+v", r)
		}
	}
	if _, err := w.engine.Replay(t.Context(), run.Replay{EventID: sent[0].ID, Pipeline: "p", Close: true}); fault.CodeOf(err) != fault.RunReplay || !strings.Contains(err.Error(), kept.ID+":p") {
		t.Errorf("replaying a member as a dead letter: %v", err)
	}
	for _, from := range []string{run.FromFailed, ""} {
		w.mu.Lock()
		w.fail["b"] = 0
		w.mu.Unlock()
		accepted, err := w.engine.Replay(t.Context(), run.Replay{EventID: kept.ID, Pipeline: "p", From: from})
		if err != nil {
			t.Fatal(err)
		}
		if r := w.run(event.Event{ID: accepted.EventID}, "p", run.Done); string(r.Body) != "3" {
			t.Errorf("the replay gave %s", r.Body)
		}
	}
	if w.count("a") != 2 {
		t.Errorf("%d effects; the replay of the failed step repeats none", w.count("a"))
	}
	w.allSettled()
}

// TestBatchCancelled: the run of a batch is cancelled with its members, those not by themselves.
func TestBatchCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{}, map[string]string{"p": batched("maxBatchItems: 2") + "  - test.effect: a\n  - wait: {for: 1h}\n"})
	one, two := w.message("sales.order", "1"), w.message("sales.order", "2")
	member := w.run(one, "p", run.Batched)
	if _, err := w.engine.Cancel(t.Context(), one.ID, "p"); fault.CodeOf(err) != fault.RunFinal || !strings.Contains(err.Error(), member.Closed) {
		t.Errorf("cancelling a member: %v", err)
	}
	w.run(event.Event{ID: member.Closed}, "p", run.Waiting)
	if _, err := w.engine.Cancel(t.Context(), member.Closed, "p"); err != nil {
		t.Fatal(err)
	}
	w.run(one, "p", run.Cancelled)
	w.run(two, "p", run.Cancelled)
	w.allSettled()
}

// TestBatchReload: what was gathered goes to the pipelines as they are then.
func TestBatchReload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{}, map[string]string{
		"p": batched("maxBatchItems: 9, maxBatchWait: 1h") + "  - set: 1\n",
		"q": batched("maxBatchItems: 9, maxBatchWait: 1h") + "  - set: 1\n",
	})
	e := w.message("sales.order", `"x"`)
	w.until(func() bool { return w.engine.Load().Waiting == 1 }, func() string { return "the message is not gathered" })
	w.reload(map[string]string{"p": "pipeline:\n  - message.receive: sales.#\n  - test.step: \"${body}\"\n"})
	w.run(e, "p", run.Done)
	w.allSettled()
	if w.count("x") != 1 {
		t.Errorf("%d runs", w.count("x"))
	}
}

// TestBatchMemberComesAgain: a message that is handled again, for another pipeline, is gathered once.
func TestBatchMemberComesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail["again"] = 3
	w.start(t.TempDir(), engine.Options{Backoff: time.Millisecond}, map[string]string{
		"p": batched("maxBatchItems: 3, maxBatchWait: 1h") + "  - set: ${body}\n",
		"q": "pipeline:\n  - message.receive: sales.*\n  - test.step: \"${body}\"\n",
	})
	w.run(w.message("sales.order", `"again"`), "q", run.Done)
	w.message("sales.order", `"b"`)
	w.message("sales.order", `"c"`)
	w.allSettled()
	if got := w.batches(run.Done); len(got) != 1 || len(got[0]) != len(`["again","b","c"]`) || !strings.Contains(got[0], "again") {
		t.Errorf("batches: %v", got)
	}
}

// TestBatchOfGonePipeline: the batch is the dead letter, and its members end with it and not by themselves.
func TestBatchOfGonePipeline(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), t.TempDir()
	w.forgets = true
	stop := w.start(dir, engine.Options{}, map[string]string{"p": batched("maxBatchItems: 2") + "  - wait: {for: 1h}\n"})
	members := []event.Event{w.message("sales.order", "1"), w.message("sales.order", "2")}
	batch := event.Event{ID: w.run(members[0], "p", run.Batched).Closed}
	w.run(batch, "p", run.Waiting)
	stop()
	w.start(dir, engine.Options{}, nil)
	w.run(batch, "p", run.Dead)
	for _, e := range members {
		if r := w.run(e, "p", run.Dead); r.Attempt != 0 || r.Closed != batch.ID {
			t.Errorf("the member ended as %+v", r)
		}
	}
	w.allSettled()
}

// TestBatchMemberWithRetry: a message whose run in another pipeline waits is not settled with its batch.
func TestBatchMemberWithRetry(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), t.TempDir()
	w.fail["x"] = 1
	files := map[string]string{"q": "pipeline:\n  - message.receive: sales.*\n  - test.step: x\n"}
	stop := w.start(dir, engine.Options{Backoff: time.Hour}, files)
	e := w.message("sales.order", "1")
	w.run(e, "q", run.Waiting)
	stop()
	files["p"] = batched("maxBatchItems: 1") + "  - set: 1\n"
	w.start(dir, engine.Options{Backoff: time.Hour}, files)
	w.run(e, "p", run.Done)
	w.until(func() bool { return w.engine.Load() == engine.Load{Waiting: 1} }, func() string { return "the message is not waiting" })
	if kept, err := w.store.Event(t.Context(), e.ID); err != nil || !kept.Settled.IsZero() {
		t.Errorf("the message is settled at %v, %v", kept.Settled, err)
	}
	if _, err := w.engine.Cancel(t.Context(), e.ID, "q"); err != nil {
		t.Fatal(err)
	}
	w.allSettled()
}

// brokenForms refuses to form batches for a while.
type brokenForms struct {
	store.Store
	left atomic.Int32
}

func (b *brokenForms) Save(ctx context.Context, c store.Change) error {
	if c.Form != nil && b.left.Add(-1) >= 0 {
		return errors.New("no")
	}
	return b.Store.Save(ctx, c)
}

// TestBatchNotStored: a batch that cannot be stored is gathered again.
func TestBatchNotStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wrap = func(s store.Store) store.Store {
		b := &brokenForms{Store: s}
		b.left.Store(3)
		return b
	}
	w.start(t.TempDir(), engine.Options{}, map[string]string{"p": batched("maxBatchItems: 4, maxBatchWait: 20ms") + "  - foreach: {in: \"${body}\", as: x, do: [test.effect: \"${vars.x}\"]}\n"})
	for i := range 10 {
		w.message("sales.order", fmt.Sprint(i))
	}
	w.allSettled()
	for i := range 10 {
		if n := w.count(fmt.Sprint(i)); n != 1 {
			t.Errorf("message %d was handled %d times", i, n)
		}
	}
	w.until(func() bool { return w.engine.Load() == engine.Load{} }, func() string { return "the engine is not idle" })
}

// TestBatchFlood sends many messages at once to pipelines with batches and without.
func TestBatchFlood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.window = 64
	w.start(t.TempDir(), engine.Options{PerPipeline: 2}, map[string]string{
		"p": batched("maxBatchItems: 7, maxBatchWait: 50ms") + "  - foreach: {in: \"${body}\", as: x, do: [test.step: \"p${vars.x}\"]}\n",
		"q": batched("maxBatchSize: 100, maxBatchWait: 50ms") + "  - foreach: {in: \"${body}\", as: x, do: [test.step: \"q${vars.x}\"]}\n",
		"r": "pipeline:\n  - message.receive: sales.#\n  - test.step: \"r${body}\"\n",
	})
	const messages = 500
	for i := range messages {
		w.message("sales.order", fmt.Sprint(i))
	}
	w.allSettled()
	for _, p := range []string{"p", "q", "r"} {
		for i := range messages {
			if n := w.count(fmt.Sprint(p, i)); n != 1 {
				t.Errorf("%s handled message %d %d times", p, i, n)
			}
		}
	}
	if n := w.engine.Gathering(); n != 0 {
		t.Errorf("%d pipelines still gather", n)
	}
	w.until(func() bool { return w.engine.Load() == engine.Load{} }, func() string { return "the engine is not idle" })
}

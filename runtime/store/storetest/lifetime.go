package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/webhook"
)

func pruneForgets(t *testing.T, open Open) {
	s := fresh(t, open)
	const n = 350 // more than one batch
	var group sync.WaitGroup
	all := make([]event.Event, n)
	for i := range all {
		group.Go(func() {
			e := event.New("a", start())
			all[i] = e
			d := event.Dedupe{Scope: "s", Key: e.ID, Until: start().Add(time.Minute)}
			r := newRun(e, "p", run.Done)
			_, err1 := s.Accept(t.Context(), e, d)
			_, err2 := s.CompleteResult(t.Context(), e.ID, []byte("1"), start())
			err3 := s.Save(t.Context(), store.Change{Run: &r, Settle: e.ID, At: start()})
			if err := errors.Join(err1, err2, err3); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	_, err := s.CompleteResult(t.Context(), "no event", []byte("1"), start())
	must(t, err)
	now := start().Add(time.Hour)
	forgotten, err := s.Prune(t.Context(), store.Prune{SettledBefore: now, Now: now})
	must(t, err)
	if want := 4*n + 1; forgotten != want {
		t.Errorf("forgot %d rows, want %d", forgotten, want)
	}
	for _, e := range []event.Event{all[0], all[n-1]} {
		_, err1 := s.Event(t.Context(), e.ID)
		_, err2 := s.Run(t.Context(), e.ID, "p")
		_, _, err3 := s.CompletedResult(t.Context(), e.ID)
		for _, err := range []error{err1, err2, err3} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("not forgotten: %v", err)
			}
		}
	}
}

func pruneKeeps(t *testing.T, open Open) {
	s := fresh(t, open)
	events := acceptMany(t, s, 3)
	settledLater, open2 := events[1], events[2]
	for i, e := range events {
		r := newRun(e, "p", run.Done)
		change := store.Change{Run: &r, Settle: e.ID, At: start().Add(time.Duration(i) * time.Hour)}
		if e.ID == open2.ID {
			r.Status, change.Settle = run.Waiting, ""
		}
		must(t, s.Save(t.Context(), change))
		_, err := s.CompleteResult(t.Context(), e.ID, []byte("1"), start())
		must(t, err)
	}
	_, err := s.CompleteResult(t.Context(), "of the open event", []byte("1"), open2.Time.Add(time.Millisecond))
	must(t, err)
	late := event.New("a", start())
	_, err = s.Accept(t.Context(), late, event.Dedupe{Scope: "s", Key: "k", Until: start().Add(2 * time.Hour)})
	must(t, err)

	forgotten, err := s.Prune(t.Context(), store.Prune{SettledBefore: start().Add(time.Hour), Now: start().Add(time.Hour)})
	must(t, err)
	if forgotten != 3 { // the first event, its run and its result
		t.Errorf("forgot %d rows, want 3", forgotten)
	}
	for _, e := range []event.Event{settledLater, open2} {
		_, err1 := s.Event(t.Context(), e.ID)
		_, err2 := s.Run(t.Context(), e.ID, "p")
		_, _, err3 := s.CompletedResult(t.Context(), e.ID)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Error(err)
		}
	}
	_, _, err = s.CompletedResult(t.Context(), "of the open event")
	must(t, err)
	got, err := s.Accept(t.Context(), event.New("a", start()), event.Dedupe{Scope: "s", Key: "k", Until: start().Add(2 * time.Hour)})
	must(t, err)
	if got.Fresh {
		t.Error("a dedupe key was forgotten before its time")
	}
}

// snapshot is everything that a store shows.
func snapshot(t *testing.T, s store.Store) map[string]any {
	t.Helper()
	ctx := t.Context()
	events, err1 := s.Events(ctx, store.EventQuery{Limit: 100})
	unsettled, err2 := s.Unsettled(ctx, 0, 100)
	runs, err3 := s.FindRuns(ctx, store.RunQuery{Limit: 100})
	due, err4 := s.Due(ctx, store.DueQuery{Now: start().Add(24 * time.Hour), Limit: 100})
	value, at, err5 := s.CompletedResult(ctx, "c")
	hooks, err6 := s.Webhooks(ctx)
	rejects, err7 := s.Rejects(ctx, 100)
	must(t, errors.Join(err1, err2, err3, err4, err5, err6, err7))
	return map[string]any{
		"events": events, "unsettled": unsettled, "runs": runs, "due": due,
		"value": value, "at": at, "webhooks": hooks, "rejects": rejects,
	}
}

func reopen(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	events := acceptMany(t, s, 5)
	d := event.Dedupe{Scope: "s", Key: "k", Until: start().Add(time.Hour)}
	first, err := s.Accept(t.Context(), event.New("a", start()), d)
	must(t, err)
	done, waiting := newRun(events[0], "p", run.Done), newRun(events[1], "p", run.Waiting)
	waiting.NextAt, waiting.Vars = start().Add(time.Minute), []byte(`{}`)
	must(t, s.Save(t.Context(), store.Change{Run: &done, Settle: events[0].ID, At: start()}))
	save(t, s, waiting)
	_, err = s.CompleteResult(t.Context(), "c", []byte(`"v"`), start())
	must(t, err)
	must(t, s.PutWebhook(t.Context(), webhook.Webhook{ID: "u", Created: start(), Updated: start()}))
	before := snapshot(t, s)
	s.AddReject(store.Reject{Time: start(), Reason: "queued.at.close"})
	must(t, s.Close())

	s = open(t, dir)
	defer s.Close()
	after := snapshot(t, s)
	if kept, _ := after["rejects"].([]store.Reject); len(kept) != 1 || kept[0].Reason != "queued.at.close" {
		t.Errorf("refusals after reopening: %v", kept)
	}
	delete(before, "rejects")
	delete(after, "rejects")
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	again, err := s.Accept(t.Context(), event.New("a", start()), d)
	must(t, err)
	if again.Fresh || again.EventID != first.EventID {
		t.Errorf("the dedupe key is forgotten: %+v", again)
	}
	if err := s.Save(t.Context(), store.Change{Run: &done}); !errors.Is(err, store.ErrFinished) {
		t.Errorf("a finished run may be changed: %v", err)
	}
	accept(t, s, event.New("a", start()))
	newest, err := s.Events(t.Context(), store.EventQuery{Limit: 2})
	must(t, err)
	if newest[0].Seq <= newest[1].Seq {
		t.Errorf("Seq went back: %v", seqs(newest))
	}
}

// everyCall calls each method that takes a context.
func everyCall(s store.Store, ctx context.Context) map[string]error { //nolint:revive // the store is the subject
	out := map[string]error{}
	_, out["Accept"] = s.Accept(ctx, event.New("late", start()), event.Dedupe{})
	_, out["Event"] = s.Event(ctx, "x")
	_, out["Events"] = s.Events(ctx, store.EventQuery{})
	_, out["Unsettled"] = s.Unsettled(ctx, 0, 1)
	r := run.Run{EventID: "x", Pipeline: "late"}
	out["Save"] = s.Save(ctx, store.Change{Run: &r})
	_, out["RunsOf"] = s.RunsOf(ctx, "x")
	_, out["Run"] = s.Run(ctx, "x", "y")
	_, out["FindRuns"] = s.FindRuns(ctx, store.RunQuery{})
	_, out["Due"] = s.Due(ctx, store.DueQuery{Now: start(), Limit: 1})
	_, out["CompleteResult"] = s.CompleteResult(ctx, "x", nil, start())
	_, _, out["CompletedResult"] = s.CompletedResult(ctx, "x")
	out["PutWebhook"] = s.PutWebhook(ctx, webhook.Webhook{ID: "late"})
	out["DeleteWebhook"] = s.DeleteWebhook(ctx, "x")
	_, out["Webhooks"] = s.Webhooks(ctx)
	_, out["Rejects"] = s.Rejects(ctx, 1)
	_, out["Prune"] = s.Prune(ctx, store.Prune{})
	out["ChangeSources"] = s.ChangeSources(ctx, store.SourceChange{In: []store.Source{source("late", "v1")}, At: start()})
	_, out["Source"] = s.Source(ctx, store.PipelineVersion{})
	_, out["SourceAt"] = s.SourceAt(ctx, "x", start())
	_, out["SourcesOf"] = s.SourcesOf(ctx, "x")
	_, out["LoadedSources"] = s.LoadedSources(ctx)
	_, out["PruneSources"] = s.PruneSources(ctx, store.SourcePrune{})
	return out
}

func endedContexts(t *testing.T, open Open) {
	s := fresh(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range everyCall(s, ctx) {
		if !errors.Is(err, context.Canceled) || fault.CodeOf(err) != fault.StoreUnavailable {
			t.Errorf("%s: %v (%s)", name, err, fault.CodeOf(err))
		}
	}
	if kept, err := s.Unsettled(t.Context(), 0, 1); err != nil || len(kept) != 0 {
		t.Errorf("a call whose context had ended left %d events (%v)", len(kept), err)
	}
}

func cancelledCaller(t *testing.T, open Open) {
	s := fresh(t, open)
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			for range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%2 == 0 {
					group.Go(cancel) // at some moment of the accept
				}
				e := event.New("a", start())
				e.Payload = text(512 + i)
				_, err := s.Accept(ctx, e, event.Dedupe{})
				cancel()
				switch {
				case err != nil && (i%2 != 0 || !errors.Is(err, context.Canceled)):
					t.Error(err)
				case err == nil:
					got, err := s.Event(t.Context(), e.ID)
					if err != nil || string(got.Data) != string(e.AppendJSON(nil)) {
						t.Errorf("an accepted event came back with %d bytes (%v)", len(got.Data), err)
					}
				}
			}
		})
	}
	group.Wait()
}

// cancelledWrites cancels the other writes at some moment and uses what it handed over again at once:
// a store that still reads it shows under the race detector.
func cancelledWrites(t *testing.T, open Open) {
	s := fresh(t, open)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for n := range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				group.Go(cancel)
				id := fmt.Sprint(i, n)
				r := run.Run{EventID: id, Pipeline: "p", Status: run.Done, Steps: []run.Step{{Command: "log"}}}
				err1 := s.Save(ctx, store.Change{Run: &r, Settle: id, At: start()})
				r.Status, r.Steps[0].Command = run.Dead, "changed"
				_, err2 := s.CompleteResult(ctx, id, []byte("1"), start())
				_, err3 := s.Prune(ctx, store.Prune{Now: start()})
				w := webhook.Webhook{ID: id, Verify: webhook.Verify{Secrets: []webhook.Secret{{Ref: "env:A"}}}}
				err4 := s.PutWebhook(ctx, w)
				w.Verify.Secrets[0].Ref = "changed"
				for _, err := range []error{err1, err2, err3, err4} {
					if err != nil && !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				}
				cancel()
			}
		})
	}
	group.Wait()
	if _, err := s.CompleteResult(t.Context(), "after", []byte("1"), start()); err != nil {
		t.Error(err)
	}
}

func closing(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	must(t, s.Close())
	must(t, s.Close())
	for name, err := range everyCall(s, t.Context()) {
		if fault.CodeOf(err) != fault.StoreUnavailable {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	if fault.CodeOf(s.Health()) != fault.StoreUnavailable {
		t.Errorf("health after Close: %v", s.Health())
	}
	s.AddReject(store.Reject{})
}

func closeWaits(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	var group sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	begun := make(chan struct{}, 1000)
	for range 32 {
		group.Go(func() {
			for range 1000 {
				e := event.New("a", start())
				if _, err := s.Accept(t.Context(), e, event.Dedupe{}); err != nil {
					if fault.CodeOf(err) != fault.StoreUnavailable {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				acknowledged[e.ID] = true
				mu.Unlock()
				select {
				case begun <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 200 {
		<-begun
	}
	must(t, s.Close())
	group.Wait()
	s = open(t, dir)
	defer s.Close()
	for id := range acknowledged {
		if _, err := s.Event(t.Context(), id); err != nil {
			t.Fatalf("an acknowledged event is gone: %v", err)
		}
	}
}

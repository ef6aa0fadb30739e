package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// formed accepts events and forms a batch of them.
func formed(t *testing.T, s store.Store, n int) (members []event.Event, b *store.Batch) {
	t.Helper()
	members = acceptMany(t, s, n)
	e := event.New(event.BatchKey, start())
	e.Batch, e.Payload = &event.Batch{Pipeline: "p"}, []byte("[1,2]")
	b = &store.Batch{Event: e}
	for _, m := range members {
		r := newRun(m, "p", run.Batched)
		r.Attempt, r.Closed = 0, e.ID
		b.Event.Batch.Members = append(b.Event.Batch.Members, m.ID)
		b.Runs = append(b.Runs, r)
	}
	must(t, s.Save(t.Context(), store.Change{Form: b}))
	return members, b
}

func batchFormed(t *testing.T, open Open) {
	s := fresh(t, open)
	members, b := formed(t, s, 3)
	got, err := s.Event(t.Context(), b.Event.ID)
	must(t, err)
	if string(got.Data) != string(b.Event.AppendJSON(nil)) || !got.Settled.IsZero() || got.Key != event.BatchKey || got.Seq <= 3 {
		t.Errorf("the event of the batch is kept as %+v", got)
	}
	for i, m := range members {
		r, err := s.Run(t.Context(), m.ID, "p")
		must(t, err)
		if diff := cmp.Diff(b.Runs[i], r); diff != "" {
			t.Errorf("member %d: %s", i, diff)
		}
	}
	open4, err := s.Unsettled(t.Context(), 0, 10)
	must(t, err)
	if len(open4) != 4 || open4[3].ID != b.Event.ID {
		t.Errorf("%d events are unsettled, want the members and the batch", len(open4))
	}
	due, err := s.Due(t.Context(), store.DueQuery{Now: start().Add(1000 * time.Hour), Limit: 10})
	must(t, err)
	if len(due) != 0 {
		t.Errorf("members are due by themselves: %v", due)
	}
	found, err := s.FindRuns(t.Context(), store.RunQuery{Status: run.Batched})
	must(t, err)
	if len(found) != 3 {
		t.Errorf("%d batched runs are found, want 3", len(found))
	}
}

// batchOnce: whoever comes second gets nothing written, neither event nor runs.
func batchOnce(t *testing.T, open Open) {
	s := fresh(t, open)
	members, b := formed(t, s, 2)
	free := acceptMany(t, s, 1)[0]
	e := event.New(event.BatchKey, start())
	e.Batch = &event.Batch{Pipeline: "p", Members: []string{free.ID, members[1].ID}}
	other := &store.Batch{Event: e, Runs: []run.Run{newRun(free, "p", run.Batched), newRun(members[1], "p", run.Batched)}}
	if err := s.Save(t.Context(), store.Change{Form: other}); !errors.Is(err, store.ErrFinished) {
		t.Errorf("a member in two batches: %v", err)
	}
	if _, err := s.Event(t.Context(), e.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the event of the refused batch is kept: %v", err)
	}
	if _, err := s.Run(t.Context(), free.ID, "p"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a member of the refused batch has a run: %v", err)
	}
	if err := s.Save(t.Context(), store.Change{Form: b}); !errors.Is(err, store.ErrFinished) {
		t.Errorf("the same batch again: %v", err)
	}
}

func batchEnds(t *testing.T, open Open) {
	s := fresh(t, open)
	members, b := formed(t, s, 3)
	other := newRun(members[0], "q", run.Running)
	cancelled := b.Runs[2]
	cancelled.Status = run.Cancelled
	save(t, s, other, cancelled)
	ids := b.Event.Batch.Members

	waiting := newRun(b.Event, "p", run.Waiting)
	must(t, s.Save(t.Context(), store.Change{Run: &waiting, Members: ids, Settles: ids[1:2], At: start()}))
	if e, err := s.Event(t.Context(), ids[1]); err != nil || !e.Settled.IsZero() {
		t.Errorf("a member was settled before its batch: %v, %v", e.Settled, err)
	}
	if r, err := s.Run(t.Context(), members[0].ID, "p"); err != nil || r.Status != run.Batched {
		t.Errorf("a member ended before its batch: %v, %v", r.Status, err)
	}
	dead := waiting
	dead.Status, dead.Ended, dead.Code, dead.Message = run.Dead, start().Add(time.Minute), "command.failed", "no"
	must(t, s.Save(t.Context(), store.Change{Run: &dead, Members: ids, Settles: ids[1:2], Settle: b.Event.ID, At: start().Add(time.Minute)}))
	for i, id := range append(ids, b.Event.ID) {
		e, err := s.Event(t.Context(), id)
		must(t, err)
		if settled := e.Settled.Equal(start().Add(time.Minute)); settled != (i == 1 || i == 3) {
			t.Errorf("event %d of the members and the batch is settled at %v", i, e.Settled)
		}
	}
	for i, want := range []run.Status{run.Dead, run.Dead, run.Cancelled} {
		r, err := s.Run(t.Context(), ids[i], "p")
		must(t, err)
		if r.Status != want || r.Closed != b.Event.ID || want == run.Dead && (r.Code != dead.Code || r.Message != dead.Message || !r.Ended.Equal(dead.Ended)) {
			t.Errorf("member %d: %+v, want the status %s", i, r, want)
		}
	}
	if r, err := s.Run(t.Context(), members[0].ID, "q"); err != nil || r.Status != run.Running {
		t.Errorf("the run of another pipeline ended too: %v, %v", r.Status, err)
	}
	open1, err := s.FindRuns(t.Context(), store.RunQuery{Status: run.Dead, Open: true})
	must(t, err)
	if len(open1) != 1 || open1[0].EventID != b.Event.ID {
		t.Errorf("open dead letters: %v, want that of the batch alone", open1)
	}
	late := newRun(b.Event, "p", run.Done)
	if err := s.Save(t.Context(), store.Change{Run: &late, Members: ids}); !errors.Is(err, store.ErrFinished) {
		t.Errorf("a batch ended twice: %v", err)
	}
}

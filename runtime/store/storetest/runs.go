package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

func newRun(e event.Event, pipeline string, status run.Status) run.Run {
	return run.Run{
		EventID: e.ID, EventKey: e.Key, Pipeline: pipeline, Version: "v1", Status: status,
		Attempt: 1, Identity: "anonymousUser", Started: start(),
	}
}

func save(t *testing.T, s store.Store, runs ...run.Run) {
	t.Helper()
	for _, r := range runs {
		must(t, s.Save(t.Context(), store.Change{Run: &r}))
	}
}

func saveUpdates(t *testing.T, open Open) {
	s := fresh(t, open)
	e := event.New("a.b", start())
	accept(t, s, e)
	if _, err := s.Run(t.Context(), e.ID, "p"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown run: %v", err)
	}
	r := newRun(e, "p", run.Running)
	save(t, s, r)
	first, err := s.Run(t.Context(), e.ID, "p")
	must(t, err)
	if diff := cmp.Diff(r, first); diff != "" {
		t.Errorf("inserted: %s", diff)
	}
	r.Version, r.Status, r.Attempt, r.Identity, r.StepIndex = "v2", run.Waiting, 3, "systemuser", 2
	r.Ended, r.NextAt = start().Add(time.Second), start().Add(time.Minute)
	r.Code, r.Message = "command.failed", "no answer: ü"
	r.Body, r.Vars, r.Position = []byte(`{"a":1}`), []byte(`{"v":[true]}`), []byte(`{"step":2}`)
	r.Steps = []run.Step{
		{Index: 0, Command: "log", Status: run.StepSkipped},
		{Index: 1, ID: "x", Command: "http.get", Status: run.StepFailed, Attempt: 4, Duration: 1234567 * time.Nanosecond, Code: "c", Message: "m", Input: []byte(`{"params":{"a":"ü"},"body":null}`)},
		{Index: 2, Command: "data.get", Status: run.StepDone, Input: []byte(`{"body":[1]}`), Output: []byte(`null`)},
	}
	save(t, s, r, newRun(e, "another", run.Running))
	second, err := s.Run(t.Context(), e.ID, "p")
	must(t, err)
	if diff := cmp.Diff(r, second); diff != "" {
		t.Errorf("updated: %s", diff)
	}
	of, err := s.RunsOf(t.Context(), e.ID)
	must(t, err)
	if len(of) != 2 {
		t.Fatalf("the event has %d runs, want 2", len(of))
	}
	if none, err := s.RunsOf(t.Context(), "unknown"); err != nil || len(none) != 0 {
		t.Errorf("runs of an unknown event: %v, %v", none, err)
	}
}

func saveFinished(t *testing.T, open Open) {
	s := fresh(t, open)
	for _, status := range []run.Status{run.Done, run.Dead, run.Cancelled} {
		e := event.New("a", start())
		accept(t, s, e)
		final := newRun(e, "p", status)
		final.Body = []byte(`"kept"`)
		save(t, s, final)
		for _, later := range []run.Status{run.Running, run.Waiting, run.Done, run.Dead, run.Cancelled} {
			r := newRun(e, "p", later)
			err := s.Save(t.Context(), store.Change{Run: &r, Settle: e.ID, At: start()})
			if !errors.Is(err, store.ErrFinished) {
				t.Errorf("%s after %s: %v, want ErrFinished", later, status, err)
			}
		}
		kept, err := s.Run(t.Context(), e.ID, "p")
		must(t, err)
		if diff := cmp.Diff(final, kept); diff != "" {
			t.Errorf("%s: %s", status, diff)
		}
		ev, err := s.Event(t.Context(), e.ID)
		must(t, err)
		if !ev.Settled.IsZero() {
			t.Errorf("%s: a refused change settled its event", status)
		}
	}
}

func saveRace(t *testing.T, open Open) {
	s := fresh(t, open)
	e := event.New("a", start())
	accept(t, s, e)
	save(t, s, newRun(e, "p", run.Running))
	var group sync.WaitGroup
	errs := make([]error, 50)
	for i := range errs {
		group.Go(func() {
			r := newRun(e, "p", run.Done)
			r.Message = fmt.Sprint(i)
			errs[i] = s.Save(t.Context(), store.Change{Run: &r})
		})
	}
	group.Wait()
	kept, err := s.Run(t.Context(), e.ID, "p")
	must(t, err)
	winners := 0
	for i, err := range errs {
		switch {
		case err == nil:
			winners++
			if kept.Message != fmt.Sprint(i) {
				t.Errorf("the winner is %d, kept is %s", i, kept.Message)
			}
		case !errors.Is(err, store.ErrFinished):
			t.Error(err)
		}
	}
	if winners != 1 {
		t.Errorf("%d winners", winners)
	}
}

func settling(t *testing.T, open Open) {
	s := fresh(t, open)
	events := acceptMany(t, s, 2)
	r := newRun(events[0], "p", run.Done)
	at := start().Add(time.Hour)
	must(t, s.Save(t.Context(), store.Change{Run: &r, Settle: events[0].ID, At: at}))
	must(t, s.Save(t.Context(), store.Change{Settle: events[0].ID, At: at.Add(time.Hour)}))
	must(t, s.Save(t.Context(), store.Change{Settle: "unknown", At: at}))
	got, err := s.Event(t.Context(), events[0].ID)
	must(t, err)
	if !got.Settled.Equal(at) {
		t.Errorf("settled at %v, want the first time, %v", got.Settled, at)
	}
	open2, err := s.Unsettled(t.Context(), 0, 10)
	must(t, err)
	if diff := cmp.Diff([]string{events[1].ID}, ids(open2)); diff != "" {
		t.Error(diff)
	}
}

func dueOrder(t *testing.T, open Open) {
	s := fresh(t, open)
	for i, e := range acceptMany(t, s, 6) {
		r := newRun(e, fmt.Sprintf("p%d", i), run.Waiting)
		r.NextAt = start().Add(time.Duration(6-i) * time.Minute)
		r.Body = []byte(`1`)
		if i == 4 {
			r.Status = run.Running
		}
		save(t, s, r)
	}
	for _, e := range acceptMany(t, s, 2) {
		r := newRun(e, "turns", run.Waiting)
		r.NextAt, r.Body = time.Time{}, []byte(`1`)
		save(t, s, r)
	}
	names := func(q store.DueQuery) (out []string) {
		due, err := s.Due(t.Context(), q)
		must(t, err)
		for _, r := range due {
			out = append(out, r.Pipeline)
			if string(r.Body) != "1" {
				t.Errorf("the body is %q", r.Body)
			}
		}
		return out
	}
	for _, c := range []struct {
		name string
		q    store.DueQuery
		want []string
	}{
		{"none yet", store.DueQuery{Now: start().Add(time.Minute - time.Millisecond), Limit: 10}, nil},
		{"to the instant", store.DueQuery{Now: start().Add(time.Minute), Limit: 10}, []string{"p5"}},
		{"the longest waiting first", store.DueQuery{Now: start().Add(5 * time.Minute), Limit: 10}, []string{"p5", "p3", "p2", "p1"}},
		{"limit", store.DueQuery{Now: start().Add(time.Hour), Limit: 2}, []string{"p5", "p3"}},
		{"of a turn", store.DueQuery{Now: start(), Turn: "turns"}, []string{"turns", "turns"}},
		{"of a turn, with a limit", store.DueQuery{Now: start().Add(time.Hour), Turn: "turns", Limit: 1}, []string{"turns"}},
		{"of nobody's turn", store.DueQuery{Now: start().Add(time.Hour), Turn: "p2"}, nil},
	} {
		if diff := cmp.Diff(c.want, names(c.q)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func runsFound(t *testing.T, open Open) {
	s := fresh(t, open)
	statuses := []run.Status{run.Done, run.Dead, run.Waiting, run.Running, run.Cancelled, run.Done}
	events := acceptMany(t, s, len(statuses))
	// Saved in another order than accepted: the listing follows the events.
	for _, i := range []int{3, 1, 5, 0, 4, 2} {
		r := newRun(events[i], fmt.Sprintf("p%d", i%2), statuses[i])
		r.Body, r.Vars = []byte(`1`), []byte(`2`)
		r.Steps = []run.Step{{Command: "log", Status: run.StepDone, Input: []byte(`{"body":1}`)}}
		r.Code, r.Message, r.Started, r.Ended = "c"+strconv.Itoa(i), "it is 50% of "+strconv.Itoa(i), start().Add(time.Duration(i)*time.Hour), start().Add(time.Duration(i)*time.Hour)
		save(t, s, r)
	}
	for _, c := range []struct {
		name string
		q    store.RunQuery
		want []int
	}{
		{"all", store.RunQuery{}, []int{5, 4, 3, 2, 1, 0}},
		{"limit", store.RunQuery{Limit: 2}, []int{5, 4}},
		{"event", store.RunQuery{EventID: events[2].ID}, []int{2}},
		{"pipeline", store.RunQuery{Pipeline: "p1"}, []int{5, 3, 1}},
		{"done", store.RunQuery{Status: run.Done}, []int{5, 0}},
		{"dead", store.RunQuery{Status: run.Dead}, []int{1}},
		{"both", store.RunQuery{Status: run.Done, Pipeline: "p0"}, []int{0}},
		{"none", store.RunQuery{Status: run.Dead, Pipeline: "p0"}, nil},
		{"code", store.RunQuery{Code: "c3"}, []int{3}},
		{"since", store.RunQuery{Since: start().Add(4 * time.Hour)}, []int{5, 4}},
		{"until", store.RunQuery{Until: start().Add(2 * time.Hour)}, []int{1, 0}},
		{"since and until", store.RunQuery{Since: start().Add(time.Hour), Until: start().Add(3 * time.Hour)}, []int{2, 1}},
		{"text", store.RunQuery{Text: "50% OF 4"}, []int{4}},
		{"text is no pattern", store.RunQuery{Text: "_0%"}, nil},
	} {
		got, err := s.FindRuns(t.Context(), c.q)
		must(t, err)
		var want, have []string
		for _, i := range c.want {
			want = append(want, events[i].ID)
		}
		for _, r := range got {
			have = append(have, r.EventID)
			if r.Body != nil || r.Vars != nil || len(r.Steps) != 1 || r.Steps[0].Input != nil {
				t.Errorf("%s: a listed run has body %q, vars %q, %d steps", c.name, r.Body, r.Vars, len(r.Steps))
			}
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// saveAccepts writes an event together with a run that is over.
func saveAccepts(t *testing.T, open Open) {
	s := fresh(t, open)
	e := event.New("pipeline.call", start())
	r := newRun(e, "p", run.Done)
	must(t, s.Save(t.Context(), store.Change{Accept: &e, Run: &r, Settle: e.ID, At: start().Add(time.Second)}))
	kept, err := s.Event(t.Context(), e.ID)
	must(t, err)
	if kept.Key != e.Key || !kept.Settled.Equal(start().Add(time.Second)) || kept.Seq == 0 || string(kept.Data) != string(e.AppendJSON(nil)) {
		t.Errorf("the event is kept as %+v", kept)
	}
	found, err := s.FindRuns(t.Context(), store.RunQuery{EventID: e.ID})
	must(t, err)
	if len(found) != 1 || found[0].Status != run.Done {
		t.Errorf("found %+v", found)
	}
	later := acceptMany(t, s, 1)[0]
	if next, err := s.Event(t.Context(), later.ID); err != nil || next.Seq <= kept.Seq {
		t.Errorf("the next event has the place %d behind %d, %v", next.Seq, kept.Seq, err)
	}
	if open, err := s.Unsettled(t.Context(), 0, 10); err != nil || len(open) != 1 {
		t.Errorf("unsettled are %d events, %v", len(open), err)
	}

	// A run that may not be changed takes its event with it.
	other := event.New("pipeline.call", start())
	if err := s.Save(t.Context(), store.Change{Accept: &e, Run: &r}); !errors.Is(err, store.ErrFinished) {
		t.Errorf("a final run was changed: %v", err)
	}
	r.EventID = other.ID
	must(t, s.Save(t.Context(), store.Change{Accept: &other, Run: &r, Settle: other.ID, At: start()}))
}

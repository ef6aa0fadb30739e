package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// runsFiltered asks for the filters that runsFound does not.
func runsFiltered(t *testing.T, open Open) {
	s := fresh(t, open)
	events := make([]event.Event, 4)
	for i := range events {
		events[i] = event.New(fmt.Sprintf("a.k%d", i%2), start().Add(time.Duration(i)*time.Second))
		accept(t, s, events[i])
		r := newRun(events[i], "p", run.Dead)
		r.Code, r.Ended = fmt.Sprintf("code.c%d", i/2), start().Add(time.Duration(i)*time.Minute)
		save(t, s, r)
	}
	must(t, s.CloseDead(t.Context(), events[3].ID, "p", run.ClosedDropped))
	for _, c := range []struct {
		name string
		q    store.RunQuery
		want []int
	}{
		{"all", store.RunQuery{Status: run.Dead}, []int{3, 2, 1, 0}},
		{"open", store.RunQuery{Status: run.Dead, Open: true}, []int{2, 1, 0}},
		{"event key", store.RunQuery{EventKey: "a.k1"}, []int{3, 1}},
		{"part of a key", store.RunQuery{EventKey: "a"}, nil},
		{"code", store.RunQuery{Code: "code.c1"}, []int{3, 2}},
		{"since the instant", store.RunQuery{Since: start().Add(2 * time.Minute)}, []int{3, 2}},
		{"since later", store.RunQuery{Since: start().Add(2*time.Minute + time.Millisecond)}, []int{3}},
		{"together", store.RunQuery{Pipeline: "p", EventKey: "a.k0", Code: "code.c1", Since: start(), Open: true, Status: run.Dead}, []int{2}},
	} {
		got, err := s.FindRuns(t.Context(), c.q)
		must(t, err)
		var want, have []string
		for _, i := range c.want {
			want = append(want, events[i].ID)
		}
		for _, r := range got {
			have = append(have, r.EventID)
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func closeDeadOnce(t *testing.T, open Open) {
	s := fresh(t, open)
	events := acceptMany(t, s, 3)
	dead, waiting := newRun(events[0], "p", run.Dead), newRun(events[1], "p", run.Waiting)
	save(t, s, dead, waiting)
	for _, c := range []struct {
		name string
		id   string
		want error
	}{
		{"unfinished", events[1].ID, store.ErrNotFound},
		{"without a run", events[2].ID, store.ErrNotFound},
		{"dead", events[0].ID, nil},
		{"closed", events[0].ID, store.ErrNotFound},
	} {
		if err := s.CloseDead(t.Context(), c.id, "p", "how "+c.name); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	dead.Closed = "how dead"
	got, err := s.Run(t.Context(), events[0].ID, "p")
	must(t, err)
	if diff := cmp.Diff(dead, got); diff != "" {
		t.Error(diff)
	}
	if got, err = s.Run(t.Context(), events[1].ID, "p"); err != nil || got.Closed != "" {
		t.Errorf("an unfinished run is closed as %q, %v", got.Closed, err)
	}
}

func closeDeadRace(t *testing.T, open Open) {
	s := fresh(t, open)
	e := acceptMany(t, s, 1)[0]
	save(t, s, newRun(e, "p", run.Dead))
	var winners atomic.Int32
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			switch err := s.CloseDead(t.Context(), e.ID, "p", fmt.Sprint(i)); {
			case err == nil:
				winners.Add(1)
			case !errors.Is(err, store.ErrNotFound):
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := winners.Load(); n != 1 {
		t.Errorf("%d winners", n)
	}
}

func openVersions(t *testing.T, open Open) {
	s := fresh(t, open)
	if none, err := s.OpenVersions(t.Context()); err != nil || len(none) != 0 {
		t.Errorf("an empty store: %v, %v", none, err)
	}
	for i, status := range []run.Status{run.Waiting, run.Running, run.Waiting, run.Done, run.Dead, run.Cancelled, run.Waiting} {
		r := newRun(acceptMany(t, s, 1)[0], "p", status)
		r.Version = fmt.Sprint("v", 9-i)
		if i == 2 {
			r.Version = "v9"
		}
		if i == 6 {
			r.Pipeline, r.Version = "a", "v1"
		}
		save(t, s, r)
	}
	got, err := s.OpenVersions(t.Context())
	must(t, err)
	want := []store.PipelineVersion{{Pipeline: "a", Version: "v1"}, {Pipeline: "p", Version: "v8"}, {Pipeline: "p", Version: "v9"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func schedulesKept(t *testing.T, open Open) {
	s := fresh(t, open)
	one := store.Schedule{Name: "b", Spec: "hourly", Next: start()}
	two := store.Schedule{Name: "a", Spec: "daily", Next: start().Add(time.Hour), Last: start()}
	moved := one
	moved.Next, moved.Last, moved.Spec = start().Add(time.Hour), start(), "HOURLY"
	for _, c := range []struct {
		name string
		to   store.Schedule
		was  time.Time
		want bool
	}{
		{"unknown", one, start(), false},
		{"new", one, time.Time{}, true},
		{"new again", two, time.Time{}, true},
		{"known", moved, time.Time{}, false},
		{"from another time", moved, start().Add(time.Microsecond), false},
		{"moved", moved, start(), true},
		{"moved twice", one, start(), false},
	} {
		if got, err := s.MoveSchedule(t.Context(), c.to, c.was); err != nil || got != c.want {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
	}
	got, err := s.Schedules(t.Context())
	must(t, err)
	if diff := cmp.Diff([]store.Schedule{two, moved}, got); diff != "" {
		t.Error(diff)
	}
	must(t, s.DeleteSchedule(t.Context(), "a"))
	must(t, s.DeleteSchedule(t.Context(), "unknown"))
	got, err = s.Schedules(t.Context())
	must(t, err)
	if diff := cmp.Diff([]store.Schedule{moved}, got); diff != "" {
		t.Error(diff)
	}
}

func scheduleRace(t *testing.T, open Open) {
	s := fresh(t, open)
	first := store.Schedule{Name: "j", Next: start()}
	if moved, err := s.MoveSchedule(t.Context(), first, time.Time{}); err != nil || !moved {
		t.Fatalf("new: %v, %v", moved, err)
	}
	var winners atomic.Int32
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			moved, err := s.MoveSchedule(t.Context(), store.Schedule{Name: "j", Next: start().Add(time.Duration(i+1) * time.Hour), Last: start()}, start())
			if err != nil {
				t.Error(err)
			}
			if moved {
				winners.Add(1)
			}
		})
	}
	group.Wait()
	if n := winners.Load(); n != 1 {
		t.Errorf("%d winners", n)
	}
}

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
	"github.com/penstock/penstock/runtime/store"
)

func accept(t *testing.T, s store.Store, e event.Event) {
	t.Helper()
	got, err := s.Accept(t.Context(), e, event.Dedupe{})
	must(t, err)
	if want := (event.Accepted{EventID: e.ID, Fresh: true}); got != want {
		t.Fatalf("accepting: got %+v, want %+v", got, want)
	}
}

// acceptMany accepts n events, a second apart, and gives them in order.
func acceptMany(t *testing.T, s store.Store, n int) []event.Event {
	t.Helper()
	out := make([]event.Event, n)
	for i := range out {
		out[i] = event.New("key."+strconv.Itoa(i%2), start().Add(time.Duration(i)*time.Second))
		accept(t, s, out[i])
	}
	return out
}

func acceptKeeps(t *testing.T, open Open) {
	s := fresh(t, open)
	e := event.New("webhook.lead.created", start())
	e.Namespace, e.Headers, e.Payload = "n", map[string]string{"a": "ü\x00\n"}, []byte(`{"origin":"é"}`)
	accept(t, s, e)
	got, err := s.Event(t.Context(), e.ID)
	must(t, err)
	if got.Seq <= 0 {
		t.Errorf("Seq is %d", got.Seq)
	}
	want := store.Event{Seq: got.Seq, ID: e.ID, Key: e.Key, Data: e.AppendJSON(nil), Time: e.Time}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := s.Event(t.Context(), "unknown"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown event: %v", err)
	}
	if err := s.Health(); err != nil {
		t.Errorf("health: %v", err)
	}
}

func rawKept(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	with, without := event.New("a", start()), event.New("a", start())
	with.Payload, with.Raw = []byte(`{"a":"b"}`), []byte("a=b&\x00\xff")
	accept(t, s, with)
	accept(t, s, without)
	must(t, s.Save(t.Context(), store.Change{Settle: with.ID, At: start()}))
	must(t, s.Close())
	s = open(t, dir)
	defer s.Close()
	for name, c := range map[string]struct {
		id   string
		want []byte
		err  error
	}{"with": {with.ID, with.Raw, nil}, "without": {without.ID, nil, nil}, "unknown": {"unknown", nil, store.ErrNotFound}} {
		got, err := s.Raw(t.Context(), c.id)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", name, err, c.err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	e, err := s.Event(t.Context(), with.ID)
	must(t, err)
	if diff := cmp.Diff(string(with.AppendJSON(nil)), string(e.Data)); diff != "" {
		t.Error(diff)
	}
}

func acceptByID(t *testing.T, open Open) {
	s := fresh(t, open)
	e := event.New("a", start())
	accept(t, s, e)
	other := e
	other.Payload = []byte(`"other"`)
	got, err := s.Accept(t.Context(), other, event.Dedupe{})
	must(t, err)
	if want := (event.Accepted{EventID: e.ID}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	kept, err := s.Event(t.Context(), e.ID)
	must(t, err)
	if diff := cmp.Diff(string(e.AppendJSON(nil)), string(kept.Data)); diff != "" {
		t.Error(diff)
	}
}

func acceptByKey(t *testing.T, open Open) {
	s := fresh(t, open)
	first, second, third := event.New("a", start()), event.New("a", start()), event.New("a", start())
	d := event.Dedupe{Scope: "hook", Key: "delivery", Until: start().Add(time.Hour)}
	for _, c := range []struct {
		name string
		e    event.Event
		d    event.Dedupe
		want event.Accepted
	}{
		{"first", first, d, event.Accepted{EventID: first.ID, Fresh: true}},
		{"repeated", second, d, event.Accepted{EventID: first.ID}},
		{"other scope", third, event.Dedupe{Scope: "other", Key: d.Key, Until: d.Until}, event.Accepted{EventID: third.ID, Fresh: true}},
	} {
		got, err := s.Accept(t.Context(), c.e, c.d)
		must(t, err)
		if got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
	if _, err := s.Event(t.Context(), second.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the repeated delivery left an event: %v", err)
	}
}

func acceptRace(t *testing.T, open Open) {
	s := fresh(t, open)
	for _, c := range []struct {
		name  string
		event func() event.Event
		d     event.Dedupe
	}{
		{"key", func() event.Event { return event.New("a", start()) }, event.Dedupe{Scope: "s", Key: "k", Until: start().Add(time.Hour)}},
		{"id", func() event.Event { e := event.New("a", start()); e.ID = "the-same"; return e }, event.Dedupe{}},
	} {
		var results [50]event.Accepted
		var group sync.WaitGroup
		for i := range results {
			group.Go(func() {
				var err error
				if results[i], err = s.Accept(t.Context(), c.event(), c.d); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		winners, ids := 0, map[string]bool{}
		for _, r := range results {
			ids[r.EventID] = true
			if r.Fresh {
				winners++
				if _, err := s.Event(t.Context(), r.EventID); err != nil {
					t.Errorf("%s: the winner is not kept: %v", c.name, err)
				}
			}
		}
		if winners != 1 || len(ids) != 1 {
			t.Errorf("%s: %d winners, %d ids, want one of each", c.name, winners, len(ids))
		}
	}
	if kept, err := s.Unsettled(t.Context(), 0, 100); err != nil || len(kept) != 2 {
		t.Errorf("%d events are kept (%v), want 2", len(kept), err)
	}
}

func acceptExpiry(t *testing.T, open Open) {
	s := fresh(t, open)
	until := start().Add(time.Minute)
	var ids []string
	for _, at := range []time.Time{start(), until.Add(-time.Millisecond), until.Add(time.Millisecond), until.Add(time.Second)} {
		e := event.New("a", at)
		got, err := s.Accept(t.Context(), e, event.Dedupe{Scope: "s", Key: "k", Until: at.Add(time.Minute)})
		must(t, err)
		ids = append(ids, got.EventID)
		if got.Fresh != (got.EventID == e.ID) {
			t.Errorf("fresh is %v for id %s", got.Fresh, got.EventID)
		}
	}
	if ids[0] != ids[1] || ids[1] == ids[2] || ids[2] != ids[3] {
		t.Errorf("ids are %v: want one before the expiry, another one after it", ids)
	}
}

func seqs(events []store.Event) (out []int64) {
	for _, e := range events {
		out = append(out, e.Seq)
	}
	return out
}

func ids(events []store.Event) (out []string) {
	for _, e := range events {
		out = append(out, e.ID)
	}
	return out
}

func unsettledOrder(t *testing.T, open Open) {
	s := fresh(t, open)
	events := acceptMany(t, s, 7)
	must(t, s.Save(t.Context(), store.Change{Settle: events[2].ID, At: start()}))
	var all []store.Event
	for after := int64(0); ; {
		page, err := s.Unsettled(t.Context(), after, 2)
		must(t, err)
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
		after = page[len(page)-1].Seq
	}
	var want []string
	for i, e := range events {
		if i != 2 {
			want = append(want, e.ID)
		}
	}
	if diff := cmp.Diff(want, ids(all)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(events[0].AppendJSON(nil), all[0].Data); diff != "" {
		t.Error(diff)
	}

	// A cursor stays good when everything before it is forgotten.
	last := all[len(all)-1].Seq
	for _, e := range events {
		must(t, s.Save(t.Context(), store.Change{Settle: e.ID, At: start()}))
	}
	_, err := s.Prune(t.Context(), store.Prune{SettledBefore: start().Add(time.Second)})
	must(t, err)
	next := event.New("a", start())
	accept(t, s, next)
	page, err := s.Unsettled(t.Context(), last, 10)
	must(t, err)
	if diff := cmp.Diff([]string{next.ID}, ids(page)); diff != "" {
		t.Errorf("after pruning: %s", diff)
	}
}

func eventsListed(t *testing.T, open Open) {
	s := fresh(t, open)
	events := acceptMany(t, s, 6)
	all, err := s.Events(t.Context(), store.EventQuery{})
	must(t, err)
	for i := 1; i < len(all); i++ {
		if all[i].Seq >= all[i-1].Seq {
			t.Fatalf("Seq is not falling: %v", seqs(all))
		}
	}
	if len(all) != 6 {
		t.Fatalf("%d events, want 6", len(all))
	}
	for _, c := range []struct {
		name string
		q    store.EventQuery
		want []int
	}{
		{"key", store.EventQuery{Key: "key.0"}, []int{4, 2, 0}},
		{"limit", store.EventQuery{Limit: 2}, []int{5, 4}},
		{"before", store.EventQuery{Before: all[2].Seq}, []int{2, 1, 0}},
		{"all", store.EventQuery{Key: "key.1", Before: all[0].Seq, Limit: 1}, []int{3}},
		{"none", store.EventQuery{Key: "key"}, nil},
	} {
		got, err := s.Events(t.Context(), c.q)
		must(t, err)
		var want []string
		for _, i := range c.want {
			want = append(want, events[i].ID)
		}
		if diff := cmp.Diff(want, ids(got)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func acceptLarge(t *testing.T, open Open) {
	s := fresh(t, open)
	const size = 4 << 20
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			e := event.New(fmt.Sprintf("large.%d", i), start())
			e.Payload = text(size)
			if _, err := s.Accept(t.Context(), e, event.Dedupe{}); err != nil {
				t.Error(err)
				return
			}
			got, err := s.Event(t.Context(), e.ID)
			if err != nil || string(got.Data) != string(e.AppendJSON(nil)) {
				t.Errorf("the event came back with %d bytes (%v)", len(got.Data), err)
			}
		})
	}
	group.Wait()
}

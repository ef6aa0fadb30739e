package sqlite

import (
	"context"
	"database/sql/driver"

	"github.com/penstock/penstock/runtime/event"
)

// acceptance is the write of one event. It is used again for other events, buffer and channel included.
type acceptance struct {
	write
	event   event.Event
	dedupe  event.Dedupe
	data    []byte
	result  event.Accepted
	refused bool // for want of space
}

// largestKept is the largest buffer that is kept for the next event.
const largestKept = 64 << 10

func newAcceptance() any {
	a := &acceptance{}
	a.done = make(chan error, 1)
	a.apply = a.insert
	return a
}

// Accept implements store.Events. When ctx ends while the transaction is under way, the event may be
// stored although an error is returned; its id and dedupe key make asking again safe.
func (s *Store) Accept(ctx context.Context, e event.Event, d event.Dedupe) (event.Accepted, error) {
	a, _ := s.acceptances.Get().(*acceptance)
	a.event, a.dedupe, a.data = e, d, e.AppendJSON(a.data[:0])
	a.bytes = len(a.data) + len(e.Raw)
	left, err := s.do(ctx, &a.write)
	if left {
		return event.Accepted{}, err // the writer still uses a
	}
	result, refused := a.result, a.refused
	a.event, a.dedupe = event.Event{}, event.Dedupe{}
	if cap(a.data) <= largestKept {
		s.acceptances.Put(a)
	}
	switch {
	case err != nil:
		return event.Accepted{}, err
	case refused:
		return event.Accepted{}, fullFault(nil)
	}
	return result, nil
}

func (a *acceptance) insert(w *writer) error {
	a.refused = w.disk.low.Load()
	if a.refused {
		return nil
	}
	a.result = event.Accepted{EventID: a.event.ID}
	at := toMicros(a.event.Time)
	if d := a.dedupe; d.Key != "" {
		n, err := w.sql.remember.run(d.Scope, d.Key, a.event.ID, toMicros(d.Until), at)
		if err != nil {
			return err
		}
		if n == 0 {
			var first [1]driver.Value
			_, err := w.sql.recall.row(first[:], d.Scope, d.Key)
			a.result.EventID, _ = first[0].(string)
			return err
		}
	}
	var raw driver.Value // NULL, not an empty blob
	if len(a.event.Raw) > 0 {
		raw = a.event.Raw
	}
	n, err := w.sql.insertEvent.run(w.seq+1, a.event.ID, a.event.Key, at, int64(open), a.data, raw)
	if err != nil || n == 0 {
		return err
	}
	w.seq++
	a.result.Fresh = true
	return nil
}

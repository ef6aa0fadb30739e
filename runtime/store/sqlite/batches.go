package sqlite

import (
	"database/sql/driver"

	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// form keeps a new batch. It is false, and nothing was written, when one of the members has a run already.
func (w *writer) form(b *store.Batch) (bool, error) {
	var one [1]driver.Value
	for i := range b.Runs {
		taken, err := w.sql.runExists.row(one[:], b.Runs[i].EventID, b.Runs[i].Pipeline)
		if err != nil || taken {
			return false, err
		}
	}
	e := &b.Event
	n, err := w.sql.insertEvent.run(w.seq+1, e.ID, e.Key, toMicros(e.Time), int64(open), e.AppendJSON(nil), nil)
	if err != nil || n == 0 {
		return false, err
	}
	w.seq++
	for i := range b.Runs {
		r := &b.Runs[i]
		if _, err := w.sql.addMember.run(r.EventID, r.Pipeline, r.EventKey, r.Version, string(run.Batched), r.Identity,
			toMicros(r.Started), r.Closed, r.EventID); err != nil {
			return false, err
		}
	}
	return true, nil
}

// endMembers ends the members of a batch with its run, if that is over.
func (w *writer) endMembers(c *store.Change) error {
	r := c.Run
	if !r.Status.Final() {
		return nil
	}
	for _, id := range c.Settles {
		if _, err := w.sql.settle.run(max(toMicros(c.At), 0), id); err != nil {
			return err
		}
	}
	for _, id := range c.Members {
		if _, err := w.sql.endMember.run(string(r.Status), toMicros(r.Ended), r.Code, r.Message, id, r.Pipeline, r.EventID); err != nil {
			return err
		}
	}
	return nil
}

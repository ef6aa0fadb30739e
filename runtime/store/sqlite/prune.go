package sqlite

import (
	"context"
	"database/sql/driver"

	"github.com/penstock/penstock/runtime/store"
)

// pruneBatch is how many events, results or keys one transaction forgets: a few milliseconds of the writer.
const pruneBatch = 100

// Prune implements store.Store. It works in small transactions, so accepting goes on meanwhile. A
// result that was completed under the id of an event goes with the event; one under another
// correlation id goes when it is older than SettledBefore and than every unsettled event.
func (s *Store) Prune(ctx context.Context, p store.Prune) (int, error) {
	before, now := toMicros(p.SettledBefore), toMicros(p.Now)
	total := 0
	for _, step := range []func(*writer) (int64, error){
		func(w *writer) (int64, error) { return w.pruneEvents(before) },
		func(w *writer) (int64, error) { return w.sql.pruneResults.run(before, int64(pruneBatch)) },
		func(w *writer) (int64, error) { return w.sql.pruneDedupe.run(now, int64(pruneBatch)) },
		func(w *writer) (int64, error) { return w.sql.pruneProperties.run(now, int64(pruneBatch)) },
	} {
		for more := true; more; {
			n, err := s.prune(ctx, step)
			if err != nil {
				return total, err
			}
			total += int(n)
			more = n >= pruneBatch
		}
	}
	if p.MaxRejects <= 0 {
		return total, nil
	}
	n, err := s.prune(ctx, func(w *writer) (int64, error) { return w.sql.trimRejects.run(int64(p.MaxRejects)) })
	return total + int(n), err
}

func (s *Store) prune(ctx context.Context, step func(*writer) (int64, error)) (int64, error) {
	var n int64 // read only when the writer has let go of it
	err := s.write(ctx, 0, func(w *writer) (err error) {
		n, err = step(w)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// pruneEvents forgets some settled events with what belongs to them.
func (w *writer) pruneEvents(before int64) (forgotten int64, err error) {
	for range pruneBatch {
		var row [2]driver.Value // seq, id
		found, err := w.sql.oldestSettled.row(row[:], before)
		if err != nil || !found {
			return forgotten, err
		}
		seq, id := row[0], row[1]
		for _, d := range []struct {
			from *stmt
			key  driver.Value
		}{{w.sql.pruneRuns, id}, {w.sql.pruneResult, id}, {w.sql.pruneEvent, seq}} {
			n, err := d.from.run(d.key)
			if err != nil {
				return forgotten, err
			}
			forgotten += n
		}
	}
	return forgotten, nil
}

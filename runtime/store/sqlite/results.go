package sqlite

import (
	"context"
	"time"
)

// CompleteResult implements store.Results.
func (s *Store) CompleteResult(ctx context.Context, correlationID string, value []byte, at time.Time) (first bool, err error) {
	if value == nil {
		value = []byte{}
	}
	var changed int64 // read only when the writer has let go of it
	err = s.write(ctx, len(value), func(w *writer) (err error) {
		changed, err = w.sql.completeResult.run(correlationID, value, toMicros(at))
		return err
	})
	return err == nil && changed > 0, err
}

type result struct {
	value []byte
	at    time.Time
}

// CompletedResult implements store.Results.
func (s *Store) CompletedResult(ctx context.Context, correlationID string) (value []byte, at time.Time, err error) {
	r, err := one(ctx, s, "reading a result", scanResult, `SELECT value, at FROM results WHERE correlation_id = ?`, correlationID)
	return r.value, r.at, err
}

func scanResult(row scanner) (r result, err error) {
	var at int64
	err = row.Scan(&r.value, &at)
	r.at = fromMicros(at)
	return r, err
}

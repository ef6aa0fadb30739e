package sqlite

import (
	"context"
	"errors"
)

// LimitWAL sets the lengths of the log, in pages of 4 KiB. Call it before the first write.
func (s *Store) LimitWAL(soft, hard int64) { s.writer.wal.soft, s.writer.wal.hard = soft, hard }

// WriteBroken queues a write that the database refuses.
func (s *Store) WriteBroken(ctx context.Context) error {
	return s.write(ctx, 0, func(w *writer) error { return w.conn.exec(`INSERT INTO webhooks (id) VALUES (NULL)`) })
}

// WriteRuined queues a write that fails as a bad disk does, once.
func (s *Store) WriteRuined(ctx context.Context) error {
	return s.write(ctx, 0, func(*writer) error { return errors.New("the disk does not answer") })
}

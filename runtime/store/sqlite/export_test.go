package sqlite

import "context"

// MostWAL is the length, in bytes, beyond which the log must not grow.
const MostWAL = hardPages*4096 + 2*maxBatchBytes

// WriteBroken queues a write that the database refuses.
func (s *Store) WriteBroken(ctx context.Context) error {
	return s.write(ctx, 0, func(w *writer) error { return w.conn.exec(`INSERT INTO webhooks (uuid) VALUES (NULL)`) })
}

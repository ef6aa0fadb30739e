package sqlite

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/store"
)

// rejects queues refusals for the writer.
type rejects struct {
	mu      sync.Mutex
	waiting []store.Reject
	flushed time.Time
	most    int64 // kept in the table
	now     func() time.Time
}

// A flood of refusals costs one write of at most rejectQueue rows per rejectPause.
const (
	rejectQueue = 256
	rejectPause = 250 * time.Millisecond
)

// add reports whether the writer should be woken.
func (r *rejects) add(reject store.Reject) (wake bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) < rejectQueue {
		r.waiting = append(r.waiting, reject)
	}
	return r.ripe()
}

// due tells whether refusals are worth a transaction of their own.
func (r *rejects) due() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ripe()
}

func (r *rejects) ripe() bool {
	return len(r.waiting) > 0 && r.now().Sub(r.flushed).Abs() >= rejectPause
}

// flush writes what is queued and forgets the oldest rows beyond the limit. Refusals are only a help
// for people, so those of a transaction that fails are not queued again.
func (r *rejects) flush(w *writer) error {
	r.mu.Lock()
	batch := r.waiting
	r.waiting = nil
	r.flushed = r.now()
	r.mu.Unlock()
	for _, reject := range batch {
		text, err := json.Marshal(reject)
		if err != nil { // a time outside of years 0 to 9999
			continue
		}
		if _, err := w.sql.insertReject.run(text); err != nil {
			return err
		}
	}
	_, err := w.sql.trimRejects.run(r.most)
	return err
}

// AddReject implements store.Rejects. What is still queued when the process is killed is lost.
func (s *Store) AddReject(r store.Reject) {
	if s.rejects.add(r) {
		s.queue.poke()
	}
}

// Rejects implements store.Rejects. It also writes what is queued.
func (s *Store) Rejects(ctx context.Context, limit int) ([]store.Reject, error) {
	if err := s.write(ctx, 0, s.rejects.flush); err != nil && s.Health() == nil {
		return nil, err
	}
	return list(ctx, s, "listing refusals", scanReject,
		`SELECT reject FROM rejects ORDER BY id DESC LIMIT ?`, limitOf(limit))
}

func scanReject(row scanner) (r store.Reject, err error) {
	var text []byte
	if err := row.Scan(&text); err != nil {
		return r, err
	}
	return r, json.Unmarshal(text, &r)
}

package sqlite

import (
	"context"
	"sync"
)

// write is one caller's part of a transaction. apply may run more than once, each time in a fresh
// transaction, so it sets its outputs anew; its error is the database's, everything else that the
// caller must learn it leaves in the caller's variables.
type write struct {
	apply func(*writer) error
	bytes int        // rough size of what it writes
	done  chan error // capacity 1
}

// queue collects writes for the writer.
type queue struct {
	mu      sync.Mutex
	waiting []*write
	closed  bool
	wake    chan struct{} // capacity 1
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

// push gives false when the queue is closed.
func (q *queue) push(w *write) bool {
	q.mu.Lock()
	open := !q.closed
	if open {
		q.waiting = append(q.waiting, w)
	}
	q.mu.Unlock()
	if open {
		q.poke()
	}
	return open
}

// poke wakes the writer.
func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// close lets the writer end when everything before it is done. It may be called twice.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.poke()
}

// take waits for something to do. It gives what is queued and queues on in the empty slice; last says
// that nothing more can come.
func (q *queue) take(empty []*write) (batch []*write, last bool) {
	<-q.wake
	q.mu.Lock()
	defer q.mu.Unlock()
	batch, q.waiting = q.waiting, empty
	return batch, q.closed
}

// do queues w and waits for its outcome. When ctx ends first, the write may or may not happen, and the
// writer may still use w: left is true.
func (s *Store) do(ctx context.Context, w *write) (left bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, interruptedFault(err)
	}
	if !s.queue.push(w) {
		return false, closedFault()
	}
	select {
	case err := <-w.done:
		return false, err
	case <-ctx.Done():
		return true, interruptedFault(ctx.Err())
	}
}

// write has apply done by the writer.
func (s *Store) write(ctx context.Context, bytes int, apply func(*writer) error) error {
	_, err := s.do(ctx, &write{apply: apply, bytes: bytes, done: make(chan error, 1)})
	return err
}

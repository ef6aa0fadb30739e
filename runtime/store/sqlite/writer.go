package sqlite

import (
	"errors"
	"log/slog"
	"sync/atomic"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/penstock/penstock/runtime/fault"
)

// The most that one transaction takes, so that a caller's wait and the log stay bounded.
const (
	maxBatch      = 512
	maxBatchBytes = 16 << 20
)

// writer owns the connection that writes. Its methods belong to one goroutine.
type writer struct {
	conn    *conn
	sql     statements
	seq     int64 // of the newest event
	disk    *disk
	wal     wal
	rejects *rejects
	logger  *slog.Logger
	failed  *atomic.Pointer[fault.Error] // set once, then nothing is written any more
}

// run commits until the queue is closed and empty.
func (w *writer) run(q *queue) {
	var spare []*write
	for {
		batch, last := q.take(spare[:0])
		for rest := batch; len(rest) > 0; {
			n := cut(rest)
			w.commit(rest[:n])
			rest = rest[n:]
		}
		switch {
		case last:
			w.commit([]*write{{apply: w.rejects.flush, done: make(chan error, 1)}})
		case w.rejects.due():
			w.commit(nil)
		}
		clear(batch)
		spare = batch
		if last {
			return
		}
	}
}

// cut gives how many of the waiting writes go into the next transaction.
func cut(waiting []*write) int {
	bytes := 0
	for i, op := range waiting {
		bytes += op.bytes
		if i > 0 && (i == maxBatch || bytes > maxBatchBytes) {
			return i
		}
	}
	return len(waiting)
}

// commit writes the batch, and refusals when it is time, in one transaction, and tells each caller the
// outcome after the sync. A write that the database refuses does not harm the others.
func (w *writer) commit(batch []*write) {
	if f := w.failed.Load(); f != nil {
		answer(batch, f)
		return
	}
	w.checkDisk()
	err := w.transaction(batch)
	switch diagnose(err) {
	case none:
		answer(batch, nil)
		w.checkpoint()
	case single:
		if len(batch) == 1 {
			answer(batch, fault.Wrap(fault.StoreUnavailable, err, "writing to the store"))
			return
		}
		for i := range batch {
			w.commit(batch[i : i+1])
		}
	case full:
		w.disk.exhausted()
		answer(batch, fullFault(err))
	case ruined:
		w.fail(err)
		answer(batch, w.failed.Load())
	}
}

func (w *writer) transaction(batch []*write) error {
	if _, err := w.sql.begin.run(); err != nil {
		return err
	}
	err := w.apply(batch)
	if err == nil {
		_, err = w.sql.commit.run()
	}
	if err != nil {
		if undone := w.rollback(); undone != nil {
			w.fail(undone)
		}
	}
	return err
}

func (w *writer) apply(batch []*write) error {
	for _, op := range batch {
		if err := op.apply(w); err != nil {
			return err
		}
	}
	if w.rejects.due() {
		return w.rejects.flush(w)
	}
	return nil
}

// rollback ends the transaction, which SQLite may already have ended by itself.
func (w *writer) rollback() error {
	_, err := w.sql.rollback.run()
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code() == codes.SQLITE_ERROR {
		return nil
	}
	return err
}

func answer(batch []*write, err error) {
	for _, op := range batch {
		op.done <- err
	}
}

// fail ends all writing. What a failed sync left on disk cannot be known, and a second sync would
// report success without having written it, so only a fresh start may go on.
func (w *writer) fail(err error) {
	if w.failed.CompareAndSwap(nil, failedFault(err)) {
		w.logger.Error("the store failed and refuses every write until it is opened again", "code", fault.StoreUnavailable, "error", err)
	}
}

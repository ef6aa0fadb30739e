package sqlite

import (
	"database/sql/driver"
	"sync"
)

// pageSize is SQLite's, in bytes.
const pageSize = 4096

// Lengths of the log in pages. From soft on, what no reader needs is moved into the main file
// after a commit, and the log starts over; at hard, which only endless reading can bring about, reads
// are held back until it is empty.
const (
	softPages = 4_000
	hardPages = 16_000
)

// wal keeps SQLite's write-ahead log short.
type wal struct {
	gate       *sync.RWMutex // held by every read
	soft, hard int64
	next       int64 // length at which to try next
}

// checkpoint is called after a commit, when everything in the log is synced.
func (w *writer) checkpoint() {
	pages, err := w.walPages(w.sql.walLength)
	switch {
	case err != nil:
	case pages < w.wal.soft:
		w.wal.next = w.wal.soft
		return
	case pages < w.wal.next:
		return
	case pages < w.wal.hard:
		w.wal.next = pages + w.wal.soft
		_, err = w.walPages(w.sql.checkpoint)
	default:
		w.wal.gate.Lock()
		_, err = w.walPages(w.sql.truncate)
		w.wal.gate.Unlock()
	}
	switch diagnose(err) {
	case full:
		w.disk.exhausted()
	case ruined:
		w.fail(err)
	case none, single:
	}
}

// walPages runs one of the forms of PRAGMA wal_checkpoint and gives the length of the log.
func (w *writer) walPages(s *stmt) (int64, error) {
	var row [3]driver.Value // busy, length, moved
	if _, err := s.row(row[:]); err != nil {
		return 0, err
	}
	pages, _ := row[1].(int64)
	return pages, nil
}

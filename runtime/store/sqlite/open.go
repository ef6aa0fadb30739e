package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/store"
)

// File and lock are the names in the data directory; SQLite keeps its log and index beside the file.
const (
	File = "penstock.db"
	lock = "penstock.lock"
)

// readers is how many reads run at once.
const readers = 4

// Store implements store.Store. Open it once per data directory.
type Store struct {
	queue    *queue
	writer   *writer
	reads    *sql.DB
	prepared sync.Map // query text to *sql.Stmt
	gate     sync.RWMutex
	disk     *disk
	rejects  *rejects
	failed   atomic.Pointer[fault.Error]
	closed   atomic.Bool
	written  chan struct{} // closed when the writer has ended
	lock     *os.File
	close    func() error

	acceptances sync.Pool
}

var _ store.Store = (*Store)(nil)

// Open opens the data directory, makes it when it is missing, and brings an older file to the present
// version. Errors carry fault.StoreLocked when another process (or another Store of this one) has the
// directory, fault.StoreVersion when the file is from a newer program, else fault.StoreUnavailable.
// ctx bounds nothing but the opening.
func Open(ctx context.Context, o Options) (*Store, error) {
	o = o.withDefaults()
	s := &Store{queue: newQueue(), written: make(chan struct{})}
	s.acceptances.New = newAcceptance
	s.disk = &disk{dir: o.Dir, reserve: o.Reserve}
	s.rejects = &rejects{most: int64(o.MaxRejects), now: o.Now}
	s.close = sync.OnceValue(s.shut)
	if err := s.open(ctx, o); err != nil {
		err = errors.Join(err, s.release())
		if fault.CodeOf(err) != fault.Internal {
			return nil, err
		}
		return nil, fault.Wrap(fault.StoreUnavailable, err, "opening the store in %s", o.Dir).WithHint("check the disk and the permissions of the directory")
	}
	go func() {
		defer close(s.written)
		s.writer.run(s.queue)
	}()
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	file := filepath.Join(o.Dir, File)
	if err := s.claim(o.Dir, file); err != nil {
		return err
	}
	s.disk.check()
	_, _ = sqlite.Fdatasync(true) // where there is none, SQLite syncs in full
	w := &writer{disk: s.disk, rejects: s.rejects, logger: o.Logger, failed: &s.failed, wal: wal{gate: &s.gate, soft: softPages, hard: hardPages}}
	s.writer = w
	var err error
	if w.conn, err = openConn(file); err != nil {
		return err
	}
	if err := migrate(w.conn, file); err != nil {
		return err
	}
	if err := w.sql.prepare(w.conn); err != nil {
		return err
	}
	if err := s.settleLog(file); err != nil {
		return err
	}
	if w.seq, err = w.conn.integer(`SELECT COALESCE(max(seq), 0) FROM events`); err != nil {
		return err
	}
	if err := syncDir(o.Dir); err != nil {
		return err
	}
	if s.reads, err = sql.Open("sqlite", dataSource(file, "query_only(1)")); err != nil {
		return err
	}
	s.reads.SetMaxOpenConns(readers)
	s.reads.SetMaxIdleConns(readers)
	return s.reads.PingContext(ctx)
}

// settleLog makes durable what a crash may have left readable and unsynced: it must not answer for a
// repeated delivery before. Moving it into the main file writes it anew, which holds even where an
// earlier sync of the log failed; where there is no space for that, the log itself is synced.
func (s *Store) settleLog(file string) error {
	_, err := s.writer.walPages(s.writer.sql.truncate)
	if diagnose(err) != full {
		return err
	}
	s.disk.exhausted()
	log, err := os.OpenFile(file+"-wal", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(log.Sync(), log.Close())
}

// claim makes what is missing, closed to other users, and takes the directory for this process.
func (s *Store) claim(dir, file string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var err error
	if s.lock, err = os.OpenFile(filepath.Join(dir, lock), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if held, err := lockFile(s.lock); held {
		return fault.New(fault.StoreLocked, "the data directory %s is in use", dir).
			WithHint("stop the other process, or choose another store.dir")
	} else if err != nil {
		return fmt.Errorf("locking the data directory: %w", err)
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// Health implements store.Store.
func (s *Store) Health() error {
	if f := s.failed.Load(); f != nil {
		return f
	}
	if s.closed.Load() {
		return closedFault()
	}
	if s.disk.refuses() {
		return fullFault(nil)
	}
	return nil
}

// Close implements store.Store. A failed store leaves its files as they are.
func (s *Store) Close() error { return s.close() }

func (s *Store) shut() error {
	s.queue.close()
	<-s.written
	s.closed.Store(true)
	s.gate.Lock() // reads that have begun end first
	defer s.gate.Unlock()
	if err := s.release(); err != nil {
		return fault.Wrap(fault.StoreUnavailable, err, "closing the store")
	}
	return nil
}

// release gives back what is open, the directory last.
func (s *Store) release() error {
	var errs []error
	if s.reads != nil {
		errs = append(errs, s.reads.Close())
	}
	// Closing the last connection moves the log into the main file. After a failed sync nobody may
	// touch the files but a fresh start, so the connection is left to the end of the process.
	if s.writer != nil && s.writer.conn != nil && s.failed.Load() == nil {
		errs = append(errs, s.writer.conn.close())
	}
	if s.lock != nil {
		errs = append(errs, unlockFile(s.lock))
	}
	return errors.Join(errs...)
}

package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/sqlite"
)

// raw opens the file beside the store.
func raw(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.File))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// checkIntegrity has SQLite look through the whole file.
func checkIntegrity(t *testing.T, dir string) {
	t.Helper()
	var verdict string
	if err := raw(t, dir).QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %s, %v", verdict, err)
	}
}

func TestNewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := open(t, sqlite.Options{Dir: dir}).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := raw(t, dir).ExecContext(t.Context(), "PRAGMA user_version = 4711"); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if fault.CodeOf(err) != fault.StoreVersion {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"version 4711", "up to 9", "newer"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}

func TestOneProcessAtATime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, sqlite.Options{Dir: dir})
	for range 2 { // a refused opening must not give the directory back
		_, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
		if fault.CodeOf(err) != fault.StoreLocked || !strings.Contains(fault.HintOf(err), "stop the other process") {
			t.Fatalf("got %v", err)
		}
	}
	if _, err := s.Accept(t.Context(), event.New("a", now()), event.Dedupe{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, sqlite.Options{Dir: dir}).Close(); err != nil {
		t.Fatal(err)
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "data")
	s := open(t, sqlite.Options{Dir: dir})
	defer s.Close()
	if _, err := s.Accept(t.Context(), event.New("a", now()), event.Dedupe{}); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) != 4 { // file, lock, log and index
		t.Fatalf("%v, %v", names, err)
	}
	want := map[string]os.FileMode{dir: 0o700 | os.ModeDir}
	for _, name := range names {
		want[name] = 0o600
	}
	for name, mode := range want {
		if st, err := os.Stat(name); err != nil || st.Mode() != mode {
			t.Errorf("%s: %v, %v, want %v", name, st.Mode(), err, mode)
		}
	}
}

// Close leaves one file that holds everything, so that copying it is a backup.
func TestCloseLeavesOneFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, sqlite.Options{Dir: dir})
	e := event.New("a", now())
	if _, err := s.Accept(t.Context(), e, event.Dedupe{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Event(t.Context(), e.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, sqlite.File+"*"))
	if err != nil || len(names) != 1 {
		t.Errorf("after Close there are %v (%v)", names, err)
	}
	checkIntegrity(t, dir)
}

func TestUnusableDirectories(t *testing.T) {
	t.Parallel()
	garbage, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	for name, data := range map[string]string{filepath.Join(garbage, sqlite.File): strings.Repeat("garbage ", 1000), file: "x"} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{garbage, file} {
		for range 2 { // the second time as well: nothing stays locked
			if _, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir}); fault.CodeOf(err) != fault.StoreUnavailable {
				t.Errorf("%s: %v", dir, err)
			}
		}
	}
}

// An event's row is overwritten where it is when it settles, so that a large one is not written again.
func TestSettlingALargeEventIsCheap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, sqlite.Options{Dir: dir})
	defer s.Close()
	e := event.New("a", now())
	e.Payload = payload(4 << 20)
	if _, err := s.Accept(t.Context(), e, event.Dedupe{}); err != nil {
		t.Fatal(err)
	}
	before := written(t, dir)
	if err := s.Save(t.Context(), store.Change{Settle: e.ID, At: now()}); err != nil {
		t.Fatal(err)
	}
	if grown := written(t, dir) - before; grown > 64<<10 {
		t.Errorf("settling wrote %d bytes", grown)
	}
}

// written is the length of the log, which grows with each write until it starts over.
func written(t *testing.T, dir string) int64 {
	t.Helper()
	st, err := os.Stat(filepath.Join(dir, sqlite.File+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

package sqlite_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/penstock/penstock/internal/testkit/child"
	"github.com/penstock/penstock/internal/testkit/syncfault"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/sqlite"
)

// TestFailingSync lets every sync fail from a moment on: nothing may be acknowledged after it, and what
// was acknowledged before must be there after a restart.
func TestFailingSync(t *testing.T) {
	t.Parallel()
	if args, ok := child.Args(); ok {
		workWithoutSync(t, args[0])
		return
	}
	dir := t.TempDir()
	p := child.Start(t, nil, dir)
	var acknowledged []string
	for {
		line, ok := p.Line()
		if !ok {
			break
		}
		if len(acknowledged) == 500 {
			if _, err := p.Stdin.Write([]byte("fail\n")); err != nil {
				t.Fatal(err)
			}
		}
		acknowledged = append(acknowledged, line)
	}
	p.Wait()
	if len(acknowledged) < 500 {
		t.Fatalf("only %d events acknowledged", len(acknowledged))
	}
	s := open(t, sqlite.Options{Dir: dir})
	defer checkIntegrity(t, dir)
	defer s.Close()
	checkAll(t, s, acknowledged)
	if _, err := s.Accept(t.Context(), event.New("a", now()), event.Dedupe{}); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

// ioerrFsync is how SQLite names a failed sync.
const ioerrFsync = "disk I/O error (1034)"

func workWithoutSync(t *testing.T, dir string) {
	s := open(t, sqlite.Options{Dir: dir})
	report := child.Reporter()
	var failing atomic.Bool
	var last atomic.Value
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for {
				late := failing.Load()
				e := event.New("a", now())
				_, err := s.Accept(t.Context(), e, event.Dedupe{})
				if err != nil {
					if retry, _ := fault.Retryable(err); fault.CodeOf(err) != fault.StoreUnavailable || !retry {
						t.Errorf("refused with %v", err)
					}
					return
				}
				if late {
					t.Error("an event was acknowledged although syncs fail")
					return
				}
				last.Store(e.ID)
				if err := report(e.ID); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if line, err := bufio.NewReader(os.Stdin).ReadString('\n'); line != "fail\n" {
		t.Errorf("told %q, %v", line, err)
	}
	if err := syncfault.FailSyncs(); err != nil {
		t.Fatal(err)
	}
	failing.Store(true)
	group.Wait()

	r := run.Run{EventID: "x", Pipeline: "p", Status: run.Done}
	_, err1 := s.CompleteResult(t.Context(), "c", nil, now())
	_, err2 := s.Prune(t.Context(), store.Prune{Now: now()})
	for _, err := range []error{s.Health(), s.Save(t.Context(), store.Change{Run: &r}), err1, err2} {
		if fault.CodeOf(err) != fault.StoreUnavailable || !strings.Contains(err.Error(), ioerrFsync) {
			t.Errorf("after the failure: %v", err)
		}
	}
	if id, _ := last.Load().(string); id != "" {
		if _, err := s.Event(t.Context(), id); err != nil {
			t.Errorf("reading after the failure: %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
}

// skipDisk names the variable that lets a machine without mounts skip the test of a full disk.
const skipDisk = "PENSTOCK_SKIP_MOUNT_TESTS"

// TestFullDisk works on a small file system of its own, which needs root or user namespaces.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if args, ok := child.Args(); ok {
		fillDisk(t, args[0])
		return
	}
	p, err := child.TryStart(t, func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
		if os.Getuid() != 0 {
			cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
		}
	}, t.TempDir())
	if err != nil {
		if os.Getenv(skipDisk) != "" {
			t.Skipf("no file system can be mounted here: %v", err)
		}
		t.Fatalf("no file system can be mounted here (%s=1 skips this test): %v", skipDisk, err)
	}
	p.Wait()
}

const diskSize = 64 << 20

// mount gives a file system of diskSize that vanishes with the process.
func mount(t *testing.T, dir string) {
	t.Helper()
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatalf("detaching the mounts: %v", err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Fatalf("mounting: %v", err)
	}
}

// ballast takes space away until the returned function gives it back.
func ballast(t *testing.T, dir, name string, bytes int) (free func()) {
	t.Helper()
	name = filepath.Join(dir, name)
	if err := os.WriteFile(name, make([]byte, bytes), 0o600); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

func fillDisk(t *testing.T, dir string) {
	mount(t, dir)
	t.Run("reserve", func(t *testing.T) { keepReserve(t, filepath.Join(dir, "reserve")) })
	if err := os.RemoveAll(filepath.Join(dir, "reserve")); err != nil {
		t.Fatal(err)
	}
	t.Run("pruning makes room", func(t *testing.T) { pruneForSpace(t, filepath.Join(dir, "prune")) })
	if err := os.RemoveAll(filepath.Join(dir, "prune")); err != nil {
		t.Fatal(err)
	}
	t.Run("no space at all", func(t *testing.T) { exhaust(t, filepath.Join(dir, "full")) })
}

func keepReserve(t *testing.T, dir string) {
	s := open(t, sqlite.Options{Dir: dir, Reserve: diskSize / 4})
	defer s.Close()
	e := event.New("a", now())
	if _, err := s.Accept(t.Context(), e, event.Dedupe{}); err != nil {
		t.Fatal(err)
	}
	free := ballast(t, dir, "ballast", diskSize*7/8)
	_, err := s.Accept(t.Context(), event.New("a", now()), event.Dedupe{})
	checkFull(t, err)
	checkFull(t, s.Health())
	r := run.Run{EventID: e.ID, Pipeline: "p", Status: run.Done}
	if err := s.Save(t.Context(), store.Change{Run: &r, Settle: e.ID, At: now()}); err != nil {
		t.Errorf("accepted work cannot be finished below the reserve: %v", err)
	}
	free()
	if err := s.Health(); err != nil {
		t.Errorf("health with space again: %v", err)
	}
	if _, err := s.Accept(t.Context(), event.New("a", now()), event.Dedupe{}); err != nil {
		t.Errorf("accepting with space again: %v", err)
	}
}

// pruneForSpace lets the store itself fill the disk: what pruning frees stays in the file and counts.
func pruneForSpace(t *testing.T, dir string) {
	s := open(t, sqlite.Options{Dir: dir, Reserve: diskSize / 4})
	defer s.Close()
	var err error
	for err == nil {
		e := event.New("a", now())
		e.Payload = payload(1 << 20)
		if _, err = s.Accept(t.Context(), e, event.Dedupe{}); err == nil {
			err = s.Save(t.Context(), store.Change{Settle: e.ID, At: now()})
		}
	}
	checkFull(t, err)
	if _, err := s.Prune(t.Context(), store.Prune{SettledBefore: now().Add(time.Hour), Now: now()}); err != nil {
		t.Fatalf("pruning below the reserve: %v", err)
	}
	if _, err := s.Accept(t.Context(), event.New("a", now()), event.Dedupe{}); err != nil {
		t.Errorf("accepting after pruning: %v", err)
	}
	if err := s.Health(); err != nil {
		t.Errorf("health after pruning: %v", err)
	}
}

func exhaust(t *testing.T, dir string) {
	s := open(t, sqlite.Options{Dir: dir, Reserve: -1})
	frees := []func(){ballast(t, dir, "a", diskSize/4), ballast(t, dir, "b", diskSize/4), ballast(t, dir, "c", diskSize/4)}
	var mu sync.Mutex
	var acknowledged []string
	accept := func(size int) error {
		e := event.New("a", now())
		e.Payload = payload(size)
		_, err := s.Accept(t.Context(), e, event.Dedupe{Scope: "s", Key: e.ID, Until: now().Add(time.Hour)})
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			acknowledged = append(acknowledged, e.ID)
		}
		return err
	}
	fill := func() {
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				for refused := 0; refused < 20; {
					if err := accept(1 + 1<<(8+i)); err != nil {
						checkFull(t, err)
						refused++
					}
				}
			})
		}
		group.Wait()
	}
	for i, free := range frees {
		fill()
		if len(acknowledged) == 0 {
			t.Fatal("nothing was acknowledged")
		}
		// Small leftovers may still take an event; a large one finds no space.
		checkFull(t, accept(diskSize/4))
		checkFull(t, s.Health())
		if i == len(frees)-1 { // a restart finds the disk as it is
			if err := s.Close(); err != nil {
				t.Errorf("closing: %v", err)
			}
			s = open(t, sqlite.Options{Dir: dir, Reserve: -1})
			checkAll(t, s, acknowledged)
		}
		free()
		if err := s.Health(); err != nil {
			t.Errorf("health with space again: %v", err)
		}
		if err := accept(1 << 20); err != nil {
			t.Errorf("accepting with space again: %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	s = open(t, sqlite.Options{Dir: dir, Reserve: -1})
	defer checkIntegrity(t, dir)
	defer s.Close()
	checkAll(t, s, acknowledged)
	t.Logf("%d events acknowledged, none missing", len(acknowledged))
}

func checkAll(t *testing.T, s store.Store, acknowledged []string) {
	t.Helper()
	for _, id := range acknowledged {
		if _, err := s.Event(t.Context(), id); err != nil {
			t.Fatalf("acknowledged event %s of %d: %v", id, len(acknowledged), err)
		}
	}
}

func checkFull(t *testing.T, err error) {
	t.Helper()
	var f *fault.Error
	if retry, after := fault.Retryable(err); !errors.As(err, &f) || f.Code != fault.StoreFull || !retry || after <= 0 {
		t.Errorf("got %v, want a full store that says when to come back", err)
	}
}

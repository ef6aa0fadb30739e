package syncfault_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/penstock/penstock/internal/testkit/child"
	"github.com/penstock/penstock/internal/testkit/syncfault"
)

func TestFailSyncs(t *testing.T) {
	t.Parallel()
	if args, ok := child.Args(); ok {
		failInChild(t, args[0])
		return
	}
	child.Start(t, nil, t.TempDir()).Wait()
}

// failInChild syncs from several threads before and after: all of them must work, then all fail.
func failInChild(t *testing.T, dir string) {
	f, err := os.Create(filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	syncs := map[string]func() error{
		"fsync":     f.Sync,
		"fdatasync": func() error { return syscall.Fdatasync(int(f.Fd())) },
	}
	for _, want := range []error{nil, syscall.EIO} {
		if want != nil {
			if err := syncfault.FailSyncs(); err != nil {
				t.Fatal(err)
			}
		}
		var group sync.WaitGroup
		for range 20 {
			for name, call := range syncs {
				group.Go(func() {
					if err := call(); !errors.Is(err, want) {
						t.Errorf("%s: %v, want %v", name, err, want)
					}
				})
			}
		}
		group.Wait()
		if _, err := f.WriteString("still writing"); err != nil {
			t.Error(err)
		}
	}
}

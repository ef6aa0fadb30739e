package app_test

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/penstock/penstock/internal/testkit/child"
)

// TestFailingSync makes every sync fail under load: from then on nothing is acknowledged, the answer is 503
// with Retry-After, and after a restart everything acknowledged is there and gets processed.
func TestFailingSync(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0])
		return
	}
	dir := t.TempDir()
	s := startServer(t, dir)
	s.putWebhook(t)
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	acknowledged := s.load(ctx, 8)
	if err := s.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	<-s.failed
	refused := 0
	for range 20 {
		status, id, after, err := s.post(t.Context(), client(), []byte(`{"n":2}`))
		switch {
		case err != nil:
			t.Fatal(err)
		case status == http.StatusOK:
			t.Fatalf("event %s was acknowledged although no sync succeeds", id)
		case status != http.StatusServiceUnavailable || after == "":
			t.Fatalf("status %d, Retry-After %q; want 503 with one", status, after)
		}
		refused++
	}
	s.Kill()
	s.read.Wait()
	s = startServer(t, dir)
	s.settle(t)
	s.Kill()
	s.read.Wait()
	checkProcessed(t, dir, acknowledged)
	t.Logf("acknowledged %d before the fault, refused %d after it", len(acknowledged), refused)
}

// TestFullDisk fills a small file system: 503 with Retry-After, nothing acknowledged is lost, and accepting
// resumes when there is space again.
func TestFullDisk(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0])
		return
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=48m"); err != nil {
		if os.Getenv("PENSTOCK_SKIP_MOUNT_TESTS") != "" {
			t.Skipf("SKIPPED, NOT TESTED: mounting a small file system: %v", err)
		}
		t.Fatalf("mounting a small file system: %v; run as root, or set PENSTOCK_SKIP_MOUNT_TESTS to leave this untested", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	s := startServer(t, dir)
	s.putWebhook(t)
	c := client()
	big := []byte(`{"fill":"` + strings.Repeat("x", 1<<20) + `"}`)
	var acknowledged []string
	full := false
	for range 100 {
		status, id, after, err := s.post(t.Context(), c, big)
		if err != nil {
			t.Fatal(err)
		}
		if status == http.StatusOK {
			acknowledged = append(acknowledged, id)
			continue
		}
		seconds, err := strconv.Atoi(after)
		if status != http.StatusServiceUnavailable || err != nil || seconds < 1 {
			t.Fatalf("status %d, Retry-After %q; want 503 with seconds", status, after)
		}
		full = true
		break
	}
	if !full || len(acknowledged) == 0 {
		t.Fatalf("the disk was never full (%d events acknowledged)", len(acknowledged))
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT, "size=256m"); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		status, id, _, err := s.post(t.Context(), c, []byte(`{"n":3}`))
		if err != nil {
			t.Fatal(err)
		}
		if status == http.StatusOK {
			acknowledged = append(acknowledged, id)
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is accepted although there is space again")
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.settle(t)
	s.Kill()
	s.read.Wait()
	checkProcessed(t, dir, acknowledged)
	t.Logf("acknowledged %d until the disk was full and after it had space again", len(acknowledged))
}

func checkProcessed(t *testing.T, dir string, acknowledged []string) {
	t.Helper()
	done, _ := finished(t, dir)
	for _, id := range acknowledged {
		if !done[id] {
			t.Errorf("event %s was acknowledged and not processed", id)
		}
	}
}

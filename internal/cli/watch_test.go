package cli_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/cli"
)

// shared is a buffer that is written and read at the same time.
type shared struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// watching runs an invocation until it is interrupted at the end of the test.
func watching(t *testing.T, dir string, args ...string) (stdout, stderr *shared, interrupt func() int) {
	t.Helper()
	stdout, stderr = &shared{}, &shared{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Main(ctx, cli.State{
			Args: args, Stdin: strings.NewReader(""), Stdout: stdout, Stderr: stderr, Dir: dir, Version: "v1.2.3", Now: time.Now,
			Environ: []string{"PI_PLUGINS__DIR=" + filepath.Join(dir, "plugins")},
		})
	}()
	return stdout, stderr, func() int {
		cancel()
		return <-ended
	}
}

func shown(t *testing.T, out *shared, text string, times int) {
	t.Helper()
	for deadline := time.Now().Add(patience); strings.Count(out.String(), text) < times; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%q is not shown %d times:\n%s", text, times, out)
		}
	}
}

func TestRunWatches(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.pi.yaml", "pipeline:\n  - set: first\n")
	stdout, stderr, interrupt := watching(t, dir, "run", "a.pi.yaml", "--watch")
	shown(t, stdout, "first\n", 1)
	shown(t, stderr, "waiting for a change", 1)
	write(t, dir, "a.pi.yaml", "pipeline:\n  - lgo: second\n")
	shown(t, stderr, `unknown command "lgo"`, 1)
	shown(t, stderr, "waiting for a change", 2)
	write(t, dir, "a.pi.yaml", "pipeline:\n  - set: third\n")
	shown(t, stdout, "third\n", 1)
	if code := interrupt(); code != 0 {
		t.Errorf("the exit code is %d", code)
	}
}

func TestTestWatches(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.pi.yaml", "pipeline:\n  - set: 1\n")
	write(t, dir, "a.test.yaml", "cases:\n  - {name: one, expect: {body: 1}}\n")
	stdout, stderr, interrupt := watching(t, dir, "test", dir, "--watch")
	shown(t, stdout, "1 passed, 0 failed", 1)
	shown(t, stderr, "waiting for a change", 1)
	write(t, dir, "a.pi.yaml", "pipeline:\n  - set: 2\n")
	shown(t, stdout, "0 passed, 1 failed", 1)
	shown(t, stderr, "waiting for a change", 2)
	write(t, dir, "b.test.yaml", "pipeline: a.pi.yaml\ncases:\n  - {name: two, expect: {body: 2}}\n")
	shown(t, stdout, "1 passed, 1 failed", 1)
	if code := interrupt(); code != 0 {
		t.Errorf("the exit code is %d", code)
	}
}

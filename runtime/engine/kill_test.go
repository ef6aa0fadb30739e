//go:build unix

package engine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// killDir tells the test binary that it is the server to be killed, and where it works.
const killDir = "PENSTOCK_TEST_KILL_DIR"

var kills = flag.Int("kills", 50, "how often TestKilledServer kills a server")

// TestKilledServer kills a server with SIGKILL in the seventh of ten steps, again and again: the six before
// are never repeated, the seventh is offered the same key once more, and the run comes to its end.
func TestKilledServer(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		server(t, dir)
		return
	}
	t.Parallel()
	if testing.Short() {
		*kills = min(*kills, 6)
	}
	repeated := 0
	for i := range *kills {
		dir := t.TempDir()
		form := []string{"flat", "loop", "call"}[i%3]
		if err := os.WriteFile(filepath.Join(dir, "form"), []byte(form), 0o600); err != nil {
			t.Fatal(err)
		}
		// It dies before its effect is done, or after that and before it is recorded.
		if err := os.WriteFile(filepath.Join(dir, "kill"), []byte([]string{"before", "after"}[i%2]), 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := serve(t, dir)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
			t.Fatalf("the server was not killed: %v\n%s", err, text)
		}
		if text, err = serve(t, dir); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		marks, err := os.ReadFile(filepath.Join(dir, "marks"))
		if err != nil {
			t.Fatal(err)
		}
		keys := map[string]int{}
		var order []string
		for mark := range strings.Lines(string(marks)) {
			if keys[mark]++; keys[mark] == 1 {
				order = append(order, mark)
			}
		}
		if len(order) != 10 {
			t.Fatalf("%s: %d different keys, want 10:\n%s", form, len(order), marks)
		}
		for n, mark := range order {
			if want := 1 + i%2; n == 6 && keys[mark] != want || n != 6 && keys[mark] != 1 {
				t.Errorf("%s: effect %d happened %d times:\n%s", form, n+1, keys[mark], marks)
			}
		}
		repeated += keys[order[6]] - 1
	}
	t.Logf("%d kills in step 7 of 10: all runs finished, none of the steps before was repeated, step 7 %d times with its old key", *kills, repeated)
}

func serve(t *testing.T, dir string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKilledServer$", "-test.v")
	c.Env = append(os.Environ(), killDir+"="+dir)
	text, err := c.CombinedOutput()
	return string(text), err
}

// server is one life of the server: it takes the event at its first start and ends when the run is done.
func server(t *testing.T, dir string) {
	form, err := os.ReadFile(filepath.Join(dir, "form"))
	if err != nil {
		t.Fatal(err)
	}
	marks := 0 // in this life and the ones before
	if text, err := os.ReadFile(filepath.Join(dir, "marks")); err == nil {
		marks = strings.Count(string(text), "\n")
	}
	w := newWorld(t)
	w.more = []command.Definition{{
		Spec: command.Spec{Name: "test.mark", Summary: "Writes its key down.", Effect: true},
		Command: command.Func(func(_ context.Context, c command.Call) (command.Result, error) {
			when, _ := os.ReadFile(filepath.Join(dir, "kill"))
			seventh := marks == 6 && len(when) > 0
			if seventh {
				if err := os.Remove(filepath.Join(dir, "kill")); err != nil {
					return command.Result{}, err
				}
			}
			if seventh && string(when) == "before" {
				return command.Result{}, syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
			f, err := os.OpenFile(filepath.Join(dir, "marks"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				return command.Result{}, err
			}
			defer f.Close()
			if _, err := fmt.Fprintf(f, "%s %d\n", strings.TrimPrefix(c.RunID, c.Event.ID), c.Step); err != nil {
				return command.Result{}, err
			}
			if marks++; seventh {
				return command.Result{}, syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
			return command.Result{}, nil
		}),
	}}
	const mark = "  - test.mark\n"
	files := map[string]string{
		"flat": listen + strings.Repeat(mark, 10),
		"loop": listen + "  - foreach: {in: [1, 2], as: x}\n  - foreach: {in: [1, 2, 3, 4, 5], as: y}\n" + mark + "  - foreach.end\n  - foreach.end\n",
		"call": listen + "  - foreach: {in: [1, 2], as: x}\n  - pipeline.run: five\n  - foreach.end\n",
	}
	set := map[string]string{"p": files[string(form)], "five": "pipeline:\n" + strings.Repeat(mark, 5)}
	w.start(filepath.Join(dir, "data"), engine.Options{}, set)
	events, err := w.store.Events(t.Context(), store.EventQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if len(events) == 0 {
		w.run(w.emit("a.b"), "p", run.Done)
		return
	}
	w.run(event.Event{ID: events[0].ID}, "p", run.Done)
}

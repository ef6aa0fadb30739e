//go:build unix

package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/sqlite"
)

// dying is a store whose process dies at one point, once: the file "kill" names it.
type dying struct {
	store.Store
	dir  string
	know *atomic.Int64 // when the schedule of the job was kept first, in the clock of this process; nil = nobody asks
}

// at kills the process if this is the point.
func (d dying) at(point string) {
	file := filepath.Join(d.dir, "kill")
	if when, err := os.ReadFile(file); err != nil || string(when) != point {
		return
	}
	if os.Remove(file) == nil {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (d dying) Save(ctx context.Context, c store.Change) error {
	name := "save"
	switch {
	case c.Form != nil:
		name = "form"
	case c.Run != nil && len(c.Members) > 0 && c.Run.Status.Final():
		name = "end"
	case c.Settle != "":
		name = "settle"
	}
	d.at("before " + name)
	err := d.Store.Save(ctx, c)
	d.at("after " + name)
	return err
}

func (d dying) MoveSchedule(ctx context.Context, s store.Schedule, was time.Time) (bool, error) {
	if !s.Last.IsZero() {
		d.at("before move")
	}
	moved, err := d.Store.MoveSchedule(ctx, s, was)
	if !s.Last.IsZero() {
		d.at("after move")
	}
	if d.know != nil {
		d.know.CompareAndSwap(0, time.Now().UnixNano())
	}
	return moved, err
}

// lives runs this test in a process of its own, which is killed, and once more, to its end.
func lives(t *testing.T, dir, point string, between func()) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "kill"), []byte(point), 0o600); err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(t.Name(), "/")
	live := func() (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+name+"$", "-test.v")
		c.Env = append(os.Environ(), killDir+"="+dir)
		text, err := c.CombinedOutput()
		return string(text), err
	}
	text, err := live()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
		t.Fatalf("%s: the server was not killed: %v\n%s", point, err, text)
	}
	if between != nil {
		between()
	}
	if text, err = live(); err != nil {
		t.Fatalf("%s: %v\n%s", point, err, text)
	}
}

// mark is test.mark, which writes its argument down.
func mark(dir string) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name: "test.mark", Summary: "Writes down.", Shorthand: "value", Effect: true,
			Params: []command.Param{{Name: "value", Type: command.TypeText}},
		},
		Command: command.Func(func(_ context.Context, c command.Call) (command.Result, error) {
			dying{dir: dir}.at("before mark")
			f, err := os.OpenFile(filepath.Join(dir, "marks"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				return command.Result{}, err
			}
			defer f.Close()
			_, err = fmt.Fprintln(f, c.Args["value"])
			dying{dir: dir}.at("after mark")
			return command.Result{}, err
		}),
	}
}

func marks(t *testing.T, dir string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "marks"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// finished gives the marks of the batches that are over.
func finished(t *testing.T, dir string) (out []string) {
	t.Helper()
	w := newWorld(t)
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	w.store = s
	for _, body := range w.batches(run.Done) {
		var members []string
		if err := json.Unmarshal([]byte(body), &members); err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d:%s", len(members), members[0]))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestKilledBatch kills a server with SIGKILL around every step of the life of batches: no message is lost, none is in two
// finished batches, and the effects of a finished batch are not repeated.
func TestKilledBatch(t *testing.T) {
	const messages = 10
	if dir := os.Getenv(killDir); dir != "" {
		w := newWorld(t)
		w.wrap = func(s store.Store) store.Store { return dying{Store: s, dir: dir} }
		w.more = []command.Definition{mark(dir)}
		files := map[string]string{
			"p": batched("maxBatchItems: 4, maxBatchWait: 50ms") + "  - test.mark: \"${body.size()}:${body[0]}\"\n  - set: ${body}\n",
		}
		if _, err := os.Stat(filepath.Join(dir, "shared")); err == nil {
			files["q"] = "pipeline:\n  - message.receive: sales.#\n  - set: 1\n"
		}
		w.start(filepath.Join(dir, "data"), engine.Options{}, files)
		w.sendMissing(messages)
		w.allSettled()
		seen := map[string]int{}
		for _, body := range w.batches(run.Done) {
			for id := range strings.SplitSeq(strings.Trim(body, "[]"), ",") {
				seen[id]++
			}
		}
		for i := range messages {
			if n := seen[fmt.Sprintf(`"m%d"`, i)]; n != 1 {
				t.Errorf("message %d is in %d finished batches", i, n)
			}
		}
		runs, err := w.store.FindRuns(t.Context(), store.RunQuery{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			if r.Status != run.Done {
				t.Errorf("the run %s is %s", r.ID(), r.Status)
			}
		}
		return
	}
	t.Parallel()
	for _, point := range []string{
		"before form", "after form", "before mark", "after mark", "before end", "after end",
		"before form shared", "before end shared", "after end shared", "before settle shared", "after settle shared",
	} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			point, shared := strings.CutSuffix(point, " shared") // every message has a run of another pipeline too
			if shared {
				if err := os.WriteFile(filepath.Join(dir, "shared"), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var over []string
			lives(t, dir, point, func() { over = finished(t, filepath.Join(dir, "data")) })
			effects := map[string]int{}
			for _, m := range marks(t, dir) {
				effects[m]++
			}
			for m, n := range effects {
				if n > 2 || n == 2 && slices.Contains(over, m) {
					t.Errorf("the effect of batch %s happened %d times; those that were over are %v", m, n, over)
				}
			}
		})
	}
}

// sendMissing sends the messages m0, m1 and so on, but for those that an earlier life accepted.
func (w *world) sendMissing(n int) {
	w.t.Helper()
	kept, err := w.store.Events(w.t.Context(), store.EventQuery{Key: "sales.order", Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	accepted := map[string]bool{}
	for _, e := range kept {
		text, err := event.PayloadText(e.Data)
		if err != nil {
			w.t.Fatal(err)
		}
		accepted[string(text)] = true
	}
	for i := range n {
		if m := fmt.Sprintf(`"m%d"`, i); !accepted[m] {
			w.message("sales.order", m)
		}
	}
}

// TestKilledJob kills a server with SIGKILL when a job fires: each time fires once, and its run comes to its end.
func TestKilledJob(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		w := newWorld(t)
		var kept atomic.Int64
		w.wrap = func(s store.Store) store.Store { return dying{s, dir, &kept} }
		w.more = []command.Definition{mark(dir)}
		// The clock stands a moment before a time at which the job is due until the job is known; in the second life it
		// stands a moment behind it.
		first := time.Date(2026, 3, 4, 5, 59, 59, 800e6, time.UTC)
		if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
			first = first.Add(time.Second)
		}
		now := func() time.Time {
			if begin := kept.Load(); begin > 0 {
				return first.Add(time.Since(time.Unix(0, begin)))
			}
			return first
		}
		w.start(filepath.Join(dir, "data"), engine.Options{Now: now}, map[string]string{
			"p": "pipeline:\n  - job: \"0 * * * *\"\n  - test.mark: ${event.payload.due}\n  - set: done\n",
		})
		id := event.DerivedID(time.Date(2026, 3, 4, 6, 0, 0, 0, time.UTC), "job", "p")
		w.run(event.Event{ID: id}, "p", run.Done)
		w.allSettled()
		w.until(func() bool {
			kept, err := w.store.Schedules(t.Context())
			return err == nil && len(kept) == 1 && kept[0].Next.Equal(time.Date(2026, 3, 4, 7, 0, 0, 0, time.UTC))
		}, func() string { return "the job does not go on" })
		if events, err := w.store.Events(t.Context(), store.EventQuery{Key: "job.p"}); err != nil || len(events) != 1 {
			t.Errorf("%d events, %v; want 1", len(events), err)
		}
		return
	}
	t.Parallel()
	for _, point := range []string{"before move", "after move", "before mark", "after mark", "before save", "after save", "before settle", "after settle"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			lives(t, dir, point, nil)
			got, most := marks(t, dir), 1
			switch point {
			case "before move", "after move", "after mark", "before save": // it may be done, and not recorded yet
				most = 2
			}
			if len(got) == 0 || len(got) > most || got[0] != "2026-03-04T06:00:00Z" {
				t.Errorf("the effect happened as %v", got)
			}
		})
	}
}

package engine_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// A run ends on the version it began with, while events that come later see the new one.
func TestReloadWhileRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := listen + "  - test.step: %[1]s\n  - test.wait\n  - body.set: %[1]s\n"
	w.start(t.TempDir(), engine.Options{}, map[string]string{"p": fmt.Sprintf(text, "one")})
	first := w.emit("a.b")
	w.until(func() bool { return w.count("one") == 1 }, func() string { return "the first version did not run" })
	w.reload(map[string]string{"p": fmt.Sprintf(text, "two")})
	second := w.emit("a.b")
	w.until(func() bool { return w.count("two") == 1 }, func() string { return "the second version did not run" })
	close(w.block)
	one, two := w.run(first, "p", run.Done), w.run(second, "p", run.Done)
	if string(one.Body) != `"one"` || string(two.Body) != `"two"` || one.Version == two.Version {
		t.Errorf("bodies %s and %s of versions %s and %s", one.Body, two.Body, one.Version, two.Version)
	}
	w.engine.Retire(t.Context())
	if n := w.engine.Kept(); n != 0 {
		t.Errorf("%d versions are kept when all runs are over", n)
	}
}

// A run that waits for its next attempt goes on with its version, also when its pipeline was removed.
func TestReloadWhileWaiting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		then map[string]string
	}{
		{"changed", map[string]string{"p": listen + "  - body.set: two\n"}},
		{"changed its trigger", map[string]string{"p": strings.Replace(listen, "a.b", "c.d", 1) + "  - body.set: two\n"}},
		{"removed", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fail["late"] = 1
			w.start(t.TempDir(), engine.Options{Backoff: 200 * time.Millisecond}, map[string]string{
				"p": listen + "  - test.effect: mail\n  - test.step: late\n  - body.set: one\n",
			})
			e := w.emit("a.b")
			w.run(e, "p", run.Waiting)
			for range 3 { // a kept version stays over further ones
				w.reload(c.then)
			}
			if n := w.engine.Kept(); n != 1 {
				t.Errorf("%d versions are kept, want 1", n)
			}
			r := w.run(e, "p", run.Done)
			if string(r.Body) != `"one"` || w.count("mail") != 1 {
				t.Errorf("the run ended with %s and made its effect %d times", r.Body, w.count("mail"))
			}
			w.engine.Retire(t.Context())
			if n := w.engine.Kept(); n != 0 {
				t.Errorf("%d versions are kept when the run is over", n)
			}
		})
	}
}

// A removed pipeline takes no new events, and one that is put back does again.
func TestReloadRemoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files := map[string]string{"p": listen + "  - test.step: x\n"}
	w.start(t.TempDir(), engine.Options{}, files)
	w.run(w.emit("a.b"), "p", run.Done)
	w.reload(nil)
	w.settled(w.emit("a.b"))
	w.reload(files)
	w.run(w.emit("a.b"), "p", run.Done)
	if n := w.count("x"); n != 2 {
		t.Errorf("the pipeline ran %d times, want 2", n)
	}
}

// Two versions of a pipeline share its limit.
func TestReloadKeepsLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{PerPipeline: 1, Grace: 10 * time.Millisecond}, map[string]string{
		"p": listen + "  - test.step: one\n  - test.wait\n",
	})
	w.emit("a.b")
	w.until(func() bool { return w.count("one") == 1 }, func() string { return "the first version did not run" })
	w.reload(map[string]string{"p": listen + "  - test.step: two\n", "q": listen + "  - test.step: other\n"})
	e := w.emit("a.b")
	w.until(func() bool { return w.count("other") == 1 }, func() string { return "another pipeline is held up" })
	if n := w.count("two"); n != 0 {
		t.Error("the second version ran beside the first one")
	}
	close(w.block)
	w.run(e, "p", run.Done)
}

// After a restart a run goes on with its version, though another one is loaded now, or none.
func TestRestartWithOtherVersion(t *testing.T) {
	t.Parallel()
	outer := listen + "  - pipeline.run: {name: inner}\n"
	for _, c := range []struct {
		name          string
		before, after map[string]string
	}{
		{
			"changed",
			map[string]string{"p": listen + "  - test.effect: mail\n  - test.step: late\n  - body.set: one\n"},
			map[string]string{"p": listen + "  - test.effect: mail\n  - body.set: two\n"},
		},
		{
			"removed",
			map[string]string{"p": listen + "  - test.effect: mail\n  - test.step: late\n  - body.set: one\n"},
			nil,
		},
		{
			"inside a pipeline that changed",
			map[string]string{"p": outer, "inner": "pipeline:\n  - test.effect: mail\n  - test.step: late\n  - body.set: one\n"},
			map[string]string{"p": outer, "inner": "pipeline:\n  - test.effect: mail\n  - body.set: two\n"},
		},
		{
			"before a pipeline that was removed with its caller",
			map[string]string{"p": listen + "  - test.effect: mail\n  - test.step: late\n  - pipeline.run: {name: inner}\n", "inner": "pipeline:\n  - body.set: one\n"},
			map[string]string{"p": listen + "  - body.set: two\n"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, dir := newWorld(t), t.TempDir()
			w.fail["late"] = 2
			stop := w.start(dir, engine.Options{Backoff: 200 * time.Millisecond, MaxBackoff: 200 * time.Millisecond}, c.before)
			e := w.emit("a.b")
			began := w.run(e, "p", run.Waiting)
			stop()
			w.start(dir, engine.Options{Backoff: 200 * time.Millisecond, MaxBackoff: 200 * time.Millisecond}, c.after)
			r := w.run(e, "p", run.Done)
			if string(r.Body) != `"one"` || r.Version != began.Version || w.count("mail") != 1 {
				t.Errorf("the run ended with %s in version %s, began in %s and made its effect %d times", r.Body, r.Version, began.Version, w.count("mail"))
			}
			if plan, err := w.engine.PlanOf(t.Context(), "p", began.Version); err != nil || plan.Version() != began.Version {
				t.Errorf("the version cannot be had: %v", err)
			}
			w.engine.Retire(t.Context())
			if n := w.engine.Kept(); n > 1 { // the one that was just asked for
				t.Errorf("%d versions are kept when the run is over", n)
			}
		})
	}
}

// PlanOf tells what there is.
func TestPlanOf(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), t.TempDir()
	stop := w.start(dir, engine.Options{}, map[string]string{"p": listen + "  - body.set: one\n"})
	one, err := w.engine.PlanOf(t.Context(), "p", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.engine.ReloadBy(t.Context(), w.compile(map[string]string{"p": listen + "  - body.set: two\n"}), map[string]string{"p": "ann"}); err != nil {
		t.Fatal(err)
	}
	two, err := w.engine.PlanOf(t.Context(), "p", "")
	if err != nil || two.Version() == one.Version() {
		t.Fatalf("%v", err)
	}
	stop()
	w.start(dir, engine.Options{}, nil)
	for _, want := range []*pipeline.Plan{one, two} {
		got, err := w.engine.PlanOf(t.Context(), "p", want.Version())
		if err != nil || string(got.Source()) != string(want.Source()) {
			t.Errorf("version %s: %v", want.Version(), err)
		}
	}
	for _, c := range [][2]string{{"p", ""}, {"p", "000000000000"}, {"q", one.Version()}} {
		if _, err := w.engine.PlanOf(t.Context(), c[0], c[1]); fault.CodeOf(err) != fault.PipelineUnknown {
			t.Errorf("%v: %v", c, err)
		}
	}
	var of []store.Source
	w.until(func() bool { // the engine has begun
		of, err = w.store.SourcesOf(t.Context(), "p")
		return err != nil || len(of) > 0 && !of[0].Until.IsZero()
	}, func() string { return "the removed pipeline is still loaded" })
	if err != nil || len(of) != 2 || of[0].Author != "ann" || of[0].Until.IsZero() || of[1].Author != "" || !of[1].Until.Equal(of[0].First) {
		t.Errorf("the history is %+v, %v", of, err)
	}
}

// A version that is kept nowhere any more is told of, and its run starts again.
func TestRestartWithoutOldVersion(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), t.TempDir()
	w.forgets = true
	w.fail["late"] = 1
	stop := w.start(dir, engine.Options{Backoff: 200 * time.Millisecond}, map[string]string{"p": listen + "  - test.effect: mail\n  - test.step: late\n"})
	e := w.emit("a.b")
	w.run(e, "p", run.Waiting)
	stop()
	var log lockedBuffer
	w.start(dir, engine.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, map[string]string{"p": listen + "  - test.effect: mail\n  - body.set: two\n"})
	r := w.run(e, "p", run.Done)
	if string(r.Body) != `"two"` || w.count("mail") != 2 {
		t.Errorf("the run ended with %s and made its effect %d times", r.Body, w.count("mail"))
	}
	if !strings.Contains(log.String(), "a pipeline changed between two attempts") {
		t.Errorf("the log does not say so:\n%s", log.String())
	}
}

// A pipeline that a waiting run has begun inside is kept in its version as well.
func TestReloadWhileCalleeWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail["late"] = 1
	caller := listen + "  - pipeline.run: {name: inner}\n"
	w.start(t.TempDir(), engine.Options{Backoff: 200 * time.Millisecond}, map[string]string{
		"outer": caller, "inner": "pipeline:\n  - test.effect: mail\n  - test.step: late\n  - body.set: one\n",
	})
	e := w.emit("a.b")
	w.run(e, "outer", run.Waiting)
	for range 3 {
		w.reload(map[string]string{"outer": caller, "inner": "pipeline:\n  - test.effect: mail\n  - body.set: two\n"})
	}
	r := w.run(e, "outer", run.Done)
	if string(r.Body) != `"one"` || w.count("mail") != 1 {
		t.Errorf("the run ended with %s and made its effect %d times", r.Body, w.count("mail"))
	}
	w.engine.Retire(t.Context())
	if n := w.engine.Kept(); n != 0 {
		t.Errorf("%d versions are kept when the run is over", n)
	}
}

func TestReloadRefusesTwins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{}, map[string]string{"p": listen + "  - test.step: x\n"})
	twins := append(w.compile(map[string]string{"q": listen + "  - test.step: y\n"}), w.compile(map[string]string{"q": listen + "  - test.step: z\n"})...)
	if err := w.engine.Reload(t.Context(), twins); err == nil || !strings.Contains(err.Error(), `"q"`) {
		t.Errorf("got %v", err)
	}
	w.run(w.emit("a.b"), "p", run.Done)
}

// lockedBuffer takes a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// What is kept of former versions is bounded, but for what an unfinished run needs.
func TestVersionsArePruned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail["late"] = 1
	inner := func(text string) string { return "pipeline:\n  - body.set: " + text + "\n" }
	w.start(t.TempDir(), engine.Options{Backoff: time.Hour, Versions: 2}, map[string]string{
		"p": listen + "  - test.step: late\n  - pipeline.run: inner\n", "inner": inner("first"), "other": inner("first"),
	})
	e := w.emit("a.b")
	w.run(e, "p", run.Waiting)
	for n := range 6 {
		text := fmt.Sprint("n", n)
		w.reload(map[string]string{"p": listen + "  - pipeline.run: inner\n  - body.set: " + text + "\n", "inner": inner(text), "other": inner(text)})
	}
	kept := func(want int) {
		t.Helper()
		for _, name := range []string{"p", "inner", "other"} {
			of, err := w.store.SourcesOf(t.Context(), name)
			if err != nil || len(of) != want {
				t.Errorf("of %s %d versions are kept, want %d: %v", name, len(of), want, err)
			}
		}
	}
	w.engine.PruneVersions(t.Context(), time.Now())
	kept(7) // all are fresh
	w.engine.PruneVersions(t.Context(), time.Now().Add(3*time.Hour))
	kept(7) // the run that waits began before they left
	if _, err := w.engine.Cancel(t.Context(), e.ID, "p"); err != nil {
		t.Fatal(err)
	}
	w.engine.PruneVersions(t.Context(), time.Now().Add(3*time.Hour))
	kept(3)
	w.engine.PruneVersions(t.Context(), time.Now().Add(3000*time.Hour))
	kept(1)
}

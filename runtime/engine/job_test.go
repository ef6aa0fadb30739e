package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// fired lists the times for which a job fired, oldest first; with a ! behind those that were late.
func (w *world) fired(name string) []string {
	w.t.Helper()
	events, err := w.store.Events(w.t.Context(), store.EventQuery{Key: "job." + name, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	out := make([]string, len(events))
	for i, kept := range events {
		_, o, err := event.Unmarshal(kept.Data)
		if err != nil {
			w.t.Fatal(err)
		}
		p := o["payload"].(map[string]any)
		at, err := time.Parse(time.RFC3339, p["due"].(string))
		if err != nil {
			w.t.Fatal(err)
		}
		out[len(events)-1-i] = at.Format("15:04")
		if p["missed"] == true {
			out[len(events)-1-i] += "!"
		}
	}
	return out
}

// seldom keeps the clock of a test from stopping at every poll.
const seldom = time.Minute

func job(schedule, more string) string {
	return "pipeline:\n  - job: {schedule: \"" + schedule + "\"" + more + "}\n  - test.step: ran\n"
}

// TestJobFires runs a job for an hour, over a restart.
func TestJobFires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // the clock begins at midnight of 1 January 2000, UTC
		w, dir := newWorld(t), t.TempDir()
		files := map[string]string{"p": job("*/20 * * * *", "")}
		stop := w.start(dir, engine.Options{Poll: seldom}, files)
		time.Sleep(30 * time.Minute)
		stop()
		w.start(dir, engine.Options{Poll: seldom}, files)
		time.Sleep(35 * time.Minute)
		if diff := cmp.Diff([]string{"00:20", "00:40", "01:00"}, w.fired("p")); diff != "" {
			t.Errorf("fired: %s", diff)
		}
		if n := w.count("ran"); n != 3 {
			t.Errorf("%d runs, want 3", n)
		}
		jobs, err := w.engine.Jobs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []run.Job{{
			Pipeline: "p", Schedule: "*/20 * * * *", Cron: "*/20 * * * *", TimeZone: "UTC", Missed: "once",
			Next: time.Date(2000, 1, 1, 1, 20, 0, 0, time.UTC), Last: time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC),
		}}
		if diff := cmp.Diff(want, jobs); diff != "" {
			t.Errorf("listed: %s", diff)
		}
	})
}

// TestJobMissed stops the server for some hours.
func TestJobMissed(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string][]string{
		"skip": {"00:20", "03:40"},
		"once": {"00:20", "03:20!", "03:40"},
		"all":  {"00:20", "00:40!", "01:00!", "01:20!", "01:40!", "02:00!", "02:20!", "02:40!", "03:00!", "03:20!", "03:40"},
	} {
		for _, overlap := range []string{"skip", "allow"} {
			t.Run(policy+" "+overlap, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w, dir := newWorld(t), t.TempDir()
					files := map[string]string{"p": job("*/20 * * * *", ", missed: "+policy+", overlap: "+overlap)}
					stop := w.start(dir, engine.Options{Poll: time.Second}, files)
					time.Sleep(30 * time.Minute)
					stop()
					time.Sleep(3 * time.Hour)
					w.start(dir, engine.Options{Poll: time.Second}, files)
					time.Sleep(15 * time.Minute)
					if diff := cmp.Diff(want, w.fired("p")); diff != "" {
						t.Errorf("fired: %s", diff)
					}
					if n := w.count("ran"); n != len(want) {
						t.Errorf("%d runs, want %d", n, len(want))
					}
				})
			})
		}
	}
}

// TestJobMissedAllOneByOne: with runs that take a quarter of an hour, missed ones begin one behind the other, and none
// that comes meanwhile is doubled.
func TestJobMissedAllOneByOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, dir := newWorld(t), t.TempDir()
		files := map[string]string{"p": "pipeline:\n  - job: {schedule: \"0 * * * *\", missed: all}\n  - wait: {for: 15m}\n"}
		stop := w.start(dir, engine.Options{Poll: time.Second}, files)
		time.Sleep(time.Second)
		stop()
		time.Sleep(3*time.Hour + 10*time.Minute)
		w.start(dir, engine.Options{Poll: time.Second}, files)
		time.Sleep(25 * time.Minute)
		if diff := cmp.Diff([]string{"01:00!", "02:00!"}, w.fired("p")); diff != "" {
			t.Errorf("after 25 minutes: %s", diff)
		}
		time.Sleep(30 * time.Minute)
		if diff := cmp.Diff([]string{"01:00!", "02:00!", "03:00!", "04:00"}, w.fired("p")); diff != "" {
			t.Errorf("after 55 minutes: %s", diff)
		}
	})
}

// TestJobMissedAllIsBounded stops the server for a year.
func TestJobMissedAllIsBounded(t *testing.T) {
	t.Parallel()
	for schedule, want := range map[string][]string{
		"EVERY_1_MIN": {"23:58!", "23:59!", "00:00"},
		"@weekly":     {"00:00!", "00:00!", "00:00!"},
		"@yearly":     {"00:00"},
	} {
		t.Run(schedule, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, dir := newWorld(t), t.TempDir()
				files := map[string]string{"p": job(schedule, ", missed: all, overlap: allow")}
				stop := w.start(dir, engine.Options{Poll: seldom}, files)
				time.Sleep(time.Second)
				stop()
				time.Sleep(time.Until(time.Date(2001, 1, 1, 0, 0, 30, 0, time.UTC)))
				w.start(dir, engine.Options{Poll: seldom, MaxMissed: 3}, files)
				time.Sleep(10 * time.Second)
				if diff := cmp.Diff(want, w.fired("p")); diff != "" {
					t.Errorf("fired: %s", diff)
				}
			})
		})
	}
}

// TestJobOverlap lets the first run of a job go on for fifty minutes.
func TestJobOverlap(t *testing.T) {
	t.Parallel()
	for overlap, want := range map[string][]string{"skip": {"00:20", "01:20"}, "allow": {"00:20", "00:40", "01:00", "01:20"}} {
		t.Run(overlap, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.start(t.TempDir(), engine.Options{Poll: seldom, StepTimeout: time.Hour}, map[string]string{
					"p": "pipeline:\n  - job: {schedule: \"*/20 * * * *\", overlap: " + overlap + "}\n  - test.wait\n",
				})
				time.Sleep(50 * time.Minute)
				jobs, err := w.engine.Jobs(t.Context())
				if err != nil || !jobs[0].Running {
					t.Errorf("the job does not run: %v", err)
				}
				time.Sleep(20 * time.Minute)
				close(w.block)
				time.Sleep(20 * time.Minute)
				if diff := cmp.Diff(want, w.fired("p")); diff != "" {
					t.Errorf("fired: %s", diff)
				}
			})
		})
	}
}

// TestJobReload: another schedule takes over, and what is gone is forgotten; a job that comes again begins anew.
func TestJobReload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start(t.TempDir(), engine.Options{Poll: seldom}, map[string]string{"p": job("*/20 * * * *", ""), "q": job("0 * * * *", "")})
		time.Sleep(30 * time.Minute)
		w.reload(map[string]string{"p": job("*/15 * * * *", "")})
		time.Sleep(50 * time.Minute) // 01:20
		if diff := cmp.Diff([]string{"00:20", "00:45", "01:00", "01:15"}, w.fired("p")); diff != "" {
			t.Errorf("p fired: %s", diff)
		}
		if fired := w.fired("q"); len(fired) > 0 {
			t.Errorf("a job that is gone fired: %v", fired)
		}
		kept, err := w.store.Schedules(t.Context())
		if err != nil || len(kept) != 1 || kept[0].Name != "p" {
			t.Errorf("the schedules %v are kept, %v; want that of p", kept, err)
		}
		w.reload(map[string]string{"q": job("0 * * * *", "")})
		time.Sleep(time.Hour)
		if diff := cmp.Diff([]string{"02:00"}, w.fired("q")); diff != "" {
			t.Errorf("q fired: %s", diff)
		}
	})
}

// TestJobClockPutBack: what is kept of a clock that was ahead holds nothing up, and no time fires twice.
func TestJobClockPutBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, dir := newWorld(t), t.TempDir()
		files := map[string]string{"p": job("*/20 * * * *", "")}
		ahead := func() time.Time { return time.Now().Add(3 * time.Hour) }
		stop := w.start(dir, engine.Options{Poll: seldom, Now: ahead}, files)
		time.Sleep(30 * time.Minute)
		stop()
		w.start(dir, engine.Options{Poll: seldom}, files)
		time.Sleep(3 * time.Hour) // over the time for which it fired already
		fired := w.fired("p")
		if len(fired) != 1+8 || fired[1] != "00:40" {
			t.Errorf("%d times, the second is %v: %v", len(fired), fired[min(1, len(fired)-1)], fired)
		}
	})
}

// brokenMoves keeps no schedule for a while, or keeps it and says that it did not.
type brokenMoves struct {
	store.Store
	left int
}

func (b *brokenMoves) MoveSchedule(ctx context.Context, s store.Schedule, was time.Time) (bool, error) {
	if b.left--; b.left >= 0 {
		if b.left%2 == 0 {
			if _, err := b.Store.MoveSchedule(ctx, s, was); err != nil {
				return false, err
			}
		}
		return false, errors.New("no")
	}
	return b.Store.MoveSchedule(ctx, s, was)
}

// TestJobWithFailingStore: each time fires once all the same.
func TestJobWithFailingStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.wrap = func(s store.Store) store.Store { return &brokenMoves{s, 20} }
		w.start(t.TempDir(), engine.Options{Poll: seldom}, map[string]string{"p": job("EVERY_1_MIN", "")})
		time.Sleep(10*time.Minute + 30*time.Second)
		want := []string{"00:01", "00:02", "00:03", "00:04", "00:05", "00:06", "00:07", "00:08", "00:09", "00:10"}
		if diff := cmp.Diff(want, w.fired("p")); diff != "" {
			t.Errorf("fired: %s", diff)
		}
		if n := w.count("ran"); n != len(want) {
			t.Errorf("%d runs, want %d", n, len(want))
		}
	})
}

// TestJobJitter: a job begins later than it is due, each time by another, always the same while.
func TestJobJitter(t *testing.T) {
	t.Parallel()
	var times [2][]time.Duration
	for i := range times {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.start(t.TempDir(), engine.Options{Poll: seldom}, map[string]string{"p": job("0 * * * *", ", jitter: 30m")})
			time.Sleep(7 * time.Hour)
			events, err := w.store.Events(t.Context(), store.EventQuery{Key: "job.p"})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				times[i] = append(times[i], e.Time.Sub(e.Time.Truncate(time.Hour)).Round(time.Second))
			}
		})
	}
	if diff := cmp.Diff(times[0], times[1]); diff != "" {
		t.Errorf("two servers differ: %s", diff)
	}
	seen := map[time.Duration]bool{}
	for _, late := range times[0] {
		seen[late] = true
		if late > 30*time.Minute+time.Second {
			t.Errorf("%s late", late)
		}
	}
	if len(times[0]) < 6 || len(seen) < 5 {
		t.Errorf("fired %v late", times[0])
	}
}

// TestJobInCluster runs many jobs in two engines over one store: each time is fired once, and each has one run.
func TestJobInCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		files := map[string]string{}
		const jobs, minutes = 20, 30
		for i := range jobs {
			files[fmt.Sprintf("p%d", i)] = "pipeline:\n  - job: EVERY_1_MIN\n  - test.effect: \"${context.pipeline} ${event.payload.due}\"\n"
		}
		w.start(t.TempDir(), engine.Options{Poll: seldom}, files)
		w.another(engine.Options{Poll: seldom}, files)
		time.Sleep(minutes*time.Minute + 30*time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.calls) != jobs*minutes {
			t.Errorf("%d times were fired, want %d", len(w.calls), jobs*minutes)
		}
		for what, n := range w.calls {
			if n != 1 {
				t.Errorf("%s: %d runs", what, n)
			}
		}
	})
}

func TestRunJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t.TempDir(), engine.Options{}, map[string]string{
		"p":    "body: 7\npipeline:\n  - job: \"@yearly\"\n  - set: \"${body} ${event.payload.manual}\"\n",
		"hear": "pipeline:\n  - event.listen: job.*\n  - test.step: heard\n",
	})
	id, err := w.engine.RunJob(t.Context(), "p", event.Event{Hops: 3, TraceID: "trace"})
	if err != nil {
		t.Fatal(err)
	}
	r := w.run(event.Event{ID: id}, "p", run.Done)
	if string(r.Body) != `"7 true"` {
		t.Errorf("the final body is %s", r.Body)
	}
	w.run(event.Event{ID: id}, "hear", run.Done)
	if _, err := w.engine.RunJob(t.Context(), "hear", event.Event{}); fault.CodeOf(err) != fault.JobUnknown {
		t.Errorf("a pipeline that is no job: %v", err)
	}
	if _, err := w.engine.RunJob(t.Context(), "p", event.Event{Hops: event.MaxHops}); fault.CodeOf(err) != fault.EventHops {
		t.Errorf("a circle: %v", err)
	}
}

package storetest

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// Benchmarks measures the hot paths. Rates of one second count; CPU is that of the whole process.
func Benchmarks(b *testing.B, open func(b *testing.B, dir string) store.Store) {
	for _, callers := range []int{1, 16, 64} {
		for _, dedupe := range []bool{false, true} {
			b.Run(fmt.Sprintf("Accept/callers=%d/dedupe=%v", callers, dedupe), func(b *testing.B) {
				benchmarkAccept(b, open(b, b.TempDir()), callers, dedupe)
			})
		}
	}
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("SaveFinished/callers=%d", callers), func(b *testing.B) {
			benchmarkSave(b, open(b, b.TempDir()), callers)
		})
	}
	b.Run("RunsOf", func(b *testing.B) { benchmarkRunsOf(b, open(b, b.TempDir())) })
}

func benchmarkAccept(b *testing.B, s store.Store, callers int, dedupe bool) {
	b.Helper()
	payload := kilobyte()
	concurrently(b, s, callers, func(i int64) error {
		e := newEvent("webhook.bench.accept", payload)
		d := event.Dedupe{}
		if dedupe {
			d = event.Dedupe{Scope: "bench", Key: strconv.FormatInt(i, 10), Until: e.Time.Add(time.Hour)}
		}
		_, err := s.Accept(b.Context(), e, d)
		return err
	})
}

func benchmarkSave(b *testing.B, s store.Store, callers int) {
	b.Helper()
	payload := kilobyte()
	concurrently(b, s, callers, func(i int64) error {
		r := finishedRun(strconv.FormatInt(i, 10), "ten-steps", payload)
		return s.Save(b.Context(), store.Change{Run: &r, Settle: r.EventID, At: r.Ended})
	})
}

func benchmarkRunsOf(b *testing.B, s store.Store) {
	b.Helper()
	defer s.Close()
	for _, pipeline := range []string{"a", "b", "c"} {
		r := finishedRun("event", pipeline, kilobyte())
		if err := s.Save(b.Context(), store.Change{Run: &r}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if runs, err := s.RunsOf(b.Context(), "event"); err != nil || len(runs) != 3 {
			b.Fatal(len(runs), err)
		}
	}
}

// concurrently shares the iterations among callers and reports rate and CPU time of one.
func concurrently(b *testing.B, s store.Store, callers int, do func(i int64) error) {
	b.Helper()
	defer s.Close()
	var done atomic.Int64
	var group sync.WaitGroup
	tokens := make(chan struct{})
	b.ReportAllocs()
	for range callers {
		group.Go(func() {
			for range tokens {
				if err := do(done.Add(1)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	used := cpu(b)
	for b.Loop() {
		tokens <- struct{}{}
	}
	close(tokens)
	group.Wait()
	b.ReportMetric(float64((cpu(b)-used).Nanoseconds())/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

func finishedRun(eventID, pipeline string, body []byte) run.Run {
	now := time.Now().UTC().Truncate(time.Microsecond)
	r := run.Run{
		EventID: eventID, EventKey: "webhook.bench.save", Pipeline: pipeline, Version: "0123456789abcdef",
		Status: run.Done, Attempt: 1, Identity: "anonymousUser", Started: now.Add(-time.Millisecond), Ended: now, Body: body,
	}
	for i := range 10 {
		r.Steps = append(r.Steps, run.Step{Index: i, Command: "http.request", Status: run.StepDone, Attempt: 1, Duration: time.Millisecond})
	}
	return r
}

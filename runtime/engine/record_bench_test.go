package engine_test

import (
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
)

// BenchmarkRecordedRun is a run of three steps with an effect in its middle and one of ten effects, with each setting of
// engine.record: what the journal carries is in it.
func BenchmarkRecordedRun(b *testing.B) {
	for name, text := range map[string]string{
		"three": "  - body.set: {value: {a: 1}}\n  - test.effect: x\n  - body.set: {value: 2}\n",
		"ten":   "  - foreach: {in: \"${1..10}\", as: n, do: [{test.effect: x}]}\n",
	} {
		for _, of := range []run.Recording{run.RecordNone, run.RecordFailures, run.RecordAll} {
			b.Run(name+"/"+string(of), func(b *testing.B) {
				w := newWorld(b)
				w.start(b.TempDir(), engine.Options{Record: of}, map[string]string{"lead": "pipeline:\n  - event.listen: lead\n" + text})
				b.ReportAllocs()
				for b.Loop() {
					e := event.New("lead", time.Now())
					if _, err := w.emitter.Emit(b.Context(), e, event.Dedupe{}); err != nil {
						b.Fatal(err)
					}
					for { // it takes a few syncs
						kept, err := w.store.Event(b.Context(), e.ID)
						if err != nil {
							b.Fatal(err)
						}
						if !kept.Settled.IsZero() {
							break
						}
						time.Sleep(50 * time.Microsecond)
					}
				}
			})
		}
	}
}

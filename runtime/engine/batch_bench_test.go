package engine_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
)

// BenchmarkMessages sends messages from many callers until all are settled, to a pipeline that takes them one by one and
// to one that takes a hundred at a time.
func BenchmarkMessages(b *testing.B) {
	for name, more := range map[string]string{"one by one": "", "batches of 100": ", maxBatchItems: 100"} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			w.start(b.TempDir(), engine.Options{}, map[string]string{"p": "pipeline:\n  - message.receive: {key: sales.#" + more + "}\n  - set: 1\n"})
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					e := event.New("sales.order", time.Now())
					e.Message, e.Payload = true, []byte(`{"number":`+strconv.Itoa(i)+`}`)
					if _, err := w.emitter.Emit(b.Context(), e, event.Dedupe{}); err != nil {
						b.Error(err)
						return
					}
				}
			})
			w.allSettled()
		})
	}
}

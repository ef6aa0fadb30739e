package engine_test

import (
	"testing"

	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
)

// BenchmarkCall is a run of three steps for one caller: kept, and beside it one that is not.
func BenchmarkCall(b *testing.B) {
	const text = "pipeline:\n  - set: {value: 1}\n  - set: \"${body + 1}\"\n  - set: \"${body + 1}\"\n"
	w := newWorld(b)
	w.start(b.TempDir(), engine.Options{}, map[string]string{"p": text})
	plan, err := pipeline.LoadForm(pipeline.FormYAML, "adhoc", []byte(text), w.deps)
	if err != nil {
		b.Fatal(err)
	}
	call := engine.Call{Identity: iam.Anonymous}
	b.Run("kept", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if out, _, err := w.engine.Call(b.Context(), "p", call); err != nil || out.Body != 3 {
				b.Fatal(out.Body, err)
			}
		}
	})
	b.Run("not kept", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if out, err := w.engine.CallPlan(b.Context(), plan, call); err != nil || out.Body != 3 {
				b.Fatal(out.Body, err)
			}
		}
	})
}

package verify_test

import (
	"testing"

	"github.com/penstock/penstock/ingress/verify"
)

// BenchmarkLoad: what every start of the program pays for the presets.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := verify.Load(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPresets: the cost of accepting, one request of each preset.
func BenchmarkPresets(b *testing.B) {
	for _, v := range load(b).Accepting() {
		b.Run(v.Preset, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verifier.Verify(v.Request, v.Now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

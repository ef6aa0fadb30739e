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
	p := load(b)
	for _, v := range p.Accepting() {
		verifier, err := p.Compile(v.Settings, v.Material)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(v.Preset, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verifier.Verify(v.Request, v.Now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package configs_test

import (
	"testing"

	"github.com/penstock/penstock/configs"
)

// BenchmarkLoad is a part of the time that every invocation of pi begins with.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := configs.Load(configs.Sources{}); err != nil {
			b.Fatal(err)
		}
	}
}

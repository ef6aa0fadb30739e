package sqlite_test

import (
	"testing"

	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/sqlite"
	"github.com/penstock/penstock/runtime/store/storetest"
)

func Benchmark(b *testing.B) {
	storetest.Benchmarks(b, func(b *testing.B, dir string) store.Store {
		s, err := sqlite.Open(b.Context(), sqlite.Options{Dir: dir, Reserve: -1})
		if err != nil {
			b.Fatal(err)
		}
		return s
	})
}

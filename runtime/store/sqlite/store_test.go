package sqlite_test

import (
	"testing"

	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/sqlite"
	"github.com/penstock/penstock/runtime/store/storetest"
)

func open(t *testing.T, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, dir string) store.Store { return open(t, sqlite.Options{Dir: dir}) })
}

package memory_test

import (
	"testing"

	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/memory"
	"github.com/penstock/penstock/runtime/store/storetest"
)

func TestProperties(t *testing.T) {
	t.Parallel()
	storetest.Properties(t, func(*testing.T) store.Properties { return &memory.Properties{} })
}

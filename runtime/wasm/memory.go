package wasm

import (
	"context"

	"github.com/tetratelabs/wazero/experimental"
)

// withMemory makes the engine take the memory of guests from the system instead of Go's heap: growing then copies
// nothing (copying holds up the collector), what a guest does not touch costs nothing, and the memory goes back the moment an
// instance is closed. Nobody may keep a view of a guest's memory beyond a host function.
func withMemory(ctx context.Context) context.Context {
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, most uint64) experimental.LinearMemory {
		return reserve(most)
	}))
}

// heapMemory is for systems where nothing can be reserved.
type heapMemory struct{ data []byte }

func (m *heapMemory) Reallocate(size uint64) []byte {
	if n := uint64(len(m.data)); size > n {
		m.data = append(m.data, make([]byte, size-n)...)
	}
	return m.data[:size]
}

func (m *heapMemory) Free() { m.data = nil }

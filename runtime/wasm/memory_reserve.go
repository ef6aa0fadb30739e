//go:build linux || darwin

package wasm

import (
	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sys/unix"
)

// reservedMemory is address space for the most that a guest may have; the system fills pages in as they are
// touched.
type reservedMemory struct{ data []byte }

func reserve(most uint64) experimental.LinearMemory {
	if most == 0 {
		return &heapMemory{}
	}
	data, err := unix.Mmap(-1, 0, int(most), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return &heapMemory{}
	}
	return &reservedMemory{data: data}
}

// Reallocate gives the first size bytes. They do not move.
func (m *reservedMemory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.data)) {
		return nil
	}
	return m.data[:size:size]
}

// Free gives the memory back. There is nothing to do about a failure: the range is ours.
func (m *reservedMemory) Free() {
	if m.data != nil {
		_ = unix.Munmap(m.data)
		m.data = nil
	}
}

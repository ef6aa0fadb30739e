//go:build !linux && !darwin

package wasm

import "github.com/tetratelabs/wazero/experimental"

func reserve(uint64) experimental.LinearMemory { return &heapMemory{} }

package guest

import "github.com/penstock/penstock/runtime/wasm/module"

// Op gives operations as they are.
func Op(b ...byte) []byte { return b }

// Const appends i32.const v to dst.
func Const(v int32, dst ...byte) []byte { return module.AppendS32(append(dst, 0x41), v) }

// Call calls a function.
func Call(function uint32) []byte { return module.AppendU32([]byte{0x10}, function) }

// LocalGet, LocalSet, GlobalGet and GlobalSet read and write.
func LocalGet(i uint32) []byte  { return module.AppendU32([]byte{0x20}, i) }
func LocalSet(i uint32) []byte  { return module.AppendU32([]byte{0x21}, i) }
func GlobalGet(i uint32) []byte { return module.AppendU32([]byte{0x23}, i) }
func GlobalSet(i uint32) []byte { return module.AppendU32([]byte{0x24}, i) }

// Forever repeats code without end.
func Forever(code ...[]byte) []byte {
	b := []byte{0x03, 0x40} // loop
	for _, c := range code {
		b = append(b, c...)
	}
	return append(b, 0x0c, 0, 0x0b) // br 0, end
}

// Times repeats code n times; local counts and must be an i32.
func Times(n int32, local uint32, code ...[]byte) []byte {
	b := append(Const(n), LocalSet(local)...)
	b = append(b, 0x03, 0x40)
	for _, c := range code {
		b = append(b, c...)
	}
	b = append(append(b, LocalGet(local)...), Const(1)...)
	b = append(append(b, 0x6b, 0x22), module.AppendU32(nil, local)...) // sub, tee
	return append(b, 0x0d, 0, 0x0b)                                    // br_if 0, end
}

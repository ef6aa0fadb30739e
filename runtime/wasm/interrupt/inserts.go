package interrupt

import "github.com/penstock/penstock/runtime/wasm/module"

// helpers is the number of added functions: the safe point, the charge for a bulk operation, the look at
// a growth's result.
const helpers = 3

const (
	emptyBlock = 0x40
	i32        = byte(module.I32)
)

// helperTypes are () -> () and (i32) -> i32.
var helperTypes = []byte{0x60, 0, 0, 0x60, 1, i32, 1, i32} //nolint:gochecknoglobals // constant data

func functionTypes(first uint32) []byte {
	b := module.AppendU32(nil, first)
	b = module.AppendU32(b, first+1)
	return module.AppendU32(b, first+1)
}

func (r *rewriter) globals() []byte {
	var b []byte
	for _, start := range []int32{Reload, 0, 0} {
		b = append(b, i32, 1, opI32Const)
		b = append(module.AppendS32(b, start), opEnd)
	}
	return b
}

func (r *rewriter) exports() []byte {
	b := append(module.AppendName(nil, StopGlobal), byte(module.Global))
	b = module.AppendU32(b, r.stop())
	b = append(module.AppendName(b, RefusedGlobal), byte(module.Global))
	return module.AppendU32(b, r.refused())
}

func (r *rewriter) countdown() uint32 { return r.firstGlobal }
func (r *rewriter) stop() uint32      { return r.firstGlobal + 1 }
func (r *rewriter) refused() uint32   { return r.firstGlobal + 2 }

// appendTick: countdown -= weight; if countdown < 0 { safepoint() }.
func (r *rewriter) appendTick(b []byte, weight int32) []byte {
	b = module.AppendU32(append(b, opGlobalGet), r.countdown())
	b = append(module.AppendS32(append(b, opI32Const), weight), opI32Sub)
	b = module.AppendU32(append(b, opLocalTee), r.scratch)
	b = module.AppendU32(append(b, opGlobalSet), r.countdown())
	b = module.AppendU32(append(b, opLocalGet), r.scratch)
	b = append(b, opI32Const, 0, opI32LtS, opIf, emptyBlock, opCall)
	return append(module.AppendU32(b, r.firstHelper), opEnd)
}

// appendCheck: if countdown < 0 { safepoint() }.
func (r *rewriter) appendCheck(b []byte) []byte {
	b = module.AppendU32(append(b, opGlobalGet), r.countdown())
	b = append(b, opI32Const, 0, opI32LtS, opIf, emptyBlock, opCall)
	return append(module.AppendU32(b, r.firstHelper), opEnd)
}

func (r *rewriter) appendHelpers(out []byte) []byte {
	for _, body := range [][]byte{r.safepoint(), r.charge(), r.grown()} {
		out = append(module.AppendU32(out, uint32(len(body))), body...)
	}
	return out
}

// safepoint: countdown = Reload; memory.grow(0); if stop { unreachable }. Growing by nothing is the one plain
// operation that always leaves compiled code for the host's, where the collector and the scheduler get their turn.
func (r *rewriter) safepoint() []byte {
	b := append(module.AppendS32([]byte{0, opI32Const}, Reload), opGlobalSet)
	b = module.AppendU32(b, r.countdown())
	b = append(b, opI32Const, 0, opMemoryGrow, 0, opDrop, opGlobalGet)
	b = module.AppendU32(b, r.stop())
	return append(b, opIf, emptyBlock, opUnreachable, opEnd, opEnd)
}

// charge(n): countdown -= n / bytesPerCount + 1; check; return n.
func (r *rewriter) charge() []byte {
	b := module.AppendU32([]byte{0, opGlobalGet}, r.countdown())
	b = append(b, opLocalGet, 0, opI32Const, bytesPerCountLog, opI32ShrU, opI32Sub, opI32Const, 1, opI32Sub)
	b = module.AppendU32(append(b, opGlobalSet), r.countdown())
	return append(r.appendCheck(b), opLocalGet, 0, opEnd)
}

// grown(result): if result == -1 { refused = 1 }; return result.
func (r *rewriter) grown() []byte {
	b := []byte{0, opLocalGet, 0, opI32Const, 0x7f, opI32Eq, opIf, emptyBlock, opI32Const, 1, opGlobalSet}
	b = module.AppendU32(b, r.refused())
	return append(b, opEnd, opLocalGet, 0, opEnd)
}

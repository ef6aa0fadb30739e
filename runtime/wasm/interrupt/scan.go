package interrupt

import (
	"github.com/penstock/penstock/runtime/wasm/module"
)

// The operations that the rewriter looks at.
const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelectTyped  = 0x1c
	opLocalGet     = 0x20
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableGet     = 0x25
	opTableSet     = 0x26
	opLoad         = 0x28 // the first operation with a memory argument
	opStore        = 0x3e // the last one
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI32Eqz       = 0x45 // the first of the operations without an immediate
	opI32LtS       = 0x48
	opI32Eq        = 0x46
	opI32Sub       = 0x6b
	opI32ShrU      = 0x76
	opI64Extend32S = 0xc4 // the last of them
	opRefNull      = 0xd0
	opRefIsNull    = 0xd1
	opRefFunc      = 0xd2
	opPrefixMisc   = 0xfc
	opPrefixVector = 0xfd
)

// place is where something is inserted: behind the instruction that ends at pos, or, for bulk, before the
// one that begins there.
type place struct {
	pos    int
	kind   kind
	weight int32
}

type kind byte

const (
	tick  kind = iota // count down by weight
	bulk              // count down by the length on the stack
	grown             // look at the result of memory.grow
)

// bytesPerCount is how much code or memory one count stands for.
const (
	bytesPerCountLog = 9
	bytesPerCount    = 1 << bytesPerCountLog
)

func weightOf(bytes int) int32 { return int32(1 + bytes/bytesPerCount) }

// spaces are the sizes of the module's index spaces.
type spaces struct {
	types, functions, tables, globals, locals int
}

// scanner walks the instructions of one function and collects the places.
type scanner struct {
	r      *module.Reader
	s      spaces
	open   []int // for each open block the index of its tick in places, -1 for one that is no loop
	places []place
	blocks int // begun in this function
	edges  int // targets of branches in this function
	// plain holds while nothing but simple operations came since the function's entry: a loop head found then,
	// soon enough, runs at every entry, and its tick serves for both. Functions compiled by Go begin so.
	plain bool
}

// scan reads the code of one function. It fails with module.ErrMalformed where an engine would refuse the
// code for its form, and with ErrUnsupported for operations that it does not know.
func (s *scanner) scan(c module.Code) error {
	s.r = module.NewReader(c.Instr, c.Offset)
	s.open = append(s.open[:0], -1)
	s.places = append(s.places[:0], place{kind: tick, weight: weightOf(len(c.Instr))})
	s.plain = true
	s.blocks, s.edges = 1, 0
	for len(s.open) > 0 && s.r.Err() == nil {
		if err := s.operation(); err != nil {
			return err
		}
	}
	if s.r.Err() == nil && s.r.Len() > 0 {
		s.r.Fail("code behind the end of a function")
	}
	return s.r.Err()
}

// work estimates what compiling the function takes. The engine's time and memory grow with the product of blocks and of
// values that may be alive in them: 30 kB of code can be made to take minutes and gigabytes.
func (s *scanner) work() int { return s.blocks*(s.blocks+2*s.s.locals) + 16*s.edges }

func (s *scanner) operation() error {
	start := s.r.Pos()
	op := s.r.Byte()
	switch {
	case op >= opI32Eqz && op <= opI64Extend32S, op == opUnreachable, op == 0x01, op == opDrop, op == 0x1b, op == opRefIsNull:
	case op >= opLocalGet && op <= opLocalTee:
		s.below(s.s.locals, "local")
	case op >= opLoad && op <= opStore:
		s.memoryArgument()
	case op == opI32Const:
		s.r.Signed(32)
	case op == opI64Const:
		s.r.Signed(64)
	case op == opF32Const:
		s.r.Bytes(4)
	case op == opF64Const:
		s.r.Bytes(8)
	case op == opGlobalGet, op == opGlobalSet:
		s.below(s.s.globals, "global")
	case op == opTableGet, op == opTableSet:
		s.below(s.s.tables, "table")
	case op == opMemorySize:
		s.zero()
	case op == opMemoryGrow:
		s.zero()
		s.plain = false
		s.places = append(s.places, place{pos: s.r.Pos(), kind: grown})
	case op == opRefNull:
		if t := s.r.Byte(); t != byte(module.FuncRef) && t != byte(module.ExternRef) {
			return s.unsupported("reference type")
		}
	case op == opRefFunc:
		s.below(s.s.functions, "function")
	case op == opSelectTyped:
		if s.r.Byte() != 1 {
			s.r.Fail("select with several types")
		}
		s.valueType()
	case op == opPrefixMisc:
		return s.misc(start)
	case op == opPrefixVector:
		return s.vector()
	default:
		return s.control(op, start)
	}
	return nil
}

// control reads the operations that change the flow.
func (s *scanner) control(op byte, start int) error {
	switch op {
	case opBlock, opLoop, opIf:
		s.blockType()
		s.blocks++
		if op != opLoop {
			s.open = append(s.open, -1)
			break
		}
		if s.plain && start <= bytesPerCount {
			s.places = s.places[:0]
		}
		s.open = append(s.open, len(s.places))
		s.places = append(s.places, place{pos: s.r.Pos(), kind: tick})
	case opElse:
	case opEnd:
		last := len(s.open) - 1
		if i := s.open[last]; i >= 0 {
			s.places[i].weight = weightOf(start - s.places[i].pos)
		}
		s.open = s.open[:last]
	case opBr, opBrIf:
		s.r.U32()
		s.edges++
	case opBrTable:
		n := s.r.Count("branches", 1<<20, 1)
		for range n {
			s.r.U32()
		}
		s.r.U32()
		s.edges += n + 1
	case opReturn:
	case opCall:
		s.below(s.s.functions, "function")
	case opCallIndirect:
		s.below(s.s.types, "type")
		s.below(s.s.tables, "table")
	default:
		return s.unsupported("operation")
	}
	s.plain = false
	return nil
}

// misc reads saturating conversions and bulk operations.
func (s *scanner) misc(start int) error {
	op := s.r.Byte()
	switch op {
	case 0, 1, 2, 3, 4, 5, 6, 7: // saturating conversions
		return nil
	case 8: // memory.init
		s.r.U32()
		s.zero()
	case 9, 13: // data.drop, elem.drop
		s.r.U32()
		return nil
	case 10: // memory.copy
		s.zero()
		s.zero()
	case 11: // memory.fill
		s.zero()
	case 12: // table.init
		s.r.U32()
		s.below(s.s.tables, "table")
	case 14: // table.copy
		s.below(s.s.tables, "table")
		s.below(s.s.tables, "table")
	case 15, 17: // table.grow, table.fill
		s.below(s.s.tables, "table")
	case 16: // table.size
		s.below(s.s.tables, "table")
		return nil
	default:
		return s.unsupported("operation")
	}
	s.plain = false
	s.places = append(s.places, place{pos: start, kind: bulk})
	return nil
}

// vector reads the 128-bit operations. Their numbers are LEB128; from 128 on the second byte is always 1.
func (s *scanner) vector() error {
	op := s.r.Byte()
	if op >= 0x80 && s.r.Byte() != 1 {
		return s.unsupported("vector operation")
	}
	switch {
	case op <= 11, op == 92, op == 93: // loads and stores
		s.memoryArgument()
	case op == 12, op == 13: // constant, shuffle
		s.r.Bytes(16)
	case op >= 21 && op <= 34: // lanes
		s.r.Byte()
	case op >= 84 && op <= 91: // loads and stores of lanes
		s.memoryArgument()
		s.r.Byte()
	}
	return nil
}

func (s *scanner) memoryArgument() {
	if s.r.U32() >= 32 {
		s.r.Fail("malformed alignment")
	}
	s.r.U32()
}

func (s *scanner) blockType() {
	if t := s.r.Signed(33); t >= 0 {
		if t >= int64(s.s.types) {
			s.r.Fail("unknown type index")
		}
	} else if t != -64 {
		s.checkValueType(byte(t & 0x7f))
	}
}

func (s *scanner) valueType() { s.checkValueType(s.r.Byte()) }

func (s *scanner) checkValueType(b byte) {
	switch module.ValueType(b) {
	case module.I32, module.I64, module.F32, module.F64, module.V128, module.FuncRef, module.ExternRef:
	default:
		s.r.Fail("unknown value type")
	}
}

// below reads an index into a space of n things.
func (s *scanner) below(n int, what string) {
	if i := s.r.U32(); int(i) >= n {
		s.r.Fail("unknown " + what + " index")
	}
}

func (s *scanner) zero() {
	if s.r.Byte() != 0 {
		s.r.Fail("reserved byte is not zero")
	}
}

func (s *scanner) unsupported(what string) error {
	if err := s.r.Err(); err != nil {
		return err
	}
	return &unsupportedError{what: what, offset: s.r.Offset()}
}

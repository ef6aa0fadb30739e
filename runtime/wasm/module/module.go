package module

import "slices"

// ValueType is the binary code of a value type.
type ValueType byte

// The value types of WebAssembly 2.0.
const (
	I32       ValueType = 0x7f
	I64       ValueType = 0x7e
	F32       ValueType = 0x7d
	F64       ValueType = 0x7c
	V128      ValueType = 0x7b
	FuncRef   ValueType = 0x70
	ExternRef ValueType = 0x6f
)

func (t ValueType) valid() bool { return t <= I32 && t >= V128 || t == FuncRef || t == ExternRef }

// String gives the type's name in the text format.
func (t ValueType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	default:
		return "unknown"
	}
}

// FuncType is the signature of a function.
type FuncType struct {
	Params  []ValueType
	Results []ValueType
}

// Equal reports whether both signatures are the same.
func (t FuncType) Equal(o FuncType) bool {
	return slices.Equal(t.Params, o.Params) && slices.Equal(t.Results, o.Results)
}

// String gives the signature as (i32, i32) -> i64.
func (t FuncType) String() string {
	text := "("
	for i, p := range t.Params {
		if i > 0 {
			text += ", "
		}
		text += p.String()
	}
	text += ")"
	for i, p := range t.Results {
		if i == 0 {
			text += " -> "
		} else {
			text += ", "
		}
		text += p.String()
	}
	return text
}

// Kind is what an import or export is.
type Kind byte

// The kinds.
const (
	Function Kind = 0
	Table    Kind = 1
	Memory   Kind = 2
	Global   Kind = 3
)

// String gives the kind's name.
func (k Kind) String() string {
	switch k {
	case Function:
		return "function"
	case Table:
		return "table"
	case Memory:
		return "memory"
	case Global:
		return "global"
	default:
		return "unknown"
	}
}

// Import is one import; Type is set for functions.
type Import struct {
	Module string
	Name   string
	Kind   Kind
	Type   FuncType
}

// Export is one export; Type is set for functions.
type Export struct {
	Name  string
	Kind  Kind
	Index uint32
	Type  FuncType
}

// Range is the size of a memory (pages) or a table (entries).
type Range struct {
	Min, Max uint32
	HasMax   bool
}

// TableType is a table that the module defines.
type TableType struct {
	Elem ValueType
	Range
}

// Code is the body of one function; the slices are views of the module.
type Code struct {
	Groups uint32 // groups of locals
	Locals uint32 // number of locals
	Decl   []byte // the groups
	Instr  []byte // the instructions, with the final end
	Offset int    // of Instr in the module
}

// Section is one section; Body is a view of the module. For a custom section Body begins behind its name.
type Section struct {
	ID   byte
	Name string
	Body []byte
}

// The section numbers that this package and its users speak of.
const (
	CustomSection    = 0
	TypeSection      = 1
	ImportSection    = 2
	FunctionSection  = 3
	TableSection     = 4
	MemorySection    = 5
	GlobalSection    = 6
	ExportSection    = 7
	StartSection     = 8
	ElementSection   = 9
	CodeSection      = 10
	DataSection      = 11
	DataCountSection = 12
)

// Module is a parsed module. It holds views of the bytes given to [Parse]; nobody may change either.
type Module struct {
	Size      int
	Sections  []Section
	Types     []FuncType
	Imports   []Import
	Functions []uint32 // type index of each defined function
	Tables    []TableType
	Memories  []Range
	Globals   int // defined here
	Exports   []Export
	HasStart  bool
	Start     uint32 // function index, when HasStart is set
	Code      []Code
}

// Imported counts the imports of one kind; they come first in the index space of that kind.
func (m *Module) Imported(k Kind) int {
	n := 0
	for i := range m.Imports {
		if m.Imports[i].Kind == k {
			n++
		}
	}
	return n
}

// Export finds an export by name.
func (m *Module) Export(name string) (Export, bool) {
	for _, e := range m.Exports {
		if e.Name == name {
			return e, true
		}
	}
	return Export{}, false
}

// Custom gives the body of the only custom section called name. Two of them count as none: the one who
// added the second must not choose which is read.
func (m *Module) Custom(name string) ([]byte, bool) {
	var body []byte
	found := 0
	for _, s := range m.Sections {
		if s.ID == CustomSection && s.Name == name {
			body = s.Body
			found++
		}
	}
	return body, found == 1
}

package interrupt

import (
	"errors"
	"fmt"
	"slices"

	"github.com/penstock/penstock/runtime/wasm/module"
)

// ErrUnsupported says that the module uses operations that the rewriter does not know. It may still be a valid
// module, to be run under the engine's own, slower way of interrupting.
var ErrUnsupported = errors.New("module cannot be made interruptible")

// ErrMemory says that the module begins with more memory or larger tables than it may ever have.
var ErrMemory = errors.New("module begins with more than its limit")

// The globals that [Rewrite] exports, both mutable i32.
const (
	StopGlobal    = "pcmd.stop"    // set to 1 by the host: the guest traps at its next safe point
	RefusedGlobal = "pcmd.refused" // set to 1 by the guest when its memory could not grow
)

// StartExport is the name under which the module's start function is exported instead of being run by the engine
// before anybody could stop it. It is there only when the module has one.
const StartExport = "pcmd.start"

// Reload is the number of counts between two safe points.
const Reload = 10_000

// The most [scanner.work] of one function and of all. A Go guest of 4 MB has 0.7 million in its largest function and
// 11 million together, one of 15 MB (TLS, HTTP, templates) 1 and 36 million. A million takes the engine up to a second.
const (
	maxWork      = 12_000_000
	maxTotalWork = 64_000_000
)

// Bounds are the maxima written into the module.
type Bounds struct {
	MemoryPages  uint32
	TableEntries uint32
}

type unsupportedError struct {
	what   string
	offset int
}

func (e *unsupportedError) Error() string {
	return fmt.Sprintf("%v: %s at offset %#x", ErrUnsupported, e.what, e.offset)
}

func (e *unsupportedError) Unwrap() error { return ErrUnsupported }

// Bound returns the module with the maxima written in and without custom sections except the names of
// its functions. Its code is not looked at.
func Bound(m *module.Module, b Bounds) ([]byte, error) {
	sections, err := bounded(m, b)
	if err != nil {
		return nil, err
	}
	return module.Encode(sections), nil
}

// Rewrite returns the module with everything that [Bound] does, and interruptible. It needs a memory that the module
// defines itself. A module that is not valid may come out as one that is not valid either; one that is valid
// does the same as before.
func Rewrite(m *module.Module, b Bounds) ([]byte, error) {
	if len(m.Memories) == 0 {
		return nil, fmt.Errorf("%w: it has no memory of its own", ErrUnsupported)
	}
	sections, err := bounded(m, b)
	if err != nil {
		return nil, err
	}
	r := rewriter{m: m, imported: m.Imported(module.Function)}
	r.firstGlobal = uint32(m.Imported(module.Global) + m.Globals)
	r.firstHelper = uint32(r.imported + len(m.Functions))
	code, err := r.code()
	if err != nil {
		return nil, err
	}
	first := len(m.Types)
	sections = extend(sections, module.TypeSection, 2, helperTypes)
	sections = extend(sections, module.FunctionSection, helpers, functionTypes(uint32(first)))
	sections = extend(sections, module.GlobalSection, 3, r.globals())
	sections = extend(sections, module.ExportSection, 2, r.exports())
	return module.Encode(replace(sections, module.Section{ID: module.CodeSection, Body: code})), nil
}

// extend appends n items to a section that is a vector; the section is made when it is missing.
func extend(sections []module.Section, id byte, n int, items []byte) []module.Section {
	var old []byte
	for _, s := range sections {
		if s.ID == id {
			old = s.Body
		}
	}
	count := uint32(0)
	if old != nil {
		r := module.NewReader(old, 0)
		count = r.U32()
		old = old[r.Pos():]
	}
	body := module.AppendU32(make([]byte, 0, len(old)+len(items)+5), count+uint32(n))
	return replace(sections, module.Section{ID: id, Body: append(append(body, old...), items...)})
}

// replace puts a section in the place of the one with its number, or where it belongs in the order. The
// numbers rise in a file, but for the data count, which stands before the code.
func replace(sections []module.Section, s module.Section) []module.Section {
	rank := func(id byte) int {
		if id == module.DataCountSection {
			return 2*module.CodeSection - 1
		}
		return 2 * int(id)
	}
	for i := range sections {
		if sections[i].ID == module.CustomSection {
			continue
		}
		if sections[i].ID == s.ID {
			sections[i] = s
			return sections
		}
		if rank(sections[i].ID) > rank(s.ID) {
			return slices.Insert(sections, i, s)
		}
	}
	// Custom sections that are kept stand at the end; order does not matter to them.
	return append(sections, s)
}

// rewriter holds the numbers of what is added.
type rewriter struct {
	m           *module.Module
	imported    int    // functions
	firstGlobal uint32 // countdown, stop, refused
	firstHelper uint32 // safepoint, charge, grown
	scratch     uint32 // the local that the function at hand got
}

func (r *rewriter) code() ([]byte, error) {
	s := scanner{s: spaces{
		types:     len(r.m.Types),
		functions: int(r.firstHelper),
		tables:    r.m.Imported(module.Table) + len(r.m.Tables),
		globals:   int(r.firstGlobal),
	}}
	size := 0
	for _, c := range r.m.Code {
		size += len(c.Instr) + len(c.Decl) + 64
	}
	out := make([]byte, 0, size+size/4+256)
	out = module.AppendU32(out, uint32(len(r.m.Code)+helpers))
	var body []byte
	total := 0
	for i, c := range r.m.Code {
		s.s.locals = len(r.m.Types[r.m.Functions[i]].Params) + int(c.Locals)
		if err := s.scan(c); err != nil {
			return nil, err
		}
		work := s.work()
		if total += work; work > maxWork || total > maxTotalWork {
			return nil, fmt.Errorf("%w: the control flow of the function at offset %#x, or of all together, is too tangled to compile", module.ErrTooLarge, c.Offset)
		}
		r.scratch = uint32(s.s.locals)
		body = r.function(body[:0], c, s.places)
		out = append(module.AppendU32(out, uint32(len(body))), body...)
	}
	return r.appendHelpers(out), nil
}

// function writes the body of one function with everything inserted. The scanner gives places by position.
func (r *rewriter) function(dst []byte, c module.Code, places []place) []byte {
	dst = append(module.AppendU32(dst, c.Groups+1), c.Decl...)
	dst = append(dst, 1, i32)
	done := 0
	for _, p := range places {
		dst = append(dst, c.Instr[done:p.pos]...)
		done = p.pos
		switch p.kind {
		case tick:
			dst = r.appendTick(dst, p.weight)
		case bulk:
			dst = module.AppendU32(append(dst, opCall), r.firstHelper+1)
		case grown:
			dst = module.AppendU32(append(dst, opCall), r.firstHelper+2)
		}
	}
	return append(dst, c.Instr[done:]...)
}

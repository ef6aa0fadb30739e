package module

import "strconv"

// parser holds what sections need to know of each other.
type parser struct {
	m      *Module
	limits Limits
	codes  int // bodies in the code section
	tables int // entries that all tables begin with
}

// order of the sections; a custom section may stand anywhere.
var order = [...]int{ //nolint:gochecknoglobals // constant data
	TypeSection: 1, ImportSection: 2, FunctionSection: 3, TableSection: 4, MemorySection: 5,
	GlobalSection: 6, ExportSection: 7, StartSection: 8, ElementSection: 9, DataCountSection: 10, CodeSection: 11, DataSection: 12,
}

// Parse checks and reads a module. The result holds views of data. Errors wrap [ErrMalformed] or [ErrTooLarge].
func Parse(data []byte, limits Limits) (*Module, error) {
	r := NewReader(data, 0)
	if len(data) > limits.Size {
		r.tooLarge("bytes", uint64(len(data)), limits.Size)
		return nil, r.err
	}
	if string(r.Bytes(uint32(len(Header)))) != Header {
		r.Fail("not a core module of version 1")
		return nil, r.err
	}
	p := &parser{m: &Module{Size: len(data)}, limits: limits}
	for last := 0; r.Len() > 0; {
		id := r.Byte()
		body := r.Bytes(r.U32())
		if r.err != nil {
			return nil, r.err
		}
		if len(p.m.Sections) >= maxSections {
			r.tooLarge("sections", uint64(len(p.m.Sections)+1), maxSections)
			return nil, r.err
		}
		s := NewReader(body, r.pos-len(body))
		if id != CustomSection {
			if int(id) >= len(order) {
				r.Fail("section " + strconv.Itoa(int(id)) + " is not supported")
				return nil, r.err
			}
			if order[id] <= last {
				r.Fail("sections out of order")
				return nil, r.err
			}
			last = order[id]
		}
		section := p.section(id, s, body)
		s.end("a section")
		if s.err != nil {
			return nil, s.err
		}
		p.m.Sections = append(p.m.Sections, section)
	}
	if r.err == nil && p.codes != len(p.m.Functions) {
		r.Fail("functions and their code differ in number")
	}
	if r.err == nil {
		p.checkExports(r)
	}
	if r.err != nil {
		return nil, r.err
	}
	return p.m, nil
}

const maxSections = 256

func (p *parser) section(id byte, r *Reader, body []byte) Section {
	s := Section{ID: id, Body: body}
	switch id {
	case CustomSection:
		s.Name = r.Name(p.limits.NameLength)
		s.Body = r.Bytes(uint32(r.Len()))
	case TypeSection:
		p.types(r)
	case ImportSection:
		p.imports(r)
	case FunctionSection:
		for range r.Count("functions", p.limits.Functions, 1) {
			p.m.Functions = append(p.m.Functions, p.typeIndex(r))
		}
	case TableSection:
		for range r.Count("tables", p.limits.Tables, 3) {
			p.m.Tables = append(p.m.Tables, p.table(r))
		}
	case MemorySection:
		for range r.Count("memories", 1, 2) {
			p.m.Memories = append(p.m.Memories, p.memory(r))
		}
	case GlobalSection:
		for range r.Count("globals", p.limits.Globals, 4) {
			globalType(r)
			p.constExpr(r)
			p.m.Globals++
		}
	case ExportSection:
		p.exports(r)
	case StartSection:
		p.m.HasStart = true
		p.m.Start = p.index(r, Function)
	case ElementSection:
		for range r.Count("element segments", p.limits.Segments, 3) {
			p.element(r)
		}
	case DataCountSection:
		r.U32()
	case CodeSection:
		p.code(r)
	case DataSection:
		for range r.Count("data segments", p.limits.Segments, 2) {
			p.data(r)
		}
	}
	return s
}

func (p *parser) types(r *Reader) {
	for range r.Count("types", p.limits.Types, 3) {
		if r.Byte() != 0x60 {
			r.Fail("a type is not a function type")
			return
		}
		p.m.Types = append(p.m.Types, FuncType{Params: p.valueTypes(r), Results: p.valueTypes(r)})
	}
}

func (p *parser) valueTypes(r *Reader) []ValueType {
	n := r.Count("values in a type", p.limits.Arity, 1)
	list := make([]ValueType, n)
	for i := range list {
		list[i] = valueType(r)
	}
	return list
}

func valueType(r *Reader) ValueType {
	t := ValueType(r.Byte())
	if !t.valid() {
		r.Fail("unknown value type")
	}
	return t
}

func refType(r *Reader) ValueType {
	t := valueType(r)
	if t != FuncRef && t != ExternRef {
		r.Fail("not a reference type")
	}
	return t
}

func globalType(r *Reader) {
	valueType(r)
	if r.Byte() > 1 {
		r.Fail("malformed mutability")
	}
}

func (p *parser) typeIndex(r *Reader) uint32 {
	i := r.U32()
	if int(i) >= len(p.m.Types) {
		r.Fail("unknown type index")
		return 0
	}
	return i
}

// index reads an index of a function, table, memory or global that is known at this point.
func (p *parser) index(r *Reader, k Kind) uint32 {
	i := r.U32()
	if int(i) >= p.total(k) {
		r.Fail("unknown " + k.String() + " index")
		return 0
	}
	return i
}

func (p *parser) total(k Kind) int {
	n := p.m.Imported(k)
	switch k {
	case Function:
		n += len(p.m.Functions)
	case Table:
		n += len(p.m.Tables)
	case Memory:
		n += len(p.m.Memories)
	case Global:
		n += p.m.Globals
	}
	return n
}

func (p *parser) imports(r *Reader) {
	for range r.Count("imports", p.limits.Imports, 4) {
		i := Import{Module: r.Name(p.limits.NameLength), Name: r.Name(p.limits.NameLength), Kind: Kind(r.Byte())}
		switch i.Kind {
		case Function:
			if index := p.typeIndex(r); r.err == nil {
				i.Type = p.m.Types[index]
			}
		case Table:
			p.table(r)
		case Memory:
			p.memory(r)
		case Global:
			globalType(r)
		default:
			r.Fail("unknown kind of import")
		}
		p.m.Imports = append(p.m.Imports, i)
	}
}

func (p *parser) table(r *Reader) TableType {
	t := TableType{Elem: refType(r), Range: limitsRange(r)}
	if p.tables += int(t.Min); p.tables > p.limits.TableSize {
		r.tooLarge("table entries", uint64(p.tables), p.limits.TableSize)
	}
	return t
}

func (p *parser) memory(r *Reader) Range {
	m := limitsRange(r)
	if int(m.Min) > p.limits.MemoryPages {
		r.tooLarge("pages of memory", uint64(m.Min), p.limits.MemoryPages)
	}
	if m.HasMax && m.Max > maxPages {
		r.Fail("memory beyond 4 GiB")
	}
	return m
}

const maxPages = 65_536

func limitsRange(r *Reader) Range {
	flag := r.Byte()
	if flag > 1 {
		r.Fail("shared or 64-bit sizes are not supported")
		return Range{}
	}
	s := Range{Min: r.U32(), HasMax: flag == 1}
	if s.HasMax {
		if s.Max = r.U32(); s.Max < s.Min {
			r.Fail("maximum below minimum")
		}
	}
	return s
}

func (p *parser) exports(r *Reader) {
	seen := map[string]bool{}
	for range r.Count("exports", p.limits.Exports, 3) {
		e := Export{Name: r.Name(p.limits.NameLength), Kind: Kind(r.Byte())}
		if e.Kind > Global {
			r.Fail("unknown kind of export")
			return
		}
		e.Index = p.index(r, e.Kind)
		if seen[e.Name] {
			r.Fail("an export name occurs twice")
		}
		seen[e.Name] = true
		p.m.Exports = append(p.m.Exports, e)
	}
}

// checkExports resolves the types of exported functions and checks that of the start function.
func (p *parser) checkExports(r *Reader) {
	var imported []FuncType
	for _, i := range p.m.Imports {
		if i.Kind == Function {
			imported = append(imported, i.Type)
		}
	}
	typeOf := func(index uint32) FuncType { // the indices were checked when they were read
		if n := int(index); n < len(imported) {
			return imported[n]
		}
		return p.m.Types[p.m.Functions[int(index)-len(imported)]]
	}
	for i := range p.m.Exports {
		if e := &p.m.Exports[i]; e.Kind == Function {
			e.Type = typeOf(e.Index)
		}
	}
	if p.m.HasStart && !typeOf(p.m.Start).Equal(FuncType{}) {
		r.Fail("the start function has parameters or results")
	}
}

package guest

import (
	"slices"

	"github.com/penstock/penstock/runtime/wasm/module"
)

// The value types, short.
const (
	I32 = module.I32
	I64 = module.I64
)

// Builder assembles a module. It checks nothing: wrong modules are what it is for. The zero Builder is empty;
// imports come before functions.
type Builder struct {
	types, imports, functions, tables, memories, globals, exports, elements, code, data vector
	customs                                                                             []module.Section
	start                                                                               []byte
	importedFunctions                                                                   uint32
	known                                                                               map[string]uint32 // types
}

type vector struct {
	n     uint32
	items []byte
}

func (v *vector) add(item []byte) uint32 {
	v.items = append(v.items, item...)
	v.n++
	return v.n - 1
}

func (v *vector) body() []byte { return append(module.AppendU32(nil, v.n), v.items...) }

// Type adds a signature, once.
func (b *Builder) Type(params, results []module.ValueType) uint32 {
	item := []byte{0x60}
	for _, list := range [][]module.ValueType{params, results} {
		item = module.AppendU32(item, uint32(len(list)))
		for _, t := range list {
			item = append(item, byte(t))
		}
	}
	if i, known := b.known[string(item)]; known {
		return i
	}
	if b.known == nil {
		b.known = map[string]uint32{}
	}
	i := b.types.add(item)
	b.known[string(item)] = i
	return i
}

// Import adds an imported function and gives its index.
func (b *Builder) Import(mod, name string, params, results []module.ValueType) uint32 {
	item := append(module.AppendName(module.AppendName(nil, mod), name), byte(module.Function))
	b.imports.add(module.AppendU32(item, b.Type(params, results)))
	b.importedFunctions++
	return b.importedFunctions - 1
}

// ImportRaw adds an import of any kind by its binary description.
func (b *Builder) ImportRaw(mod, name string, description ...byte) {
	b.imports.add(append(module.AppendName(module.AppendName(nil, mod), name), description...))
}

// Func adds a function and gives its index; the final end is added to code.
func (b *Builder) Func(params, results, locals []module.ValueType, code ...[]byte) uint32 {
	b.functions.add(module.AppendU32(nil, b.Type(params, results)))
	body := module.AppendU32(nil, uint32(len(locals)))
	for _, t := range locals {
		body = append(body, 1, byte(t))
	}
	return b.importedFunctions + b.RawCode(append(slices.Concat(append([][]byte{body}, code...)...), 0x0b))
}

// RawCode adds a body as it is, without a function that owns it.
func (b *Builder) RawCode(body []byte) uint32 {
	return b.code.add(append(module.AppendU32(nil, uint32(len(body))), body...))
}

// Memory adds a memory; most below least means without a maximum.
func (b *Builder) Memory(least, most uint32) {
	if most < least {
		b.memories.add(module.AppendU32([]byte{0}, least))
		return
	}
	b.memories.add(module.AppendU32(module.AppendU32([]byte{1}, least), most))
}

// Table adds a table of functions without a maximum.
func (b *Builder) Table(least uint32) {
	b.tables.add(module.AppendU32([]byte{byte(module.FuncRef), 0}, least))
}

// Element puts functions into table 0 from offset 0 on.
func (b *Builder) Element(functions ...uint32) {
	item := []byte{0, 0x41, 0, 0x0b}
	item = module.AppendU32(item, uint32(len(functions)))
	for _, f := range functions {
		item = module.AppendU32(item, f)
	}
	b.elements.add(item)
}

// Global adds a mutable i32 and gives its index.
func (b *Builder) Global(v int32) uint32 {
	return b.globals.add(append(Const(v, byte(module.I32), 1), 0x0b))
}

// Export exports something.
func (b *Builder) Export(name string, k module.Kind, index uint32) {
	b.exports.add(module.AppendU32(append(module.AppendName(nil, name), byte(k)), index))
}

// Data puts bytes into memory 0.
func (b *Builder) Data(offset int32, data []byte) {
	item := append(Const(offset, 0), 0x0b)
	b.data.add(append(module.AppendU32(item, uint32(len(data))), data...))
}

// Start names the start function.
func (b *Builder) Start(function uint32) { b.start = module.AppendU32(nil, function) }

// Custom adds a custom section behind all others.
func (b *Builder) Custom(name string, body []byte) {
	b.customs = append(b.customs, module.Section{Name: name, Body: body})
}

// Bytes gives the module.
func (b *Builder) Bytes() []byte {
	var sections []module.Section
	for _, s := range []struct {
		id byte
		v  *vector
	}{
		{module.TypeSection, &b.types},
		{module.ImportSection, &b.imports},
		{module.FunctionSection, &b.functions},
		{module.TableSection, &b.tables},
		{module.MemorySection, &b.memories},
		{module.GlobalSection, &b.globals},
		{module.ExportSection, &b.exports},
		{module.StartSection, nil},
		{module.ElementSection, &b.elements},
		{module.CodeSection, &b.code},
		{module.DataSection, &b.data},
	} {
		switch {
		case s.v == nil && b.start != nil:
			sections = append(sections, module.Section{ID: s.id, Body: b.start})
		case s.v != nil && s.v.n > 0:
			sections = append(sections, module.Section{ID: s.id, Body: s.v.body()})
		}
	}
	return module.Encode(append(sections, b.customs...))
}

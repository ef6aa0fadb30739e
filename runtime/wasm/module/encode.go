package module

import "encoding/binary"

// Header begins every core module, version 1.
const Header = "\x00asm\x01\x00\x00\x00"

// AppendU32 appends v in unsigned LEB128.
func AppendU32(dst []byte, v uint32) []byte { return binary.AppendUvarint(dst, uint64(v)) }

// AppendS32 appends v in signed LEB128.
func AppendS32(dst []byte, v int32) []byte {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(dst, b)
		}
		dst = append(dst, b|0x80)
	}
}

// AppendName appends a text with its length.
func AppendName(dst []byte, s string) []byte { return append(AppendU32(dst, uint32(len(s))), s...) }

// AppendSection appends a section; name is used for custom sections only.
func AppendSection(dst []byte, s Section) []byte {
	dst = append(dst, s.ID)
	if s.ID != CustomSection {
		return append(AppendU32(dst, uint32(len(s.Body))), s.Body...)
	}
	name := AppendName(nil, s.Name)
	dst = AppendU32(dst, uint32(len(name)+len(s.Body)))
	return append(append(dst, name...), s.Body...)
}

// Encode puts sections together to a module.
func Encode(sections []Section) []byte {
	size := len(Header)
	for _, s := range sections {
		size += len(s.Body) + len(s.Name) + 16
	}
	dst := append(make([]byte, 0, size), Header...)
	for _, s := range sections {
		dst = AppendSection(dst, s)
	}
	return dst
}

// WithCustom gives the module with one custom section called name that holds body, behind all others. Sections
// of that name that were there before are left out.
func (m *Module) WithCustom(name string, body []byte) []byte {
	sections := make([]Section, 0, len(m.Sections)+1)
	for _, s := range m.Sections {
		if s.ID != CustomSection || s.Name != name {
			sections = append(sections, s)
		}
	}
	return Encode(append(sections, Section{ID: CustomSection, Name: name, Body: body}))
}

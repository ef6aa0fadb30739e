package interrupt

import (
	"fmt"
	"strings"

	"github.com/penstock/penstock/runtime/wasm/module"
)

// bounded copies the list of sections with maxima in the memory and table sections. Of the custom sections
// only the names of functions are left, and the start function becomes an export.
func bounded(m *module.Module, b Bounds) ([]module.Section, error) {
	for _, e := range m.Exports {
		if strings.HasPrefix(e.Name, "pcmd.") {
			return nil, fmt.Errorf("%w: the export name %q is reserved", module.ErrMalformed, e.Name)
		}
	}
	out := make([]module.Section, 0, len(m.Sections)+6)
	var names []byte
	for _, s := range m.Sections {
		switch s.ID {
		case module.CustomSection:
			if body, ok := m.Custom("name"); ok && s.Name == "name" {
				names = functionNames(body, m.Imported(module.Function)+len(m.Functions))
			}
			continue
		case module.StartSection:
			continue
		case module.MemorySection:
			s.Body = module.AppendU32(nil, uint32(len(m.Memories)))
			for _, memory := range m.Memories {
				var err error
				if s.Body, err = appendRange(s.Body, memory, b.MemoryPages, "pages of memory"); err != nil {
					return nil, err
				}
			}
		case module.TableSection:
			s.Body = module.AppendU32(nil, uint32(len(m.Tables)))
			for _, t := range m.Tables {
				var err error
				if s.Body, err = appendRange(append(s.Body, byte(t.Elem)), t.Range, b.TableEntries, "table entries"); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, s)
	}
	if m.HasStart {
		item := append(module.AppendName(nil, StartExport), byte(module.Function))
		out = extend(out, module.ExportSection, 1, module.AppendU32(item, m.Start))
	}
	if names != nil {
		out = append(out, module.Section{ID: module.CustomSection, Name: "name", Body: names})
	}
	return out, nil
}

func appendRange(dst []byte, r module.Range, most uint32, what string) ([]byte, error) {
	if r.Min > most {
		return nil, fmt.Errorf("%w: %d %s, allowed are %d", ErrMemory, r.Min, what, most)
	}
	if r.HasMax {
		most = min(most, r.Max)
	}
	return module.AppendU32(module.AppendU32(append(dst, 1), r.Min), most), nil
}

// functionNames gives a name section with the names of functions alone, nil when body is malformed. Names
// serve the log only; nothing may fail for them.
func functionNames(body []byte, functions int) []byte {
	const subsection, longest = 1, 1024
	r := module.NewReader(body, 0)
	for r.Len() > 0 {
		id := r.Byte()
		content := r.Bytes(r.U32())
		if r.Err() != nil || id != subsection {
			continue
		}
		n := module.NewReader(content, 0)
		last := -1
		for range n.Count("names", functions, 2) {
			index := int(n.U32())
			n.Name(longest)
			if n.Err() != nil || index <= last || index >= functions {
				return nil
			}
			last = index
		}
		if n.Err() != nil || n.Len() > 0 {
			return nil
		}
		return append(module.AppendU32([]byte{subsection}, uint32(len(content))), content...)
	}
	return nil
}

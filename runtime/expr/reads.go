package expr

import "github.com/penstock/penstock/runtime/fault"

// Read is one chain of names that an expression reads: vars.order.id.
type Read struct {
	Root  string
	Names []string       // below the root, up to the first that is not written out; not to be changed
	Pos   fault.Position // in the text that was compiled
}

// Reads lists what the expression reads, in no order. A chain that is only read in some cases is listed too.
func (p *Program) Reads() []Read {
	out := make([]Read, len(p.reads))
	for i, r := range p.reads {
		out[i] = Read{Root: r.root, Names: r.names, Pos: r.src.position(r.char)}
	}
	return out
}

// Reads lists what the expressions of the text read, as [Program.Reads] does.
func (t *Template) Reads() []Read {
	var out []Read
	for _, part := range t.parts {
		if part.program != nil {
			out = append(out, part.program.Reads()...)
		}
	}
	return out
}

// Reads lists what the indexes of the target read.
func (t *Target) Reads() []Read {
	var out []Read
	for _, step := range t.steps {
		out = append(out, step.Reads()...)
	}
	return out
}

// Constant gives the value of an expression that depends on nothing.
func (p *Program) Constant() (any, bool) { return p.code.value, p.code.constant }

package module

// constExpr reads an initial value up to its end. Only its form is checked, not its type.
func (p *parser) constExpr(r *Reader) {
	for r.err == nil {
		switch r.Byte() {
		case 0x0b: // end
			return
		case 0x41: // i32.const
			r.Signed(32)
		case 0x42: // i64.const
			r.Signed(64)
		case 0x43: // f32.const
			r.Bytes(4)
		case 0x44: // f64.const
			r.Bytes(8)
		case 0x23: // global.get
			p.index(r, Global)
		case 0xd0: // ref.null
			refType(r)
		case 0xd2: // ref.func
			p.index(r, Function)
		case 0xfd: // v128.const
			if r.Byte() != 0x0c {
				r.Fail("operation in an initial value")
			}
			r.Bytes(16)
		default:
			r.Fail("operation in an initial value")
		}
	}
}

// element reads one element segment: bit 0 of the flag says passive or declarative, bit 1 that a table
// index (or, with bit 0, "declarative") follows, bit 2 that the items are expressions.
func (p *parser) element(r *Reader) {
	flag := r.U32()
	if flag > 7 {
		r.Fail("unknown kind of element segment")
		return
	}
	active, explicit, expressions := flag&1 == 0, flag&2 != 0, flag&4 != 0
	if active {
		if explicit {
			p.index(r, Table)
		}
		p.constExpr(r)
	}
	if !active || explicit {
		if expressions {
			refType(r)
		} else if r.Byte() != 0 {
			r.Fail("unknown kind of element")
		}
	}
	for range r.Count("elements", p.limits.TableSize, 1) {
		if expressions {
			p.constExpr(r)
		} else {
			p.index(r, Function)
		}
		if r.err != nil {
			return
		}
	}
}

func (p *parser) data(r *Reader) {
	switch flag := r.U32(); flag {
	case 0:
		p.constExpr(r)
	case 1:
	case 2:
		p.index(r, Memory)
		p.constExpr(r)
	default:
		r.Fail("unknown kind of data segment")
	}
	r.Bytes(r.U32())
}

func (p *parser) code(r *Reader) {
	p.codes = r.Count("functions", p.limits.Functions, 3)
	p.m.Code = make([]Code, 0, p.codes)
	total := uint64(0)
	for range p.codes {
		size := r.U32()
		if r.err == nil && uint64(size) > uint64(p.limits.FunctionSize) {
			r.tooLarge("bytes in one function", uint64(size), p.limits.FunctionSize)
			return
		}
		body := r.Bytes(size)
		if r.err != nil {
			return
		}
		b := NewReader(body, r.base+r.pos-len(body))
		c := p.body(b)
		if b.err != nil {
			r.err = b.err
			return
		}
		if total += uint64(c.Locals); total > uint64(p.limits.TotalLocals) {
			r.tooLarge("locals in all functions", total, p.limits.TotalLocals)
			return
		}
		p.m.Code = append(p.m.Code, c)
	}
}

func (p *parser) body(r *Reader) Code {
	c := Code{Groups: uint32(r.Count("groups of locals", p.limits.Locals, 2))}
	start, locals := r.pos, uint64(0)
	for range c.Groups {
		locals += uint64(r.U32())
		valueType(r)
		if r.err != nil {
			return c
		}
	}
	if locals > uint64(p.limits.Locals) {
		r.tooLarge("locals in one function", locals, p.limits.Locals)
		return c
	}
	c.Locals, c.Decl = uint32(locals), r.data[start:r.pos:r.pos]
	c.Offset = r.base + r.pos
	c.Instr = r.Bytes(uint32(r.Len()))
	if len(c.Instr) == 0 || c.Instr[len(c.Instr)-1] != 0x0b {
		r.Fail("a function does not end with end")
	}
	return c
}

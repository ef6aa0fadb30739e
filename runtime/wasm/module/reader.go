package module

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// The two reasons to refuse a module. Errors of this package wrap one of them and name positions and
// numbers only.
var (
	ErrMalformed = errors.New("malformed module")
	ErrTooLarge  = errors.New("module exceeds a limit")
)

// Reader walks bytes of a module. The first error sticks: everything read after it is zero, so callers
// check Err once behind a group of reads, and loops end because counts are zero too.
type Reader struct {
	data []byte
	pos  int
	base int // of data in the whole module, for messages
	err  error
}

// NewReader reads data, which begins at offset base of the module.
func NewReader(data []byte, base int) *Reader { return &Reader{data: data, base: base} }

// Err gives the first error.
func (r *Reader) Err() error { return r.err }

// Pos gives the position in the data that the reader was made with.
func (r *Reader) Pos() int { return r.pos }

// Len gives the number of unread bytes, 0 after an error.
func (r *Reader) Len() int {
	if r.err != nil {
		return 0
	}
	return len(r.data) - r.pos
}

// Fail makes the reader fail with ErrMalformed, what and the current offset.
func (r *Reader) Fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s at offset %#x", ErrMalformed, what, r.base+r.pos)
	}
}

func (r *Reader) tooLarge(what string, n uint64, limit int) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %d %s, allowed are %d", ErrTooLarge, n, what, limit)
	}
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if r.Len() < 1 {
		r.Fail("unexpected end")
		return 0
	}
	r.pos++
	return r.data[r.pos-1]
}

// Bytes reads n bytes; the result is a view.
func (r *Reader) Bytes(n uint32) []byte {
	if uint64(r.Len()) < uint64(n) {
		r.Fail("unexpected end")
		return nil
	}
	r.pos += int(n)
	return r.data[r.pos-int(n) : r.pos : r.pos]
}

// U32 reads an unsigned LEB128 number of at most 32 bits.
func (r *Reader) U32() uint32 {
	var v uint32
	for shift := 0; ; shift += 7 {
		b := r.Byte()
		if r.err != nil {
			return 0
		}
		if shift == 28 && b > 0x0f {
			r.Fail("number beyond 32 bits")
			return 0
		}
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
}

// Signed reads a signed LEB128 number of at most bits bits (32, 33 or 64).
func (r *Reader) Signed(bits int) int64 {
	var v int64
	for shift := 0; ; shift += 7 {
		b := r.Byte()
		if r.err != nil {
			return 0
		}
		if rest := bits - shift; rest < 8 {
			// The last byte: no continuation, and its unused bits repeat the sign.
			top := int8(b<<1) >> 1 >> (rest - 1)
			if b >= 0x80 || top != 0 && top != -1 {
				r.Fail(fmt.Sprintf("number beyond %d bits", bits))
				return 0
			}
		}
		v |= int64(b&0x7f) << shift
		if b < 0x80 {
			if shift+7 < 64 && b&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
}

// Count reads the length of a vector whose items have at least least bytes each; what names the items.
func (r *Reader) Count(what string, limit, least int) int {
	n := r.U32()
	switch {
	case r.err != nil:
		return 0
	case uint64(n) > uint64(limit):
		r.tooLarge(what, uint64(n), limit)
		return 0
	case uint64(n)*uint64(least) > uint64(r.Len()):
		r.Fail("more " + what + " declared than bytes left")
		return 0
	}
	return int(n)
}

// Name reads a text of at most limit bytes.
func (r *Reader) Name(limit int) string {
	b := r.Bytes(uint32(r.Count("bytes in a name", limit, 1)))
	if !utf8.Valid(b) {
		r.Fail("name is not UTF-8")
		return ""
	}
	return string(b)
}

// end fails when bytes are left.
func (r *Reader) end(what string) {
	if r.Len() > 0 {
		r.Fail("data behind the end of " + what)
	}
}

// Offset gives the position in the whole module.
func (r *Reader) Offset() int { return r.base + r.pos }

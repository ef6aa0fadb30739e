package lsp

import (
	"sort"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/fault"
)

// text is a text with its lines. Positions of the protocol count lines from 0 and UTF-16 units from 0; those
// of faults count lines and characters from 1. A text never changes.
type text struct {
	s      string
	starts []int // offsets of the first bytes of the lines
	plain  bool  // every character is one byte and one unit, so that long lines cost nothing
}

func newText(s string) *text {
	t := &text{s: s, starts: []int{0}, plain: true}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		default:
			t.plain = t.plain && c < utf8.RuneSelf
		case '\r':
			if i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
			fallthrough
		case '\n':
			t.starts = append(t.starts, i+1)
		}
	}
	return t
}

// line gives a line without its break, "" when there is none of this number.
func (t *text) line(no int) string {
	if no < 0 || no >= len(t.starts) {
		return ""
	}
	end := len(t.s)
	if no+1 < len(t.starts) {
		end = t.starts[no+1]
	}
	return strings.TrimRight(t.s[t.starts[no]:end], "\r\n")
}

// offset gives the place of a position in bytes. One behind the end of its line is the end of it, one behind
// the last line the end of the text.
func (t *text) offset(p position) int {
	switch {
	case p.Line < 0:
		return 0
	case p.Line >= len(t.starts):
		return len(t.s)
	}
	line, units := t.line(p.Line), 0
	if t.plain {
		return t.starts[p.Line] + min(max(p.Character, 0), len(line))
	}
	for i, r := range line {
		if units >= p.Character {
			return t.starts[p.Line] + i
		}
		units += width(r)
	}
	return t.starts[p.Line] + len(line)
}

// position is the inverse of offset.
func (t *text) position(offset int) position {
	offset = min(max(offset, 0), len(t.s))
	no := sort.Search(len(t.starts), func(i int) bool { return t.starts[i] > offset }) - 1
	line := t.line(no)
	p := position{Line: no}
	if t.plain {
		p.Character = min(offset-t.starts[no], len(line))
		return p
	}
	for _, r := range line[:min(offset-t.starts[no], len(line))] {
		p.Character += width(r)
	}
	return p
}

// of gives the position of a fault; a column of 0 is the beginning of the line.
func (t *text) of(p fault.Position) position {
	out := position{Line: min(max(p.Line-1, 0), len(t.starts)-1)}
	if t.plain {
		out.Character = min(max(p.Column-1, 0), len(t.line(out.Line)))
		return out
	}
	n := 1
	for _, r := range t.line(out.Line) {
		if n >= p.Column {
			break
		}
		n++
		out.Character += width(r)
	}
	return out
}

func (t *text) span(from, to int) span { return span{t.position(from), t.position(to)} }

// replace gives the text with a part exchanged.
func (t *text) replace(s span, with string) string {
	from, to := t.offset(s.Start), t.offset(s.End)
	if to < from {
		from, to = to, from
	}
	return t.s[:from] + with + t.s[to:]
}

// width is the number of UTF-16 units of a character. A byte that is none counts as one.
func width(r rune) int {
	if r == utf8.RuneError {
		return 1
	}
	return utf16.RuneLen(r)
}

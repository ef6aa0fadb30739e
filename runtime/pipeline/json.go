package pipeline

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// readJSON gives the one value of the text, nil when it is not JSON. Positions are as in YAML: those of
// the values' beginnings.
func readJSON(f *faults, src []byte) *node {
	if readLines(f, src) == nil {
		return nil
	}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	r := &jsonReader{faults: f, src: src, line: 1, col: 1, decoder: jsontext.NewDecoder(bytes.NewReader(src), jsontext.AllowDuplicateNames(true))}
	if len(bytes.TrimSpace(src)) == 0 {
		f.add(fault.PipelineSyntax, 1, 1, "the file is empty").hint("begin with the section pipeline")
		return nil
	}
	root, err := r.read(1)
	if err == nil {
		if _, err = r.decoder.ReadToken(); errors.Is(err, io.EOF) {
			return root
		}
	}
	if !errors.Is(err, errTooDeep) {
		line, col := r.position(int(r.decoder.InputOffset()))
		f.add(fault.PipelineSyntax, line, col, "the text is not JSON, here or shortly behind")
	}
	return nil
}

type jsonReader struct {
	faults  *faults
	src     []byte
	decoder *jsontext.Decoder
	at      int // offset up to which lines and columns are counted
	line    int
	col     int
}

var errTooDeep = errors.New("nested too deep")

// position turns an offset into line and column. It is called with growing offsets.
func (r *jsonReader) position(offset int) (line, col int) {
	for ; r.at < min(offset, len(r.src)); r.at++ {
		switch b := r.src[r.at]; {
		case b == '\n':
			r.line, r.col = r.line+1, 1
		case utf8.RuneStart(b):
			r.col++
		}
	}
	return r.line, r.col
}

// begin gives the position of the token that is read next.
func (r *jsonReader) begin() (line, col int) {
	offset := int(r.decoder.InputOffset())
	for offset < len(r.src) && strings.IndexByte(" \t\r\n,:", r.src[offset]) >= 0 {
		offset++
	}
	return r.position(offset)
}

func (r *jsonReader) read(depth int) (*node, error) {
	n := &node{}
	n.line, n.col = r.begin()
	if depth > maxDepth {
		r.faults.add(fault.PipelineSyntax, n.line, n.col, "nested deeper than %d levels", maxDepth)
		return nil, errTooDeep
	}
	tok, err := r.decoder.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() {
	case jsontext.KindTrue, jsontext.KindFalse:
		n.value = tok.Bool()
	case jsontext.KindString:
		text := tok.String()
		n.value = text
		raw := r.src[min(r.at+1, len(r.src)):]
		if bytes.HasPrefix(raw, []byte(text)) { // nothing in it is escaped
			n.textLine, n.textCol = n.line, n.col+1
		} else {
			n.marks = jsonMarks(raw, text, n.line, n.col)
		}
	case jsontext.KindNumber:
		if n.value, err = value.Number(tok.String()); err != nil {
			r.faults.add(fault.PipelineSyntax, n.line, n.col, "the number is out of range")
		}
	case jsontext.KindBeginArray:
		n.kind = listNode
		for r.decoder.PeekKind() != jsontext.KindEndArray {
			item, err := r.read(depth + 1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
		_, err = r.decoder.ReadToken()
		return n, err
	case jsontext.KindBeginObject:
		n.kind = mapNode
		return n, r.readMap(n, depth)
	}
	return n, nil
}

// jsonMarks gives where the characters of a text with escapes stand; raw begins behind its quote, which stands at line
// and col. Nil when that cannot be told.
func jsonMarks(raw []byte, text string, line, col int) []mark {
	written := []rune(strings.ToValidUTF8(string(raw[:min(len(raw), 6*len(text)+2)]), "")) // no escape is longer
	end, closed := closingQuote(written, '"')
	s := &scribe{line: 1, col: 1}
	s.flowLine(written[:end], col, line, '"')
	if !closed || s.text.String() != text {
		return nil
	}
	return s.marks
}

func (r *jsonReader) readMap(n *node, depth int) error {
	seen := map[string]int{}
	for r.decoder.PeekKind() != jsontext.KindEndObject {
		k := key{quote: 1}
		k.line, k.col = r.begin()
		tok, err := r.decoder.ReadToken()
		if err != nil {
			return err
		}
		k.name = tok.String()
		item, err := r.read(depth + 1)
		if err != nil {
			return err
		}
		if first, twice := seen[k.name]; twice {
			r.faults.add(fault.PipelineSyntax, k.line, k.col, "key %q is given twice, first in line %d", short(k.name), first)
			continue
		}
		seen[k.name] = k.line
		n.keys, n.items = append(n.keys, k), append(n.items, item)
	}
	_, err := r.decoder.ReadToken()
	return err
}

package value

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// checker is what Check uses again.
type checker struct {
	in      bytes.Buffer
	decoder *jsontext.Decoder
}

//nolint:gochecknoglobals // a pool holds no state
var checkers = sync.Pool{New: func() any {
	c := &checker{}
	c.decoder = jsontext.NewDecoder(&c.in)
	return c
}}

// Check reports whether [Decode] would read data, with the same errors, and builds nothing. around is how
// many arrays and objects the text is to stand in: it may nest that much less deep.
func Check(data []byte, around int) error {
	c, _ := checkers.Get().(*checker)
	// The decoder reads the buffer's bytes in place and does not change them.
	c.in = *bytes.NewBuffer(data)
	c.decoder.Reset(&c.in)
	err := check(c.decoder, MaxDepth-around)
	if err != nil && !errors.Is(err, ErrTrailing) {
		err = describe(c.decoder, err)
	}
	c.in = bytes.Buffer{}
	c.decoder.Reset(&c.in)
	checkers.Put(c)
	return err
}

func check(d *jsontext.Decoder, deepest int) error {
	depth := 0
	for {
		switch d.PeekKind() {
		case jsontext.KindBeginArray, jsontext.KindBeginObject:
			if depth++; depth > deepest {
				return ErrDepth
			}
			if _, err := d.ReadToken(); err != nil {
				return err
			}
			continue
		case jsontext.KindEndArray, jsontext.KindEndObject:
			depth--
			if _, err := d.ReadToken(); err != nil {
				return err
			}
		case jsontext.KindNumber:
			text, err := d.ReadValue()
			if err != nil {
				return err
			}
			if err := checkNumber(text); err != nil {
				return err
			}
		default:
			if _, err := d.ReadValue(); err != nil {
				return err
			}
		}
		if depth <= 0 {
			break
		}
		if kind, n := d.StackIndex(depth); kind == jsontext.KindBeginObject && n > 2*MaxNames {
			return ErrNames
		}
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return ErrTrailing
	}
	return nil
}

// checkNumber is [Number] without its result.
func checkNumber(text []byte) error {
	const plain = 300 // digits that a float64 holds, without an exponent
	if len(text) <= plain && bytes.IndexByte(text, 'e') < 0 && bytes.IndexByte(text, 'E') < 0 {
		return nil
	}
	if len(text) > longestNumber {
		return ErrNumber
	}
	if f, err := strconv.ParseFloat(string(text), 64); err != nil || math.IsInf(f, 0) {
		return ErrNumber
	}
	return nil
}

package value

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep arrays and objects may nest; MaxNames how many names one object may hold.
const (
	MaxDepth = 64
	MaxNames = 10_000
)

// The refusals of [Decode] beyond plain syntax errors.
var (
	ErrDepth    = fmt.Errorf("JSON nests deeper than %d levels", MaxDepth)
	ErrNames    = fmt.Errorf("JSON object has more than %d names", MaxNames)
	ErrTrailing = errors.New("JSON has data behind its end")
	ErrNumber   = errors.New("JSON number is out of range")
	ErrSyntax   = errors.New("not valid JSON")
)

// Decode reads exactly one JSON text. Numbers become int when their value is whole
// and small enough to be exact, json.Number when they are written as a longer whole number, else float64. The result does not alias data. Errors
// never quote the data.
func Decode(data []byte) (any, error) {
	d := jsontext.NewDecoder(bytes.NewReader(data))
	v, err := decode(d, 0)
	if err != nil {
		return nil, describe(d, err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, ErrTrailing
	}
	return v, nil
}

// describe keeps our sentinels and replaces the library's text, which may quote the data.
func describe(d *jsontext.Decoder, err error) error {
	if errors.Is(err, ErrDepth) || errors.Is(err, ErrNames) || errors.Is(err, ErrNumber) {
		return err
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return fmt.Errorf("%w: a name occurs twice in one object, near byte %d", ErrSyntax, d.InputOffset())
	}
	return fmt.Errorf("%w near byte %d", ErrSyntax, d.InputOffset())
}

func decode(d *jsontext.Decoder, depth int) (any, error) {
	tok, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() {
	case jsontext.KindNull:
		return nil, nil
	case jsontext.KindTrue, jsontext.KindFalse:
		return tok.Bool(), nil
	case jsontext.KindString:
		return tok.String(), nil
	case jsontext.KindNumber:
		return Number(tok.String())
	case jsontext.KindBeginArray:
		return decodeArray(d, depth+1)
	case jsontext.KindBeginObject:
		return decodeObject(d, depth+1)
	default:
		return nil, ErrSyntax
	}
}

func decodeArray(d *jsontext.Decoder, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, ErrDepth
	}
	list := []any{}
	for d.PeekKind() != jsontext.KindEndArray {
		v, err := decode(d, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.ReadToken()
	return list, err
}

func decodeObject(d *jsontext.Decoder, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, ErrDepth
	}
	m := map[string]any{}
	for d.PeekKind() != jsontext.KindEndObject {
		tok, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := tok.String()
		v, err := decode(d, depth)
		if err != nil {
			return nil, err
		}
		if m[name] = v; len(m) > MaxNames {
			return nil, ErrNames
		}
	}
	_, err := d.ReadToken()
	return m, err
}

// longestNumber is more digits than any float64 or sensible integer has.
const longestNumber = 400

// Number turns the text of a JSON number into the model's form of it.
func Number(text string) (any, error) {
	if len(text) > longestNumber {
		return nil, ErrNumber
	}
	if i, err := strconv.Atoi(text); err == nil {
		return i, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return nil, ErrNumber
	}
	if isWhole(text) {
		return json.Number(text), nil
	}
	if f == math.Trunc(f) && math.Abs(f) < exactWhole {
		return int(f), nil
	}
	return f, nil
}

// exactWhole is the size below which a float64 holds every whole number.
const exactWhole = 1 << 53

func isWhole(text string) bool {
	for _, c := range []byte(text) {
		if c != '-' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

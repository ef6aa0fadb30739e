package verify

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

var errWalkEnd = errors.New("the visitor has seen enough")

// walkJSON calls visit with the text of each value that the path names, in the order of the body. A
// value of another kind than text or number, and a place that is not there, is given as absent. It
// reports whether the body is one JSON value, and nothing more; visit ends the walk with false.
//
// The body is read as a stream: callers that are not proven yet cannot make a tree of many times their
// body's size.
func walkJSON(body []byte, p dotted, visit func(text string, present bool) bool) bool {
	w := walker{d: jsontext.NewDecoder(bytes.NewBuffer(body[:len(body):len(body)])), visit: visit}
	if err := w.value(p); err != nil {
		return errors.Is(err, errWalkEnd)
	}
	_, err := w.d.ReadToken()
	return errors.Is(err, io.EOF)
}

type walker struct {
	d     *jsontext.Decoder
	visit func(text string, present bool) bool
}

func (w *walker) give(text string, present bool) error {
	if !w.visit(text, present) {
		return errWalkEnd
	}
	return nil
}

// value reads the next value, of which p names parts.
func (w *walker) value(p dotted) error {
	kind := w.d.PeekKind()
	switch {
	case len(p) == 0 && (kind == jsontext.KindString || kind == jsontext.KindNumber):
		tok, err := w.d.ReadToken()
		if err != nil {
			return err
		}
		return w.give(tok.String(), true)
	case len(p) > 0 && kind == jsontext.KindBeginObject:
		return w.object(p)
	case len(p) > 0 && kind == jsontext.KindBeginArray:
		return w.array(p)
	}
	if err := w.d.SkipValue(); err != nil {
		return err
	}
	return w.give("", false)
}

func (w *walker) object(p dotted) error {
	if _, err := w.d.ReadToken(); err != nil {
		return err
	}
	found := false
	for w.d.PeekKind() != jsontext.KindEndObject {
		tok, err := w.d.ReadToken()
		if err != nil {
			return err
		}
		if p[0] == "*" || tok.String() != p[0] {
			if err := w.d.SkipValue(); err != nil {
				return err
			}
			continue
		}
		found = true
		if err := w.value(p[1:]); err != nil {
			return err
		}
	}
	if _, err := w.d.ReadToken(); err != nil {
		return err
	}
	if !found {
		return w.give("", false)
	}
	return nil
}

func (w *walker) array(p dotted) error {
	if _, err := w.d.ReadToken(); err != nil {
		return err
	}
	all := p[0] == "*"
	want, err := strconv.ParseUint(p[0], 10, 31)
	found := false
	for i := uint64(0); w.d.PeekKind() != jsontext.KindEndArray; i++ {
		if !all && (err != nil || i != want) {
			if err := w.d.SkipValue(); err != nil {
				return err
			}
			continue
		}
		found = true
		if err := w.value(p[1:]); err != nil {
			return err
		}
	}
	if _, err := w.d.ReadToken(); err != nil {
		return err
	}
	if !found {
		return w.give("", false)
	}
	return nil
}

// jsonText is one field of a JSON object that has to be a text.
type jsonText struct {
	name  string
	text  string
	given bool
}

var errNoText = errors.New("a field is no text")

// readTexts fills the fields from the JSON object that the body is, or, where within is not empty, from
// the object in its field of that name. A field that is null is not given; one of another kind than text
// makes the answer false, as does a body that is not one JSON value. The letter case of names matters.
func readTexts(body []byte, within string, fields []jsonText) bool {
	d := jsontext.NewDecoder(bytes.NewBuffer(body[:len(body):len(body)]))
	inner := func() error { return readFields(d, func(name string) error { return takeText(d, fields, name) }) }
	outer := inner
	if within != "" {
		outer = func() error {
			return readFields(d, func(name string) error {
				if name == within {
					return inner()
				}
				return d.SkipValue()
			})
		}
	}
	if outer() != nil {
		return false
	}
	_, err := d.ReadToken()
	return errors.Is(err, io.EOF)
}

// readFields reads an object; read has to read the value of each field.
func readFields(d *jsontext.Decoder, read func(name string) error) error {
	if tok, err := d.ReadToken(); err != nil || tok.Kind() != jsontext.KindBeginObject {
		return errNoText
	}
	for d.PeekKind() != jsontext.KindEndObject {
		tok, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := read(tok.String()); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func takeText(d *jsontext.Decoder, fields []jsonText, name string) error {
	for i := range fields {
		if fields[i].name != name {
			continue
		}
		tok, err := d.ReadToken()
		switch {
		case err != nil:
			return err
		case tok.Kind() == jsontext.KindNull:
			return nil
		case tok.Kind() != jsontext.KindString:
			return errNoText
		}
		fields[i].text, fields[i].given = tok.String(), true
		return nil
	}
	return d.SkipValue()
}

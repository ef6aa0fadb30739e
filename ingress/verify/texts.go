package verify

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonText is one field of a JSON object that has to be a text.
type jsonText struct {
	name  string
	text  string
	given bool
	seen  bool // it occurs, and may be null
}

var errNoText = errors.New("a field is no text")

// readTexts fills the fields from the JSON object that the body is, or, where within is not empty, from
// the object in its field of that name. A field that is null is not given; one of another kind than text
// makes the answer false, as does one that occurs twice, or a body that is not one JSON value. The letter case
// of names matters. Of other names nothing is remembered, as nobody has proven the body yet.
func readTexts(body []byte, within string, fields []jsonText) bool {
	d := jsontext.NewDecoder(bytes.NewBuffer(body[:len(body):len(body)]), jsontext.AllowDuplicateNames(true))
	inner := func() error { return readFields(d, func(name string) error { return takeText(d, fields, name) }) }
	outer := inner
	if within != "" {
		found := false
		outer = func() error {
			return readFields(d, func(name string) error {
				switch {
				case name != within:
					return d.SkipValue()
				case found:
					return errTwice
				}
				found = true
				return inner()
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
		if fields[i].seen {
			return errTwice
		}
		fields[i].seen = true
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

package verify

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

var (
	errWalkEnd = errors.New("the visitor has seen enough")
	errTwice   = errors.New("a name of the path occurs twice")
)

// walkJSON calls visit with the text of each value that the path names, in the order of the body. A
// value of another kind than text or number, and a place that is not there, is given as absent. It
// reports whether the body is one JSON value, and nothing more; visit ends the walk with false. The text
// is valid during the call of visit.
//
// The body is read as a stream: callers that are not proven yet cannot make a tree of many times their
// body's size. So only the names of the path must not occur twice; to remember all names would cost as much
// as a tree.
func walkJSON(body []byte, p dotted, visit func(text []byte, present bool) bool) bool {
	w := &walker{visit: visit}
	w.start(body)
	return w.whole(p)
}

// walker reads bodies, one at a time. The zero walker is ready; one that is used again allocates nothing.
type walker struct {
	d       *jsontext.Decoder
	source  bytes.Buffer
	scratch []byte
	visit   func(text []byte, present bool) bool

	found   []byte // of a source; see source.one
	dst     []byte // where there is no visit: the last text that was found
	present bool
}

// text appends the text or number at a path, which holds no *. It reports whether there is one, and
// whether the body is one JSON value, and nothing more.
func (w *walker) text(dst, body []byte, p dotted) (text []byte, present, ok bool) {
	w.start(body)
	w.dst, w.present = dst, false
	ok = w.whole(p)
	text, present = w.dst, w.present
	w.start(nil) // lets go of the body
	w.dst = nil
	return text, present, ok
}

func (w *walker) start(body []byte) {
	w.source = *bytes.NewBuffer(body[:len(body):len(body)])
	if w.d == nil {
		w.d = jsontext.NewDecoder(&w.source, jsontext.AllowDuplicateNames(true))
		return
	}
	w.d.Reset(&w.source, jsontext.AllowDuplicateNames(true))
}

func (w *walker) whole(p dotted) bool {
	if err := w.value(p); err != nil {
		return errors.Is(err, errWalkEnd)
	}
	_, err := w.d.ReadToken()
	return errors.Is(err, io.EOF)
}

func (w *walker) give(text []byte, present bool) error {
	if w.visit == nil {
		if w.present = present; present {
			w.dst = append(w.dst, text...)
		}
		return nil
	}
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
		text, err := w.read()
		if err != nil {
			return err
		}
		return w.give(text, true)
	case len(p) > 0 && kind == jsontext.KindBeginObject:
		return w.object(p)
	case len(p) > 0 && kind == jsontext.KindBeginArray:
		if index, err := strconv.ParseUint(p[0], 10, 31); err == nil || p[0] == "*" {
			return w.array(p, index)
		}
	}
	if err := w.d.SkipValue(); err != nil {
		return err
	}
	return w.give(nil, false)
}

// read reads the next text or number, without quotation marks and escapes.
func (w *walker) read() ([]byte, error) {
	raw, err := w.d.ReadValue()
	if err != nil || raw[0] != '"' {
		return raw, err
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], nil
	}
	w.scratch, err = jsontext.AppendUnquote(w.scratch[:0], raw)
	return w.scratch, err
}

func (w *walker) object(p dotted) error {
	if _, err := w.d.ReadToken(); err != nil {
		return err
	}
	found := false
	for w.d.PeekKind() != jsontext.KindEndObject {
		name, err := w.read()
		if err != nil {
			return err
		}
		if p[0] == "*" || string(name) != p[0] {
			if err := w.d.SkipValue(); err != nil {
				return err
			}
			continue
		}
		if found {
			return errTwice
		}
		found = true
		if err := w.value(p[1:]); err != nil {
			return err
		}
	}
	return w.close(found)
}

func (w *walker) array(p dotted, want uint64) error {
	if _, err := w.d.ReadToken(); err != nil {
		return err
	}
	all := p[0] == "*"
	found := false
	for i := uint64(0); w.d.PeekKind() != jsontext.KindEndArray; i++ {
		if !all && i != want {
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
	return w.close(found)
}

// close reads the end of an object or list.
func (w *walker) close(found bool) error {
	if _, err := w.d.ReadToken(); err != nil {
		return err
	}
	if !found {
		return w.give(nil, false)
	}
	return nil
}

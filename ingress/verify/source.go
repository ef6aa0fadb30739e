package verify

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// source is a place of a request that a preset file names: header:NAME, query:NAME, body:dotted.path of
// a JSON body, or form:NAME of a body that is a form.
type source struct {
	kind sourceKind
	name string // of the header, parameter or form field
	path dotted // in the JSON body
}

type sourceKind int

const (
	fromNowhere sourceKind = iota
	fromHeader
	fromQuery
	fromBody
	fromForm
)

// inBody reports whether the source is a part of the body.
func (s source) inBody() bool { return s.kind == fromBody || s.kind == fromForm }

// parseSource reads a source; many says whether a body path may hold a *.
func parseSource(text string, many bool) (source, error) {
	kind, name, _ := strings.Cut(text, ":")
	switch kind {
	case "header":
		return source{kind: fromHeader, name: name}, checkHeader(name)
	case "query":
		if name == "" || len(name) > 64 {
			return source{}, fmt.Errorf("the name of a parameter has 1 to 64 characters")
		}
		return source{kind: fromQuery, name: name}, nil
	case "form":
		if name == "" || len(name) > 64 {
			return source{}, fmt.Errorf("the name of a form field has 1 to 64 characters")
		}
		return source{kind: fromForm, name: name}, nil
	case "body":
		p, err := parsePath(name)
		if err == nil && !many && p.many() {
			err = fmt.Errorf("a * is not allowed here")
		}
		return source{kind: fromBody, path: p}, err
	}
	return source{}, fmt.Errorf("%q is none of header:NAME, query:NAME, body:dotted.path, form:NAME", text)
}

// one gives the value of a source, valid until w reads again, and how often it occurs. In the body only a
// text or a number does.
func (s source) one(req *Request, w *walker) ([]byte, int) {
	switch s.kind {
	case fromHeader:
		return req.Header.Field(s.name)
	case fromQuery:
		text, n := queryValue(req.Target, s.name)
		return []byte(text), n
	case fromForm:
		text, n := formValue(string(req.Body), s.name)
		return []byte(text), n
	case fromBody:
		var present, ok bool
		if w.found, present, ok = w.text(w.found[:0], req.Body, s.path); ok && present {
			return w.found, 1
		}
	}
	return nil, 0
}

// queryValue finds a parameter in the raw query of target and how often it occurs. A parameter that is
// not well escaped occurs twice, so that nobody takes it.
func queryValue(target, name string) (string, int) {
	_, query, _ := strings.Cut(target, "?")
	query, _, _ = strings.Cut(query, "#")
	return formValue(query, name)
}

// formValue does the same in a form.
func formValue(form, name string) (string, int) {
	value, count := "", 0
	for form != "" {
		var item string
		item, form, _ = strings.Cut(form, "&")
		key, text, _ := strings.Cut(item, "=")
		plain, err := url.QueryUnescape(key)
		if err != nil || plain != name {
			continue
		}
		plain, err = url.QueryUnescape(text)
		if err != nil {
			return "", 2
		}
		if count++; count == 1 {
			value = plain
		}
	}
	return value, count
}

// dotted is a place in a JSON value: names of fields and numbers of list items, and * for every item.
type dotted []string

const maxPath = 16

func parsePath(text string) (dotted, error) {
	p := dotted(strings.Split(text, "."))
	if len(p) > maxPath {
		return nil, fmt.Errorf("the path has more than %d parts", maxPath)
	}
	for _, part := range p {
		if part == "" {
			return nil, fmt.Errorf("the path %q has an empty part", text)
		}
	}
	return p, nil
}

func (p dotted) given() bool { return len(p) > 0 }

func (p dotted) many() bool {
	for _, part := range p {
		if part == "*" {
			return true
		}
	}
	return false
}

// set writes to at every place of a JSON value that the path names, and reports whether there is one.
// It makes no object and no list that is not there.
func (p dotted) set(v, to any) bool {
	switch at := v.(type) {
	case map[string]any:
		if len(p) > 1 {
			return p[1:].set(at[p[0]], to)
		}
		at[p[0]] = to
		return true
	case []any:
		planted := false
		for i, item := range at {
			switch {
			case p[0] != "*" && p[0] != strconv.Itoa(i):
			case len(p) > 1:
				planted = p[1:].set(item, to) || planted
			default:
				at[i], planted = to, true
			}
		}
		return planted
	}
	return false
}

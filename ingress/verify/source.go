package verify

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// source is a place of a request that a preset file names: header:NAME, query:NAME or body:dotted.path.
type source struct {
	kind sourceKind
	name string // of the header or parameter
	path dotted // in the JSON body
}

type sourceKind int

const (
	fromNowhere sourceKind = iota
	fromHeader
	fromQuery
	fromBody
)

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
	case "body":
		p, err := parsePath(name)
		if err == nil && !many && p.many() {
			err = fmt.Errorf("a * is not allowed here")
		}
		return source{kind: fromBody, path: p}, err
	}
	return source{}, fmt.Errorf("%q is none of header:NAME, query:NAME, body:dotted.path", text)
}

// one gives the value of a source and how often it occurs. A value of the body is a text, or the usual
// writing of a number, true or false; anything else does not occur.
func (s source) one(req *Request, body *bodyJSON) (string, int) {
	switch s.kind {
	case fromHeader:
		v, n := req.Header.Field(s.name)
		return string(v), n
	case fromQuery:
		return queryValue(req.Target, s.name)
	case fromBody:
		v, ok := body.decode(req.Body)
		if !ok {
			return "", 0
		}
		if text, ok := scalar(s.path.in(v)); ok {
			return text, 1
		}
	}
	return "", 0
}

// queryValue finds a parameter in the raw query of target and how often it occurs. A parameter that is
// not well escaped occurs twice, so that nobody takes it.
func queryValue(target, name string) (string, int) {
	_, query, _ := strings.Cut(target, "?")
	query, _, _ = strings.Cut(query, "#")
	value, count := "", 0
	for query != "" {
		var item string
		item, query, _ = strings.Cut(query, "&")
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

// in gives the value at the path, nil where there is none.
func (p dotted) in(v any) any {
	for _, part := range p {
		switch at := v.(type) {
		case map[string]any:
			v = at[part]
		case []any:
			i, err := strconv.ParseUint(part, 10, 31)
			if err != nil || i >= uint64(len(at)) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

// all calls f for each value that the path names; a place that is not there is a nil.
func (p dotted) all(v any, f func(any)) {
	for i, part := range p {
		if part != "*" {
			v = p[i : i+1].in(v)
			continue
		}
		list, _ := v.([]any)
		for _, item := range list {
			p[i+1:].all(item, f)
		}
		return
	}
	f(v)
}

package pipetest

import (
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// want is what a value must be. The zero want was not given.
type want struct {
	kind     wantKind
	constant any            // of wantEqual
	of       *expr.Template // of wantCondition and wantComputed
	source   string         // text of an expression or pattern
	at       fault.Position
	pattern  *regexp.Regexp
	names    []string // of a map
	items    []want   // of a map, a list, a matcher
	open     bool     // a map that may have more, a list that may have more in between
}

type wantKind int

const (
	wantNothing   wantKind = iota
	wantEqual              // a scalar
	wantMap                //
	wantList               //
	wantCondition          // an expression over value
	wantComputed           // an expression that gives what it must be
	wantMatches            // a regular expression
	wantLength             //
	wantAny                //
	wantNot                //
	wantOneOf              //
	wantPart               // a text that holds another one
)

func (w *want) given() bool { return w.kind != wantNothing }

func matchers() []string {
	return []string{"$absent", "$any", "$includes", "$length", "$matches", "$not", "$oneOf"}
}

// want compiles what a value must be.
func (p *parser) want(n *node) want {
	w := want{at: n.pos}
	switch n.kind {
	case yaml.MappingNode:
		if len(n.keys) == 1 && strings.HasPrefix(n.keys[0].name, "$") {
			return p.matcher(n.keys[0], n.items[0])
		}
		w.kind = wantMap
		for i, k := range n.keys {
			if isOneOf(k.name, matchers()) {
				p.f.add(fault.TestInvalid, k.pos, "%s stands alone in its map", k.name)
			}
			w.names, w.items = append(w.names, k.name), append(w.items, p.want(n.items[i]))
		}
		return w
	case yaml.SequenceNode:
		w.kind = wantList
		for _, item := range n.items {
			w.items = append(w.items, p.want(item))
		}
		return w
	}
	w.kind, w.constant = wantEqual, n.v
	text, isText := n.v.(string)
	if !isText || !holdsExpression(text) {
		return w
	}
	t, err := p.lang.Template(text)
	if err != nil {
		p.f.list = append(p.f.list, asFault(placed(err, n.text)))
		return w
	}
	if constant, ok := t.Constant(); ok {
		w.constant = constant
		return w
	}
	w.kind, w.of, w.source, w.at = wantComputed, t, text, n.text
	for _, read := range t.Reads() {
		if read.Root == "value" {
			w.kind = wantCondition
		}
	}
	return w
}

// matcher compiles one of the maps that describe a value.
func (p *parser) matcher(k keyNode, n *node) want {
	w := want{at: k.pos}
	switch k.name {
	case "$any", "$absent":
		if n.v != true {
			p.f.add(fault.TestInvalid, n.pos, "%s is true or not there", k.name)
		}
		if w.kind = wantAny; k.name == "$absent" {
			return want{kind: wantNot, at: k.pos, items: []want{w}}
		}
	case "$matches":
		text, _ := n.v.(string)
		pattern, err := regexp.Compile(text)
		if text == "" || err != nil {
			p.f.add(fault.TestInvalid, n.pos, "$matches needs a regular expression")
			return w
		}
		w.kind, w.pattern, w.source = wantMatches, pattern, text
	case "$includes":
		w = p.want(n)
		w.include()
	case "$length":
		w.kind, w.items = wantLength, []want{p.want(n)}
	case "$not":
		w.kind, w.items = wantNot, []want{p.want(n)}
	case "$oneOf":
		if n.kind != yaml.SequenceNode || len(n.items) == 0 {
			p.f.add(fault.TestInvalid, n.pos, "$oneOf needs a list")
		}
		w.kind = wantOneOf
		for _, item := range n.items {
			w.items = append(w.items, p.want(item))
		}
	default:
		p.f.add(fault.TestInvalid, k.pos, "there is no matcher %q", shorten(k.name, 60))
		p.f.near(k.name, matchers())
	}
	return w
}

// include makes maps open at every depth, lists ones that may have more, and a text a part of one.
func (w *want) include() {
	switch w.kind {
	case wantEqual:
		if _, isText := w.constant.(string); isText {
			w.kind = wantPart
		}
	case wantMap, wantList:
		w.open = true
		for i := range w.items {
			if w.items[i].kind == wantMap {
				w.items[i].include()
			}
		}
	}
}

// example gives a value that looks like what is wanted.
func (w *want) example() any {
	switch w.kind {
	case wantEqual:
		return w.constant
	case wantMap:
		out := make(map[string]any, len(w.items))
		for i, name := range w.names {
			out[name] = w.items[i].example()
		}
		return out
	case wantList:
		out := make([]any, len(w.items))
		for i := range w.items {
			out[i] = w.items[i].example()
		}
		return out
	}
	return w.String()
}

func (w *want) String() string {
	switch w.kind {
	case wantEqual:
		return shortValue(w.constant)
	case wantCondition, wantComputed:
		return "what " + w.source + " says"
	case wantMatches:
		return "a match of " + w.source
	case wantPart:
		return "a text with " + shortValue(w.constant)
	case wantLength:
		return "a length of " + w.items[0].String()
	case wantNot:
		if w.takesNothing() {
			return "nothing"
		}
		return "not " + w.items[0].String()
	case wantOneOf:
		texts := make([]string, len(w.items))
		for i := range w.items {
			texts[i] = w.items[i].String()
		}
		return "one of " + strings.Join(texts, ", ")
	case wantMap, wantList:
		text, err := value.AppendJSON(nil, w.example())
		if err != nil {
			return "another value"
		}
		return shorten(string(text), shownValue)
	}
	return "a value"
}

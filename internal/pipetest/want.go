package pipetest

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
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

// difference is one place where a value is not what it must be.
type difference struct {
	path string
	want string
	got  any
	none bool // there is no value
}

func (d difference) String() string {
	if d.none {
		return fmt.Sprintf("%s: expected %s, got nothing", d.path, d.want)
	}
	return fmt.Sprintf("%s: expected %s, got %s", d.path, d.want, shortValue(d.got))
}

// comparison compares one value.
type comparison struct {
	ctx   context.Context
	env   expr.Env
	found []difference
	err   error // of an expression of the test file
}

func (c *comparison) differ(path string, w *want, got any) {
	c.found = append(c.found, difference{path: path, want: w.String(), got: got})
}

// compare notes where got is not what it must be, and gives what it must be: got itself where it is right.
func (c *comparison) compare(w *want, got any, path string) any {
	switch w.kind {
	case wantMap:
		return c.compareMap(w, got, path)
	case wantList:
		return c.compareList(w, got, path)
	case wantComputed:
		v, err := w.of.Eval(c.ctx, c.env)
		if err != nil {
			c.err = placed(err, w.at)
			return got
		}
		if !equal(v, got) {
			c.found = append(c.found, difference{path: path, want: shortValue(v), got: got})
		}
		return v
	}
	if c.fits(w, got) {
		return got
	}
	c.differ(path, w, got)
	if w.kind == wantEqual {
		return w.constant
	}
	return w.String()
}

// fits judges what is no map and no list.
func (c *comparison) fits(w *want, got any) bool {
	switch w.kind {
	case wantEqual:
		return equal(w.constant, got)
	case wantCondition:
		env := make(expr.Env, len(c.env)+1)
		for name, v := range c.env {
			env[name] = v
		}
		env["value"] = got
		v, err := w.of.Eval(c.ctx, env)
		if err != nil {
			c.err = placed(err, w.at)
			return true
		}
		return expr.Truthy(v)
	case wantMatches:
		text, isText := got.(string)
		return isText && w.pattern.MatchString(text)
	case wantPart:
		text, isText := got.(string)
		part, _ := w.constant.(string)
		return isText && strings.Contains(text, part)
	case wantLength:
		n, counts := lengthOf(got)
		return counts && c.sub(&w.items[0], n)
	case wantNot:
		return !c.sub(&w.items[0], got)
	case wantOneOf:
		return slices.ContainsFunc(w.items, func(one want) bool { return c.sub(&one, got) })
	}
	return true // wantAny
}

// sub judges without noting differences.
func (c *comparison) sub(w *want, got any) bool {
	inner := comparison{ctx: c.ctx, env: c.env}
	inner.compare(w, got, "")
	if inner.err != nil {
		c.err = inner.err
	}
	return len(inner.found) == 0
}

func lengthOf(v any) (int, bool) {
	switch v := v.(type) {
	case string:
		return len([]rune(v)), true
	case []any:
		return len(v), true
	case map[string]any:
		return len(v), true
	}
	return 0, false
}

func (c *comparison) compareMap(w *want, got any, path string) any {
	m, isMap := got.(map[string]any)
	if !isMap {
		c.differ(path, w, got)
		return w.example()
	}
	out := map[string]any{}
	for i, name := range w.names {
		at := path + "." + name
		v, has := m[name]
		if !has && !w.items[i].takesNothing() {
			c.found = append(c.found, difference{path: at, want: w.items[i].String(), none: true})
			out[name] = w.items[i].example()
			continue
		}
		if has {
			out[name] = c.compare(&w.items[i], v, at)
		}
	}
	for _, name := range sortedNames(m) {
		if slices.Contains(w.names, name) {
			continue
		}
		if w.open {
			out[name] = m[name]
			continue
		}
		c.found = append(c.found, difference{path: path + "." + name, want: "nothing", got: m[name]})
	}
	return out
}

// takesNothing reports whether a name may be missing.
func (w *want) takesNothing() bool {
	return w.kind == wantNot && w.items[0].kind == wantAny
}

func (c *comparison) compareList(w *want, got any, path string) any {
	list, isList := got.([]any)
	if !isList {
		c.differ(path, w, got)
		return w.example()
	}
	if w.open {
		next := 0
		for i := range w.items {
			at := slices.IndexFunc(list[next:], func(v any) bool { return c.sub(&w.items[i], v) })
			if at < 0 {
				c.found = append(c.found, difference{path: path, want: w.items[i].String() + " in it, in this order", got: got})
				return w.example()
			}
			next += at + 1
		}
		return got
	}
	out := make([]any, 0, len(w.items))
	for i := range w.items {
		at := path + "[" + strconv.Itoa(i) + "]"
		if i >= len(list) {
			c.found = append(c.found, difference{path: at, want: w.items[i].String(), none: true})
			out = append(out, w.items[i].example())
			continue
		}
		out = append(out, c.compare(&w.items[i], list[i], at))
	}
	for i := len(w.items); i < len(list); i++ {
		c.found = append(c.found, difference{path: path + "[" + strconv.Itoa(i) + "]", want: "nothing", got: list[i]})
	}
	return out
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

package pipetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// File is a test file as it was read.
type File struct {
	Path     string // as shown
	Pipeline string // as the file names it; empty = the one of its own name
	Cases    []*Case

	allow               []string
	pipelineAt, allowAt fault.Position
}

// Case is one case of a test file.
type Case struct {
	Name string
	Skip string // why it is not run
	At   fault.Position

	given  given
	mocks  []Mock
	expect expect
}

// given is what a run begins with.
type given struct {
	event   *givenEvent
	request *givenRequest

	body       Value
	vars       Value
	headers    map[string]string
	as         string
	now        time.Time
	properties Value
	attempts   int
	asAt       fault.Position
}

type givenEvent struct {
	at       fault.Position
	fields   map[string]any // as EventOf takes them
	payload  Value
	explicit bool // the key was given
}

type givenRequest struct {
	at                                   fault.Position
	webhook, preset, eventKey, payload   string
	secret, signedWith, event, id        string
	method                               string
	unsigned                             bool
	options                              map[string][]string
	headers                              map[string]string
	body                                 Value
	hasBody                              bool
	webhookAt, presetAt, eventAt, bodyAt fault.Position
}

// expect is what a run must do.
type expect struct {
	at     fault.Position
	status string

	body, vars, steps, skipped, log, result, refused, took want
	bodyAt, varsAt, stepsAt, skippedAt, logAt, resultAt    fault.Position

	failure  *expectError
	calls    []expectCall
	mails    []wantedFields
	events   []wantedFields
	response *wantedFields
	hasMails bool
	hasSent  bool
}

type expectError struct {
	code, message, step want
	retryable           *bool
}

type expectCall struct {
	at          fault.Position
	command, id string
	args, body  want
	times       *int
}

// wantedFields are wanted values by name.
type wantedFields struct {
	at     fault.Position
	fields map[string]want
}

// NewLanguage makes the language of the expressions in test files.
func NewLanguage(now func() time.Time) *expr.Language {
	return expr.New(expr.Options{Now: now, Names: Names()})
}

// Parse reads a test file. The error is a fault.List with every fault, in the order of their positions.
func Parse(file string, src []byte, lang *expr.Language) (*File, error) {
	p := &parser{f: &faults{file: file}, lang: lang}
	root := readYAML(p.f, src)
	if root == nil {
		return nil, p.f.err()
	}
	out := &File{Path: file}
	format := Format()
	if p.check(root, &format, "a test file") {
		p.file(out, root)
	}
	if err := p.f.err(); err != nil {
		return nil, err
	}
	return out, nil
}

type parser struct {
	f    *faults
	lang *expr.Language

	compared int // codes of failures
}

// check holds a node against its field and everything below; false when nothing can be read from it.
func (p *parser) check(n *node, f *Field, what string) bool {
	wrong := func(wanted string) bool {
		p.f.add(fault.TestInvalid, n.pos, "%s must be %s, not %s", what, wanted, n.typeName())
		return false
	}
	text, isText := n.v.(string)
	switch f.Kind {
	case KindMap:
		if isText && f.Short != "" && n.kind == yaml.ScalarNode {
			return true
		}
		if n.kind != yaml.MappingNode {
			return wrong("a map")
		}
		return p.checkMap(n, f, what)
	case KindList:
		if n.kind != yaml.SequenceNode {
			return wrong("a list")
		}
		for i, item := range n.items {
			p.check(item, f.Item, fmt.Sprintf("%s %d", singular(f.Name), i+1))
		}
	case KindText:
		if !isText || text == "" {
			return wrong("a text")
		}
		if len(f.Enum) > 0 && !isOneOf(text, f.Enum) {
			p.f.add(fault.TestInvalid, n.pos, "%s must be one of %s", what, strings.Join(f.Enum, ", "))
			p.f.near(text, f.Enum)
			return false
		}
	case KindTexts:
		if n.kind == yaml.SequenceNode {
			for _, item := range n.items {
				if _, isText := item.v.(string); !isText {
					p.f.add(fault.TestInvalid, item.pos, "%s must be texts, not %s", what, item.typeName())
				}
			}
			return true
		}
		if !isText {
			return wrong("a text or a list of texts")
		}
	case KindNumber:
		if i, isInt := n.v.(int); !isInt || i < 0 || i > 1_000_000 {
			return wrong("a whole number, 0 or more")
		}
	case KindBoolean:
		if _, isBool := n.v.(bool); !isBool {
			return wrong("true or false")
		}
	case KindTime:
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			p.f.add(fault.TestInvalid, n.pos, "%s must be a time such as 2026-01-31T12:00:00Z", what)
			return false
		}
	case KindDuration:
		if _, ok := command.ParseDuration(n.v); !ok {
			p.f.add(fault.TestInvalid, n.pos, "%s must be a duration such as 5s, or a number of milliseconds", what)
			return false
		}
	case KindCheck:
		if _, isBool := n.v.(bool); !isBool && (!isText || !holdsExpression(text)) {
			p.f.add(fault.TestInvalid, n.pos, "%s must be an expression in ${...}", what)
			return false
		}
	}
	return true
}

func (p *parser) checkMap(n *node, f *Field, what string) bool {
	if f.Fields == nil {
		return true
	}
	for i, k := range n.keys {
		inner := f.field(k.name)
		if p.f.full() {
			return false // nobody reads about more
		}
		if inner == nil {
			p.f.add(fault.TestInvalid, k.pos, "%s has no %q", what, shorten(k.name, 60))
			if hint := fault.DidYouMean(k.name, f.names()); hint != "" {
				p.f.hint("%s", hint)
			} else {
				p.f.hint("it has %s", strings.Join(f.names(), ", "))
			}
			continue
		}
		p.check(n.items[i], inner, k.name)
	}
	whole := true
	for i := range f.Fields {
		if inner := &f.Fields[i]; inner.Required && n.get(inner.Name) == nil {
			p.f.add(fault.TestInvalid, n.pos, "%s needs %q", what, inner.Name)
			whole = false
		}
	}
	return whole
}

func singular(name string) string {
	switch name {
	case "cases", "mocks", "calls", "mails", "events":
		return strings.TrimSuffix(name, "s")
	}
	return name
}

// get finds the value of a key, nil when it is not there.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for i, k := range n.keys {
		if k.name == name {
			return n.items[i]
		}
	}
	return nil
}

func (n *node) textOf(name string) string {
	v := n.get(name)
	if v == nil {
		return ""
	}
	text, _ := v.v.(string)
	return text
}

func (n *node) numberOf(name string, otherwise int) int {
	if v := n.get(name); v != nil {
		if i, ok := v.v.(int); ok {
			return i
		}
	}
	return otherwise
}

func (n *node) posOf(name string) fault.Position {
	if v := n.get(name); v != nil {
		return v.pos
	}
	return fault.Position{}
}

func (p *parser) file(out *File, root *node) {
	out.Pipeline, out.pipelineAt = root.textOf("pipeline"), root.posOf("pipeline")
	if n := root.get("allow"); n != nil {
		out.allow, out.allowAt = textsOf(n), n.pos
	}
	shared := root.get("given")
	mocks := p.mocks(root.get("mocks"))
	list := root.get("cases")
	if list.kind != yaml.SequenceNode {
		return
	}
	if len(list.items) == 0 {
		p.f.add(fault.TestInvalid, list.pos, "the file has no cases")
	}
	first := map[string]int{}
	for _, n := range list.items {
		if n.kind != yaml.MappingNode {
			continue
		}
		c := &Case{Name: n.textOf("name"), Skip: n.textOf("skip"), At: n.pos}
		if line, twice := first[c.Name]; twice && c.Name != "" {
			p.f.add(fault.TestInvalid, n.posOf("name"), "another case has the name %q, in line %d", shorten(c.Name, 60), line)
		}
		first[c.Name] = n.pos.Line
		c.given = p.given(merged(shared, n.get("given")))
		c.mocks = append(p.mocks(n.get("mocks")), mocks...)
		c.expect = p.expect(n.get("expect"), n.pos)
		if c.expect.needsDoor() && c.given.request == nil {
			p.f.add(fault.TestInvalid, c.expect.at, "only a case with a request has a response or is refused")
		}
		out.Cases = append(out.Cases, c)
	}
}

func textsOf(n *node) []string {
	if text, isText := n.v.(string); isText {
		return []string{text}
	}
	var out []string
	for _, item := range n.items {
		if text, isText := item.v.(string); isText {
			out = append(out, text)
		}
	}
	return out
}

// merged gives the values of a map over those of another one; maps of one name are not merged. An event, a
// request and a body take the place of each other.
func merged(under, over *node) *node {
	if under == nil || over == nil || under.kind != yaml.MappingNode || over.kind != yaml.MappingNode {
		if over == nil {
			return under
		}
		return over
	}
	out := *over
	starts := []string{"event", "request", "body"}
	started := slices.ContainsFunc(starts, func(name string) bool { return over.get(name) != nil })
	for i, k := range under.keys {
		if over.get(k.name) == nil && (!started || !isOneOf(k.name, starts)) {
			out.keys, out.items = append(out.keys[:len(out.keys):len(out.keys)], k), append(out.items[:len(out.items):len(out.items)], under.items[i])
		}
	}
	return &out
}

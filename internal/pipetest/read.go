package pipetest

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// What a test file may be at most.
const (
	maxFile   = 2 << 20
	maxDepth  = 60
	maxFaults = 100
)

// node is one value of a test file with its place.
type node struct {
	kind yaml.Kind // ScalarNode, SequenceNode or MappingNode
	pos  fault.Position
	text fault.Position // where the text of a scalar begins, when that can be told
	v    any            // of a scalar

	keys  []keyNode // of a map
	items []*node   // of a list, or the values of a map
}

type keyNode struct {
	name string
	pos  fault.Position
}

func (n *node) typeName() string {
	switch n.kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a map"
	}
	switch name := value.TypeName(n.v); name {
	case "null", "text":
		return name
	default:
		return "a " + name
	}
}

// plain gives the value as it stands, expressions as texts.
func (n *node) plain() any {
	switch n.kind {
	case yaml.SequenceNode:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = item.plain()
		}
		return out
	case yaml.MappingNode:
		out := make(map[string]any, len(n.items))
		for i, k := range n.keys {
			out[k.name] = n.items[i].plain()
		}
		return out
	}
	return n.v
}

// faults gathers what is wrong with one file.
type faults struct {
	file string
	list fault.List
}

func (f *faults) full() bool { return len(f.list) >= maxFaults }

func (f *faults) add(code fault.Code, at fault.Position, format string, args ...any) *fault.Error {
	return f.addErr(fault.New(code, format, args...), at)
}

func (f *faults) addErr(err error, at fault.Position) *fault.Error {
	var e *fault.Error
	if !errors.As(err, &e) {
		e = fault.Wrap(fault.TestInvalid, err, "reading the test file")
	}
	e = e.At(at)
	if !f.full() {
		f.list = append(f.list, e)
	}
	return e
}

// hint gives the fault that was added last a hint.
func (f *faults) hint(format string, args ...any) {
	if last := len(f.list) - 1; last >= 0 && !f.full() {
		f.list[last] = f.list[last].WithHint(format, args...)
	}
}

// err gives the faults in the order of their positions.
func (f *faults) err() error {
	slices.SortStableFunc(f.list, func(a, b *fault.Error) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	return f.list.Err()
}

// near is the hint of the nearest known name; comparing with a great many takes long.
func (f *faults) near(name string, known []string) {
	if !f.full() && len(known) < 1000 {
		if hint := fault.DidYouMean(name, known); hint != "" {
			f.hint("%s", hint)
		}
	}
}

// readYAML gives the one document of a file, nil when it is none.
func readYAML(f *faults, src []byte) (root *node) {
	start := fault.Position{File: f.file, Line: 1, Column: 1}
	switch {
	case len(src) > maxFile:
		f.add(fault.TestSyntax, start, "the file is larger than %d MiB", maxFile>>20)
		return nil
	case !utf8.Valid(src):
		f.add(fault.TestSyntax, start, "the text is not UTF-8")
		return nil
	}
	defer func() {
		if recover() != nil { // the parser is not ours; a file must not be able to end the process
			f.add(fault.TestSyntax, start, "the text is not YAML")
			root = nil
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	var first, second yaml.Node
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF):
		f.add(fault.TestSyntax, start, "the file is empty")
		f.hint("begin with cases:")
		return nil
	case err != nil:
		f.syntax(src, err)
		return nil
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		f.syntax(src, err)
	default:
		f.add(fault.TestSyntax, fault.Position{File: f.file, Line: second.Line, Column: second.Column}, "a file holds one document, this begins another one")
	}
	r := &reader{f: f, lines: strings.Split(string(src), "\n")}
	return r.read(first.Content[0], 1)
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// syntax words what the parser says.
func (f *faults) syntax(src []byte, err error) {
	at := fault.Position{File: f.file, Line: 1, Column: 1}
	m := yamlLine.FindStringSubmatch(strings.SplitN(err.Error(), "\n", 2)[0])
	if m == nil {
		f.add(fault.TestSyntax, at, "the text is not YAML")
		return
	}
	lines := bytes.Split(src, []byte("\n"))
	if n, err := strconv.Atoi(m[1]); err == nil {
		at.Line = min(max(n, 1), len(lines))
	}
	line := lines[at.Line-1]
	indent := len(line) - len(bytes.TrimLeft(line, " \t"))
	at.Column = indent + 1
	says := func(part string) bool { return strings.Contains(m[2], part) }
	switch {
	case bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("\t")):
		f.add(fault.TestSyntax, at, "a tab in the indentation")
		f.hint("indent with spaces")
	case says("unknown anchor"):
		f.add(fault.TestSyntax, at, "anchors and aliases are not allowed")
	case says("mapping values are not allowed"):
		f.add(fault.TestSyntax, at, "a text without quotes holds a colon and a space")
		f.hint("put the text in quotes")
	case says("did not find expected key"), says("did not find expected '-'"), says("could not find expected ':'"):
		f.add(fault.TestSyntax, at, "the indentation or a key is wrong, here or shortly below")
		f.hint("entries of one map or list begin in the same column")
	default:
		f.add(fault.TestSyntax, at, "%s", shorten(m[2], 80))
	}
}

// reader turns YAML into nodes and refuses what hides what a file says.
type reader struct {
	f     *faults
	lines []string
}

func (r *reader) at(y *yaml.Node) fault.Position {
	return fault.Position{File: r.f.file, Line: y.Line, Column: y.Column}
}

func (r *reader) read(y *yaml.Node, depth int) *node {
	n := &node{kind: y.Kind, pos: r.at(y)}
	switch {
	case depth > maxDepth:
		r.f.add(fault.TestSyntax, n.pos, "nested deeper than %d levels", maxDepth)
		n.kind = yaml.ScalarNode
		return n
	case y.Kind == yaml.AliasNode || y.Anchor != "":
		r.f.add(fault.TestSyntax, n.pos, "anchors and aliases are not allowed")
		r.f.hint("write the value out where it is used")
	case y.Style&yaml.TaggedStyle != 0:
		r.f.add(fault.TestSyntax, n.pos, "tags such as !name are not allowed")
	}
	switch y.Kind {
	case yaml.MappingNode:
		r.readMap(n, y, depth)
	case yaml.SequenceNode:
		for _, item := range y.Content {
			n.items = append(n.items, r.read(item, depth+1))
		}
	default:
		n.kind = yaml.ScalarNode
		r.readScalar(n, y)
	}
	return n
}

func (r *reader) readMap(n *node, y *yaml.Node, depth int) {
	seen := map[string]int{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, item := y.Content[i], y.Content[i+1]
		switch first, twice := seen[k.Value]; {
		case k.Kind != yaml.ScalarNode || k.Anchor != "":
			r.f.add(fault.TestSyntax, r.at(k), "a key must be a text")
			continue
		case k.Tag == "!!merge":
			r.f.add(fault.TestSyntax, r.at(k), "merge keys are not allowed")
			continue
		case twice:
			r.f.add(fault.TestSyntax, r.at(k), "key %q is given twice, first in line %d", shorten(k.Value, 60), first)
			continue
		}
		seen[k.Value] = k.Line
		n.keys = append(n.keys, keyNode{k.Value, r.at(k)})
		n.items = append(n.items, r.read(item, depth+1))
	}
}

func (r *reader) readScalar(n *node, y *yaml.Node) {
	n.text = n.pos
	switch y.Style &^ yaml.TaggedStyle {
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		n.text.Column++
	case yaml.LiteralStyle, yaml.FoldedStyle:
		n.text = fault.Position{File: n.pos.File, Line: n.pos.Line + 1, Column: 1}
	}
	switch y.Tag {
	case "!!null":
	case "!!bool":
		n.v = strings.EqualFold(y.Value, "true")
	case "!!int", "!!float":
		n.v = r.number(n, y)
	default:
		n.v = y.Value
	}
}

// number reads a number; one with a leading zero is a code and stays a text.
func (r *reader) number(n *node, y *yaml.Node) any {
	digits := strings.TrimLeft(y.Value, "+-")
	if len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		return y.Value
	}
	if v, err := value.Number(y.Value); err == nil {
		return v
	}
	var v any
	if err := y.Decode(&v); err == nil {
		if f, ok := v.(float64); !ok || !math.IsNaN(f) && !math.IsInf(f, 0) {
			if v, err = value.Normalize(v); err == nil {
				return v
			}
		}
	}
	r.f.add(fault.TestSyntax, n.pos, "the number is out of range")
	return nil
}

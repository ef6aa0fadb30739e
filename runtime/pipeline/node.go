package pipeline

import (
	"math"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// maxDepth is how deep maps and lists may nest in a file.
const maxDepth = 50

type kind int

const (
	scalarNode kind = iota
	listNode
	mapNode
)

// node is one value of a file, with its place. It is what the package works on instead of YAML.
type node struct {
	kind      kind
	line, col int
	value     any     // of a scalar: nil, bool, number or text
	items     []*node // of a list, or the values of a map
	keys      []key   // of a map, one for each item

	edits             []edit // of the text, when its expressions have another prefix
	textLine, textCol int    // where the text of a scalar begins, when it stands there character by character
	marks             []mark // where its pieces stand, when it does not; nil when that cannot be told
}

type key struct {
	name      string
	line, col int
	quote     int // columns between col and the name itself

	condition *node // that the name is, in a switch over values
}

func (n *node) isNull() bool { return n.kind == scalarNode && n.value == nil }

func (n *node) text() (string, bool) {
	s, ok := n.value.(string)
	return s, ok && n.kind == scalarNode
}

func (n *node) typeName() string {
	switch n.kind {
	case listNode:
		return "a list"
	case mapNode:
		return "a map"
	}
	switch name := value.TypeName(n.value); name {
	case "null", "text":
		return name
	default:
		return "a " + name
	}
}

// plain is the value as it is written, with no expression evaluated.
func (n *node) plain() any {
	switch n.kind {
	case listNode:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = item.plain()
		}
		return out
	case mapNode:
		out := make(map[string]any, len(n.items))
		for i, k := range n.keys {
			out[k.name] = n.items[i].plain()
		}
		return out
	}
	return n.value
}

// orNull is n, or null where there is none.
func (n *node) orNull() *node {
	if n == nil {
		return &node{}
	}
	return n
}

// get finds the item of a map.
func (n *node) get(name string) (*node, key, bool) {
	for i, k := range n.keys {
		if k.name == name {
			return n.items[i], k, true
		}
	}
	return nil, key{}, false
}

// reader turns YAML nodes into ours and refuses what a pipeline file may not use.
type reader struct {
	faults *faults
	lines  []string
}

func (r *reader) read(y *yaml.Node, depth int) *node {
	n := &node{line: y.Line, col: y.Column}
	if depth > maxDepth {
		r.faults.add(fault.PipelineSyntax, n.line, n.col, "nested deeper than %d levels", maxDepth)
		return n
	}
	r.refuse(y)
	switch y.Kind {
	case yaml.MappingNode:
		n.kind = mapNode
		r.readMap(n, y, depth)
	case yaml.SequenceNode:
		n.kind = listNode
		for _, item := range y.Content {
			n.items = append(n.items, r.read(item, depth+1))
		}
	case yaml.ScalarNode:
		r.readScalar(n, y)
	}
	return n
}

// refuse reports the parts of YAML that hide what a file does.
func (r *reader) refuse(y *yaml.Node) {
	if y.Anchor != "" || y.Kind == yaml.AliasNode {
		r.faults.add(fault.PipelineSyntax, y.Line, y.Column, "anchors and aliases are not allowed").
			hint("write the value out where it is used")
	}
	if y.Style&yaml.TaggedStyle != 0 {
		r.faults.add(fault.PipelineSyntax, y.Line, y.Column, "tags such as !name are not allowed").
			hint("quote a value to make it a text")
	}
	if strings.HasPrefix(y.LineComment, "#{") {
		r.faults.add(fault.PipelineSyntax, y.Line, y.Column, "what follows #{ is a comment here").
			hint("write ${...}, or put the value in quotes")
	}
}

func (r *reader) readMap(n *node, y *yaml.Node, depth int) {
	seen := make(map[string]int, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, item := y.Content[i], y.Content[i+1]
		r.refuse(k)
		switch {
		case k.Kind != yaml.ScalarNode:
			r.faults.add(fault.PipelineSyntax, k.Line, k.Column, "a key must be a text")
			continue
		case k.Tag == "!!merge":
			r.faults.add(fault.PipelineSyntax, k.Line, k.Column, "merge keys are not allowed").
				hint("write the values out where they are used")
			continue
		}
		if first, twice := seen[k.Value]; twice {
			r.faults.add(fault.PipelineSyntax, k.Line, k.Column, "key %q is given twice, first in line %d", short(k.Value), first)
			continue
		}
		seen[k.Value] = k.Line
		written := key{name: k.Value, line: k.Line, col: k.Column}
		if k.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			written.quote = 1
		}
		n.keys = append(n.keys, written)
		n.items = append(n.items, r.read(item, depth+1))
	}
}

func (r *reader) readScalar(n *node, y *yaml.Node) {
	r.placeText(n, y)
	switch y.Tag {
	case "!!null":
	case "!!bool":
		n.value = strings.EqualFold(y.Value, "true")
	case "!!int", "!!float":
		n.value = r.number(n, y)
	default: // dates too: a pipeline has no other scalars than null, boolean, number and text
		n.value = y.Value
	}
}

// number reads a number. One with a leading zero stays a text: it is a code, not an amount.
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
	r.faults.add(fault.PipelineSyntax, n.line, n.col, "the number is out of range")
	return nil
}

// placeText notes where the text begins, so that a fault inside an expression has its own position.
func (r *reader) placeText(n *node, y *yaml.Node) {
	switch y.Style &^ yaml.TaggedStyle {
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		if r.holds(y.Line, y.Value) {
			n.textLine, n.textCol = y.Line, y.Column+1
		}
	case 0:
		if r.holds(y.Line, y.Value) {
			n.textLine, n.textCol = y.Line, y.Column
		}
	}
	if n.textLine == 0 {
		n.marks = r.marksOf(y)
	}
}

// longestLine is the longest line in which places of texts are looked for, in bytes.
const longestLine = 4096

// holds reports whether a text stands in a line as it is. Of lines that nobody writes by hand that is not
// asked: a hundred thousand texts in one line would take long.
func (r *reader) holds(line int, text string) bool {
	l := r.line(line)
	return len(l) <= longestLine && strings.Contains(l, text)
}

// line gives a line by its number, "" when there is none.
func (r *reader) line(no int) string {
	if no < 1 || no > len(r.lines) {
		return ""
	}
	return r.lines[no-1]
}

// place turns a position within the text of a scalar into one in the file.
func (n *node) place(file string, rel fault.Position) fault.Position {
	pos := fault.Position{File: file, Line: n.line, Column: n.col}
	rel = n.written(rel)
	switch {
	case rel.Line < 1 || rel.Column < 1:
	case len(n.marks) > 0:
		return n.marked(file, rel)
	case rel.Line == 1 && n.textLine == n.line && n.textLine > 0:
		pos.Column = n.textCol + rel.Column - 1
	}
	return pos
}

// short cuts a name from the file to what a message can show.
func short(name string) string {
	const longest = 60
	if len(name) <= longest {
		return name
	}
	return strings.ToValidUTF8(name[:longest], "") + "..."
}

package configs

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
)

// The limits of one layer: deeper or larger is no configuration.
const (
	maxDepth = 16
	maxFile  = 1 << 20
)

// origin says where a value came from.
type origin struct {
	text string // for people: default, config.yaml:12, environment PI_X, --set
	pos  fault.Position
}

// fault makes an error that starts with the origin.
func (o origin) fault(code fault.Code, format string, args ...any) *fault.Error {
	e := fault.New(code, format, args...)
	if o.pos.File != "" {
		return e.At(o.pos)
	}
	return e.In(o.text)
}

// layer collects what one source says: a tree of leaves, their origins and the faults.
type layer struct {
	tree    map[string]any
	origins map[string]origin
	faults  fault.List

	expand func(text string, o origin) (string, *fault.Error) // nil = values are taken as they are
	base   string                                             // where relative paths begin; empty = the working directory
	spell  func(path []string) string                         // how this source spells a key
	from   func(n *yaml.Node) origin
}

func newLayer() *layer {
	return &layer{tree: map[string]any{}, origins: map[string]origin{}, spell: display}
}

func (l *layer) add(o origin, p *problem, path []string) {
	e := o.fault(p.code, "%s %s", display(path), p.text)
	if p.hint != "" {
		e = e.WithHint("%s", p.hint)
	}
	l.faults = append(l.faults, e)
}

// section takes a mapping whose keys are fixed (t is a struct) or free (t is a map, or anything).
func (l *layer) section(n *yaml.Node, t reflect.Type, path []string) {
	if len(path) >= maxDepth {
		l.add(l.from(n), wrongType("nests deeper than %d levels", maxDepth), path)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, item := n.Content[i], n.Content[i+1]
		at := append(append([]string{}, path...), key.Value)
		switch {
		case key.Kind != yaml.ScalarNode || key.Value == "" || strings.ContainsFunc(key.Value, unicode.IsControl):
			l.add(l.from(key), wrongType("has a key that is not a name"), path)
			continue
		case seen[key.Value]:
			l.add(l.from(key), wrongValue("occurs twice"), at)
			continue
		}
		seen[key.Value] = true
		f, known := child(t, key.Value, item.Kind == yaml.MappingNode)
		switch {
		case !known:
			l.unknown(l.from(key), t, path, key.Value)
		case isNull(item) && f.free:
			l.add(l.from(item), wrongType("has no value; write {} for an empty one"), at)
		case isNull(item): // a fixed key without a value keeps what the layer below says
		default:
			l.value(item, f.kind, f.rules, at)
		}
	}
	if len(n.Content) == 0 && len(path) > 0 {
		l.put(path, map[string]any{}, l.from(n))
	}
}

// child finds the type of one key below t. A section takes keys that it does not know only when they
// are sections themselves.
func child(t reflect.Type, name string, isMap bool) (field, bool) {
	switch shapeOf(t) {
	case anyShape:
		return field{kind: t, free: true}, true
	case mapShape:
		return field{kind: t.Elem(), free: true}, true
	case sectionShape:
		rest := field{free: true}
		for _, f := range fieldsOf(t) {
			if f.remain {
				rest.kind = f.kind.Elem()
			} else if f.name == name {
				return f, true
			}
		}
		return rest, rest.kind != nil && isMap
	default:
		return field{}, false
	}
}

func (l *layer) value(n *yaml.Node, t reflect.Type, r rules, path []string) {
	o := l.from(n)
	s := shapeOf(t)
	switch n.Kind {
	case yaml.AliasNode:
		l.add(o, wrongType("uses a YAML alias; write the value out"), path)
	case yaml.MappingNode:
		if s == scalarShape || s == listShape {
			l.add(o, wrongType("has to be a %s, not a section", shapeName(t)), path)
			return
		}
		l.section(n, t, path)
	default:
		if s == sectionShape || s == mapShape {
			l.add(o, wrongType("has to be a section with keys"), path)
			return
		}
		l.leaf(n, t, r, path)
	}
}

func shapeName(t reflect.Type) string {
	if shapeOf(t) == listShape {
		return "list"
	}
	return "single value"
}

func (l *layer) leaf(n *yaml.Node, t reflect.Type, r rules, path []string) {
	o := l.from(n)
	v, bad := l.read(n, o)
	if bad != nil {
		l.faults = append(l.faults, bad)
		return
	}
	if _, p := convert(v, t, r); p != nil {
		l.add(o, p, path)
		return
	}
	l.put(path, l.rebase(v, t, r), o)
}

// rebase lets a relative path begin at the layer's own folder.
func (l *layer) rebase(v leaf, t reflect.Type, r rules) leaf {
	prefix, name := "", v.Text
	if t == reflect.TypeFor[secret.Value]() {
		var isFile bool
		if name, isFile = strings.CutPrefix(v.Text, "file:"); !isFile {
			return v
		}
		prefix = "file:"
	} else if r.form != "path" && r.form != "optional path" {
		return v
	}
	if l.base == "" || name == "" || filepath.IsAbs(name) {
		return v
	}
	v.Text = prefix + filepath.Join(l.base, name)
	v.Plain = v.Text
	return v
}

// read makes a leaf of a scalar or a list.
func (l *layer) read(n *yaml.Node, o origin) (leaf, *fault.Error) {
	if n.Kind == yaml.SequenceNode {
		out := leaf{IsList: true, Items: []string{}}
		plain := []any{}
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode || isNull(item) {
				return leaf{}, l.from(item).fault(fault.ConfigType, "a list holds single values only")
			}
			one, bad := l.read(item, l.from(item))
			if bad != nil {
				return leaf{}, bad
			}
			out.Items = append(out.Items, one.Text)
			plain = append(plain, one.Plain)
		}
		out.Plain = plain
		return out, nil
	}
	text := n.Value
	if l.expand != nil && strings.Contains(text, "$") {
		expanded, bad := l.expand(text, o)
		if bad != nil {
			return leaf{}, bad
		}
		if expanded != text {
			return leaf{Text: expanded, Plain: expanded}, nil
		}
	}
	var plain any
	if err := n.Decode(&plain); err != nil {
		plain = text
	}
	switch plain.(type) {
	case bool, int, float64, string:
	default: // a date or a number beyond int64
		plain = text
	}
	return leaf{Text: text, Plain: plain}, nil
}

func (l *layer) put(path []string, v any, o origin) {
	at := l.tree
	for _, p := range path[:len(path)-1] {
		next, ok := at[p].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[p] = next
		}
		at = next
	}
	last := path[len(path)-1]
	if empty, ok := v.(map[string]any); ok && len(empty) == 0 {
		if _, filled := at[last].(map[string]any); filled {
			return
		}
	}
	at[last] = v
	l.origins[joined(path)] = o
}

// unknown reports the key name below path; rest is what a variable or the command line wants below it.
func (l *layer) unknown(o origin, t reflect.Type, path []string, name string, rest ...string) {
	at := append(append(slices.Clone(path), name), rest...)
	e := o.fault(fault.ConfigUnknown, "unknown key %q", display(at))
	if near := l.nearest(t, path, name, rest); near != "" {
		e = e.WithHint(`did you mean %q?`, near)
	} else if open(t) {
		e = e.WithHint("a key with a name of its own has to be a section here")
	}
	l.faults = append(l.faults, e)
}

// nearest looks among the keys beside name, then among all.
func (l *layer) nearest(t reflect.Type, path []string, name string, rest []string) string {
	if n := fault.Nearest(name, names(t)); n != "" {
		whole := append(append(slices.Clone(path), n), rest...)
		if !slices.ContainsFunc(knownKeys(reflect.TypeFor[Config](), nil), func(k []string) bool { return slices.Equal(k, whole) }) {
			whole = whole[:len(path)+1]
		}
		return l.spell(whole)
	}
	if open(t) {
		return ""
	}
	var all []string
	for _, p := range knownKeys(reflect.TypeFor[Config](), nil) {
		if p[len(p)-1] == name { // the right key in the wrong section
			return l.spell(p)
		}
		all = append(all, display(p))
	}
	if n := fault.Nearest(display(append(append(slices.Clone(path), name), rest...)), all); n != "" {
		return l.spell(strings.Split(n, "."))
	}
	return ""
}

// open reports whether the section takes keys beside its fixed ones.
func open(t reflect.Type) bool {
	return slices.ContainsFunc(fieldsOf(t), func(f field) bool { return f.remain })
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// parse reads one YAML document; an empty text gives nil.
func parse(data []byte, file string) (*yaml.Node, *fault.Error) {
	if len(data) > maxFile {
		return nil, fault.New(fault.ConfigSyntax, "the file is larger than %s", Size(maxFile)).At(fault.Position{File: file})
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := d.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, syntaxFault(err, file)
	}
	if err := d.Decode(new(yaml.Node)); err == nil {
		return nil, fault.New(fault.ConfigSyntax, "the file holds more than one document").At(fault.Position{File: file})
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxFault(err, file)
	}
	root := doc.Content[0]
	if isNull(root) {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fault.New(fault.ConfigSyntax, "the file has to hold keys and values").
			At(fault.Position{File: file, Line: root.Line})
	}
	return root, nil
}

// syntaxFault takes the line out of the library's text.
func syntaxFault(err error, file string) *fault.Error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	pos := fault.Position{File: file}
	if _, scanErr := fmt.Sscanf(text, "line %d:", &pos.Line); scanErr == nil {
		_, text, _ = strings.Cut(text, ": ")
	}
	return fault.New(fault.ConfigSyntax, "%s", cmp.Or(text, "not YAML")).At(pos)
}

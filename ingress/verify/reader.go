package verify

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
)

// reader walks YAML nodes strictly and gathers faults with their lines.
type reader struct {
	file   string
	faults fault.List
}

func (r *reader) fault(n *yaml.Node, format string, args ...any) {
	at := fault.Position{File: r.file}
	if n != nil {
		at.Line, at.Column = n.Line, n.Column
	}
	r.faults = append(r.faults, fault.New(fault.PresetInvalid, format, args...).At(at))
}

func (r *reader) hint(name string, known []string) {
	last := len(r.faults) - 1
	r.faults[last] = r.faults[last].WithHint("%s", fault.DidYouMean(name, known))
}

// mapping calls the function of each field. Unknown and repeated fields and aliases are faults.
func (r *reader) mapping(n *yaml.Node, fields map[string]func(*yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.fault(n, "a map is needed here")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		set, known := fields[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || !known:
			r.fault(key, "unknown field %q", key.Value)
			names := make([]string, 0, len(fields))
			for name := range fields {
				names = append(names, name)
			}
			r.hint(key.Value, names)
		case seen[key.Value]:
			r.fault(key, "the field %q occurs twice", key.Value)
		case v.Kind == yaml.AliasNode || v.Anchor != "":
			r.fault(v, "anchors and aliases are not allowed")
		default:
			seen[key.Value] = true
			set(v)
		}
	}
}

func (r *reader) text(into *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
			r.fault(n, "a text is needed here; put it in quotes")
			return
		}
		*into = n.Value
	}
}

// scalar reads a text, a whole number, true or false as text.
func (r *reader) scalar(into *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!str" && n.Tag != "!!int" && n.Tag != "!!bool" || n.Value == "" {
			r.fault(n, "a text, a whole number, true or false is needed here")
			return
		}
		*into = n.Value
	}
}

func (r *reader) flag(into *bool) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
			r.fault(n, "true or false is needed here")
			return
		}
		*into = n.Value == "true"
	}
}

func (r *reader) path(into *dotted) func(*yaml.Node) {
	return func(n *yaml.Node) {
		var text string
		before := len(r.faults)
		if r.text(&text)(n); len(r.faults) > before {
			return
		}
		p, err := parsePath(text)
		if err == nil && p.many() {
			err = errors.New("a * is not allowed here")
		}
		if err != nil {
			r.fault(n, "%s", err)
		}
		*into = p
	}
}

func (r *reader) source(into *source, many bool) func(*yaml.Node) {
	return func(n *yaml.Node) {
		var text string
		before := len(r.faults)
		if r.text(&text)(n); len(r.faults) > before {
			return
		}
		var err error
		if *into, err = parseSource(text, many); err != nil {
			r.fault(n, "%s", err)
		}
	}
}

// items gives the items of a list.
func (r *reader) items(n *yaml.Node) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		r.fault(n, "a list is needed here")
		return nil
	}
	return n.Content
}

type pair struct {
	name string
	node *yaml.Node
}

// pairs gives the fields of a map whose names are free, in their order.
func (r *reader) pairs(n *yaml.Node) []pair {
	if n.Kind != yaml.MappingNode {
		r.fault(n, "a map is needed here")
		return nil
	}
	var out []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode || key.Value == "":
			r.fault(key, "a name is needed here")
		case v.Kind == yaml.AliasNode || v.Anchor != "":
			r.fault(v, "anchors and aliases are not allowed")
		case slices.ContainsFunc(out, func(p pair) bool { return p.name == key.Value }):
			r.fault(key, "the field %q occurs twice", key.Value)
		default:
			out = append(out, pair{key.Value, v})
		}
	}
	return out
}

func (r *reader) oneOf(into *string, allowed []string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		before := len(r.faults)
		r.text(into)(n)
		if len(r.faults) == before && !slices.Contains(allowed, n.Value) {
			r.fault(n, "%q is none of %s", n.Value, strings.Join(quoted(allowed), ", "))
			r.hint(n.Value, allowed)
		}
	}
}

func quoted(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = strconv.Quote(t)
	}
	return out
}

func (r *reader) header(into *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		before := len(r.faults)
		r.text(into)(n)
		if len(r.faults) > before {
			return
		}
		if err := checkHeader(n.Value); err != nil {
			r.fault(n, "%s", err)
		}
	}
}

func (r *reader) number(into *int, low, high int) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || v < low || v > high {
			r.fault(n, "a whole number from %d to %d is needed here", low, high)
			return
		}
		*into = v
	}
}

func (r *reader) time(into *time.Time) func(*yaml.Node) {
	return func(n *yaml.Node) {
		var err error
		if *into, err = time.Parse(time.RFC3339, n.Value); err != nil {
			r.fault(n, "an RFC 3339 time is needed here")
		}
	}
}

func (r *reader) seconds(into *time.Duration) func(*yaml.Node) {
	return func(n *yaml.Node) {
		var v int
		r.number(&v, 1, int(maxTolerance/time.Second))(n)
		*into = time.Duration(v) * time.Second
	}
}

// list reads a list of texts; allowed nil = any.
func (r *reader) list(n *yaml.Node, allowed []string, into *[]string) {
	if n.Kind != yaml.SequenceNode {
		r.fault(n, "a list is needed here")
		return
	}
	for _, item := range n.Content {
		var text string
		if allowed != nil {
			r.oneOf(&text, allowed)(item)
		} else {
			r.text(&text)(item)
		}
		*into = append(*into, text)
	}
}

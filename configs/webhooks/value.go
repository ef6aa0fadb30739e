package webhooks

import (
	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/value"
)

// value gives what a node stands for, as commands take it.
func (p *parser) value(n *yaml.Node) (any, bool) {
	if n.Anchor != "" || n.Kind == yaml.AliasNode {
		p.fault(n, "anchors and aliases are not allowed")
		return nil, false
	}
	switch n.Kind {
	case yaml.SequenceNode:
		return p.list(n)
	case yaml.MappingNode:
		return p.object(n)
	case yaml.ScalarNode:
		return p.scalar(n)
	default:
		p.fault(n, "a text, a number, a list or a map is needed here")
		return nil, false
	}
}

func (p *parser) list(n *yaml.Node) (any, bool) {
	out := make([]any, 0, len(n.Content))
	sound := true
	for _, item := range n.Content {
		v, ok := p.value(item)
		out, sound = append(out, v), sound && ok
	}
	return out, sound
}

func (p *parser) object(n *yaml.Node) (any, bool) {
	out := make(map[string]any, len(n.Content)/2)
	sound := true
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if _, twice := out[key.Value]; twice || key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			p.fault(key, "the name %q occurs twice, or is none", key.Value)
			sound = false
			continue
		}
		v, ok := p.value(n.Content[i+1])
		out[key.Value], sound = v, sound && ok
	}
	return out, sound
}

func (p *parser) scalar(n *yaml.Node) (any, bool) {
	switch n.Tag {
	case "!!str", "!!timestamp":
		return n.Value, true
	case "!!bool":
		return n.Value == "true" || n.Value == "True" || n.Value == "TRUE", true
	case "!!null":
		return nil, true
	case "!!int", "!!float":
		v, err := value.Number(n.Value)
		if err == nil {
			return v, true
		}
	}
	p.fault(n, "%q is no text, number, true or false; put a text in quotes", n.Value)
	return nil, false
}

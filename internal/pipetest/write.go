package pipetest

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/value"
)

// document is a map whose entries keep their order when it is written.
type document []entry

type entry struct {
	name  string
	value any
}

// yaml writes the document.
func (d document) yaml() []byte {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(yamlNode(d)); err != nil {
		return nil
	}
	return b.Bytes()
}

func yamlNode(v any) *yaml.Node {
	switch v := v.(type) {
	case document:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, e := range v {
			n.Content = append(n.Content, yamlText(e.name), yamlNode(e.value))
		}
		return n
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, name := range sortedNames(v) {
			n.Content = append(n.Content, yamlText(name), yamlNode(v[name]))
		}
		if len(v) == 0 {
			n.Style = yaml.FlowStyle
		}
		return n
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range v {
			n.Content = append(n.Content, yamlNode(item))
		}
		if len(v) == 0 {
			n.Style = yaml.FlowStyle
		}
		return n
	case string:
		return yamlText(v)
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: v.String()}
	}
	n := &yaml.Node{}
	if text, err := value.AppendJSON(nil, v); err == nil { // null, a number or a boolean has one form in both
		if yaml.Unmarshal(text, n) == nil && len(n.Content) == 1 {
			return n.Content[0]
		}
	}
	return n
}

func yamlText(text string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(text)
	if text == "<<" || strings.TrimSpace(text) != text || strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
		n.Style = yaml.DoubleQuotedStyle // other forms of a text lose some of its white space
	}
	return n
}

package configs

import (
	"reflect"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/secret"
)

// Key is the reference of one setting, taken from default.yaml and the types.
type Key struct {
	Key     string `json:"key"`     // store.dir
	Env     string `json:"env"`     // PI_STORE__DIR
	Type    string `json:"type"`    // text, number, boolean, duration, size, list, map, secret or section
	Default string `json:"default"` // as written in default.yaml; empty for sections and maps
	Allowed string `json:"allowed"` // values or range; empty = any
	Comment string `json:"comment"`
}

// Keys lists every setting in the order of default.yaml, sections before their keys.
func Keys() []Key {
	root, bad := parse(defaults, "default.yaml")
	if bad != nil {
		return nil // the embedded file is tested
	}
	return keysBelow(root, reflect.TypeFor[Config](), nil)
}

func keysBelow(n *yaml.Node, t reflect.Type, path []string) []Key {
	var out []Key
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		at := append(append([]string{}, path...), name.Value)
		f, known := child(t, name.Value, value.Kind == yaml.MappingNode)
		if !known {
			continue
		}
		k := Key{
			Key: display(at), Env: EnvPrefix + strings.ToUpper(strings.Join(at, "__")),
			Type: typeName(f.kind), Allowed: allowed(f.rules), Comment: comment(name.HeadComment),
		}
		switch value.Kind {
		case yaml.ScalarNode:
			k.Default = value.Value
		case yaml.SequenceNode:
			items := make([]string, len(value.Content))
			for j, item := range value.Content {
				items[j] = item.Value
			}
			k.Default = strings.Join(items, ", ")
		}
		out = append(out, k)
		if shapeOf(f.kind) == sectionShape {
			out = append(out, keysBelow(value, f.kind, at)...)
		}
	}
	return out
}

func comment(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimPrefix(line, "#"), " ")
	}
	return strings.Join(lines, "\n")
}

func allowed(r rules) string {
	switch {
	case len(r.values) > 0:
		return oneOf(r.values)
	case r.min != "" && r.max != "":
		return r.min + " to " + r.max
	case r.min != "":
		return r.min + " or more"
	case r.max != "":
		return r.max + " or less"
	}
	return map[string]string{"address": "host:port", "url": "URL or empty", "required": "not empty", "path": "path", "optional path": "path or empty", "networks": "addresses and networks", "zone": "time zone"}[r.form]
}

func typeName(t reflect.Type) string {
	switch shapeOf(t) {
	case sectionShape:
		return "section"
	case mapShape, anyShape:
		return "map"
	case listShape:
		return "list"
	}
	switch t {
	case reflect.TypeFor[secret.Value]():
		return "secret"
	case reflect.TypeFor[time.Duration]():
		return "duration"
	case reflect.TypeFor[Size]():
		return "size"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "boolean"
	default:
		return "number"
	}
}

package plugin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Type says what a parameter takes. Types are joined with |: Text|List takes either.
type Type uint8

// Any takes everything. It is the zero Type.
const Any Type = 0

// The other types.
const (
	Text    Type = 1 << iota
	Number       // any number
	Integer      // a whole number
	Boolean
	List
	Map
)

// names gives the names of JSON Schema.
func (t Type) names() []string {
	var out []string
	for i, name := range [...]string{"string", "number", "integer", "boolean", "array", "object"} {
		if t&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// String gives the names of JSON Schema joined by |.
func (t Type) String() string {
	if t == Any {
		return "any"
	}
	return strings.Join(t.names(), "|")
}

// Param describes one parameter.
type Param struct {
	Name     string
	Type     Type
	Required bool
	Default  any // nil = none
	Summary  string
	Enum     []string // allowed values of a text
	Aliases  []string // other accepted names
	Literal  bool     // an expression is a load error
	Secret   bool     // never shown: not in errors, logs or records
}

// property is a Param in the schema.
type property struct {
	Type        any      `json:"type,omitempty"`
	Description string   `json:"description,omitempty"`
	Default     any      `json:"default,omitempty"`
	Enum        []string `json:"enum,omitempty"`
	Aliases     []string `json:"aliases,omitempty"`
	Literal     bool     `json:"literal,omitempty"`
	Secret      bool     `json:"secret,omitempty"`
}

// schema gives params as a JSON Schema whose properties keep their order.
func schema(params []Param, open bool) (json.RawMessage, error) {
	var b bytes.Buffer
	b.WriteString(`{"type":"object","properties":{`)
	required := []string{}
	for i, p := range params {
		prop := property{
			Description: p.Summary, Default: p.Default, Enum: p.Enum,
			Aliases: p.Aliases, Literal: p.Literal, Secret: p.Secret,
		}
		switch names := p.Type.names(); len(names) {
		case 0:
		case 1:
			prop.Type = names[0]
		default:
			prop.Type = names
		}
		name, err := json.Marshal(p.Name)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(prop)
		if err != nil {
			return nil, fmt.Errorf("parameter %q: %w", p.Name, err)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(text)
		if p.Required {
			required = append(required, p.Name)
		}
	}
	b.WriteByte('}')
	if len(required) > 0 {
		text, err := json.Marshal(required)
		if err != nil {
			return nil, err
		}
		b.WriteString(`,"required":`)
		b.Write(text)
	}
	if !open {
		b.WriteString(`,"additionalProperties":false`)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

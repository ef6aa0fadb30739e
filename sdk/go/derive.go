package plugin

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// ParamTyper is implemented by a parameter's Go type that reads more than its kind shows, such as
// [TextList].
type ParamTyper interface {
	ParamType() Type
}

// derive reads the parameters from the fields of a struct, see [Typed].
func derive(t reflect.Type) ([]Param, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("parameters need a struct, not a %s; a handler without parameters takes struct{}", t.Kind())
	}
	params := make([]Param, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if f.Anonymous || !f.IsExported() {
			return nil, fmt.Errorf("field %s: parameters need plain exported fields", f.Name)
		}
		if name == "" {
			return nil, fmt.Errorf("field %s: the json tag with the parameter's name is missing", f.Name)
		}
		p := Param{Name: name, Summary: f.Tag.Get("doc")}
		var err error
		if p.Type, err = typeOf(f.Type); err == nil {
			err = p.readTag(f.Tag.Get("plugin"))
		}
		if err != nil {
			return nil, fmt.Errorf("parameter %q: %w", name, err)
		}
		params = append(params, p)
	}
	return params, nil
}

func (p *Param) readTag(tag string) error {
	if tag == "" {
		return nil
	}
	for word := range strings.SplitSeq(tag, ",") {
		key, val, _ := strings.Cut(word, "=")
		switch key {
		case "required":
			p.Required = true
		case "literal":
			p.Literal = true
		case "secret":
			p.Secret = true
		case "alias":
			p.Aliases = append(p.Aliases, val)
		case "enum":
			p.Enum = strings.Split(val, "|")
		case "default":
			if p.Type == Text {
				p.Default = val
			} else if err := json.Unmarshal([]byte(val), &p.Default); err != nil {
				return fmt.Errorf("the default is not a JSON value")
			}
		default:
			return fmt.Errorf("the plugin tag has an unknown word %q", key)
		}
	}
	return nil
}

func typeOf(t reflect.Type) (Type, error) {
	if v, ok := reflect.Zero(t).Interface().(ParamTyper); ok {
		return v.ParamType(), nil
	}
	if t == reflect.TypeFor[json.RawMessage]() {
		return Any, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeOf(t.Elem())
	case reflect.Interface:
		return Any, nil
	case reflect.String:
		return Text, nil
	case reflect.Bool:
		return Boolean, nil
	case reflect.Float32, reflect.Float64:
		return Number, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return Integer, nil
	case reflect.Slice, reflect.Array:
		return List, nil
	case reflect.Map, reflect.Struct:
		return Map, nil
	default:
		return Any, fmt.Errorf("a %s cannot be a parameter", t.Kind())
	}
}

// TextList is a parameter that takes a list of texts or one text, which becomes a list of one.
type TextList []string

// ParamType says that a text and a list are taken.
func (TextList) ParamType() Type { return Text | List }

// UnmarshalJSON reads a text, a list of texts or null.
func (l *TextList) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		*l = TextList{s}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(l))
}

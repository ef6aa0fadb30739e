package wasm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/value"
)

const maxParams = 256

var paramForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

// parseParams reads the subset of JSON Schema that describes parameters, in the order of its properties. A missing
// schema means a command without parameters. A keyword that it does not know is an error: it might be a constraint
// that nobody would then check.
func parseParams(schema []byte) (params []command.Param, open bool, err error) {
	if len(schema) == 0 || string(schema) == "null" {
		return nil, false, nil
	}
	var s struct {
		Type       string          `json:"type"`
		Properties json.RawMessage `json:"properties"`
		Required   []string        `json:"required"`
		Additional *bool           `json:"additionalProperties"`
	}
	if err := strict(schema, &s, "title", "description", "$schema", "$comment"); err != nil {
		return nil, false, err
	}
	if s.Type != "object" {
		return nil, false, errors.New(`the type of the schema is not "object"`)
	}
	if len(s.Properties) > 0 {
		if params, err = parseProperties(s.Properties); err != nil {
			return nil, false, err
		}
	}
	for _, name := range s.Required {
		i := slices.IndexFunc(params, func(p command.Param) bool { return p.Name == name })
		if i < 0 {
			return nil, false, fmt.Errorf("required parameter %q has no property", name)
		}
		params[i].Required = true
	}
	return params, s.Additional == nil || *s.Additional, checkNames(params)
}

func checkNames(params []command.Param) error {
	common := command.CommonParams()
	seen := map[string]bool{}
	for i := range params {
		for _, name := range append([]string{params[i].Name}, params[i].Aliases...) {
			switch {
			case !paramForm.MatchString(name):
				return errors.New("a parameter's name does not begin with a letter, or holds more than letters, digits and _")
			case slices.ContainsFunc(common, func(c command.Param) bool { return c.Name == name }):
				return fmt.Errorf("parameter %q has a name that every command already has", name)
			case seen[name]:
				return fmt.Errorf("the name %q belongs to two parameters", name)
			}
			seen[name] = true
		}
	}
	return nil
}

// parseProperties keeps the order of the text, which is the one that people see.
func parseProperties(object []byte) ([]command.Param, error) {
	d := jsontext.NewDecoder(bytes.NewReader(object))
	if tok, err := d.ReadToken(); err != nil || tok.Kind() != jsontext.KindBeginObject {
		return nil, errors.New("properties is not an object")
	}
	var params []command.Param
	for d.PeekKind() != jsontext.KindEndObject {
		tok, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := tok.String()
		property, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		p, err := parseProperty(property)
		if err != nil {
			return nil, fmt.Errorf("parameter %q: %w", name, err)
		}
		p.Name = name
		if params = append(params, p); len(params) > maxParams {
			return nil, fmt.Errorf("more than %d parameters", maxParams)
		}
	}
	return params, nil
}

func parseProperty(data []byte) (command.Param, error) {
	var s struct {
		Type        json.RawMessage `json:"type"`
		Description string          `json:"description"`
		Default     json.RawMessage `json:"default"`
		Enum        []string        `json:"enum"`
		Aliases     []string        `json:"aliases"`
		Literal     bool            `json:"literal"`
		Secret      bool            `json:"secret"`
	}
	if err := strict(data, &s, "title", "examples", "items", "properties", "additionalProperties", "$comment"); err != nil {
		return command.Param{}, err
	}
	p := command.Param{
		Summary: s.Description, Enum: s.Enum, Aliases: s.Aliases, Literal: s.Literal, Secret: s.Secret,
	}
	if !goodText(s.Description) {
		return p, errors.New("its description is too long or holds control characters")
	}
	var err error
	if p.Type, err = paramType(s.Type); err != nil {
		return p, err
	}
	if len(s.Enum) > 0 && p.Type != command.TypeText {
		return p, errors.New("enum is for texts")
	}
	if len(s.Default) > 0 {
		if p.Default, err = value.Decode(s.Default); err != nil {
			return p, err
		}
	}
	return p, nil
}

// paramType maps the types of JSON Schema. More than one, or none, is any type.
func paramType(data []byte) (command.Type, error) {
	if len(data) == 0 {
		return command.TypeAny, nil
	}
	names := make([]string, 1)
	if json.Unmarshal(data, &names[0]) != nil {
		if err := json.Unmarshal(data, &names); err != nil {
			return "", errors.New("its type is neither a name nor a list of names")
		}
	}
	found := command.TypeAny
	for _, name := range names {
		t, known := map[string]command.Type{
			"string": command.TypeText, "number": command.TypeNumber, "integer": command.TypeNumber,
			"boolean": command.TypeBoolean, "array": command.TypeList, "object": command.TypeMap,
		}[name]
		if !known && name != "null" {
			return "", errors.New("its type is unknown")
		}
		found = t
	}
	if len(names) != 1 || found == "" {
		return command.TypeAny, nil
	}
	return found, nil
}

// strict decodes an object into target and refuses names that target does not have and that are not
// merely words for people, which annotations lists.
func strict(data []byte, target any, annotations ...string) error {
	var names map[string]json.RawMessage
	if err := json.Unmarshal(data, &names); err != nil || names == nil {
		return errors.New("not an object")
	}
	for _, a := range annotations {
		delete(names, a)
	}
	rest, err := json.Marshal(names)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(rest))
	d.DisallowUnknownFields()
	if err := d.Decode(target); err != nil {
		return errors.New("a keyword is unknown or has the wrong type")
	}
	return nil
}

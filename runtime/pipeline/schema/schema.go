package schema

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

const draft = "http://json-schema.org/draft-07/schema#"

// object is a part of a schema.
type object = map[string]any

// Text writes a schema, the same for the same schema.
func Text(schema map[string]any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(schema)
	return b.Bytes(), err
}

// builder gathers the definitions that a schema refers to.
type builder struct {
	commands    map[string]*command.Spec // those that are steps, by their present name
	triggers    map[string]*command.Spec
	language    map[string]bool   // commands that belong to the language
	old         map[string]string // present names of commands, by other names
	definitions object
}

func newBuilder(registry *command.Registry) *builder {
	b := &builder{commands: map[string]*command.Spec{}, triggers: map[string]*command.Spec{}, language: map[string]bool{}, old: map[string]string{}, definitions: object{}}
	add := func(into map[string]*command.Spec, s *command.Spec) {
		into[s.Name] = s
		for _, alias := range s.Aliases {
			b.old[alias] = s.Name
		}
	}
	for _, d := range registry.Definitions() {
		add(b.commands, &d.Spec)
	}
	for _, s := range pipeline.FlowCommands() {
		add(b.commands, &s)
		b.language[s.Name] = true
	}
	for _, s := range pipeline.TriggerCommands() {
		add(b.triggers, &s)
		b.language[s.Name] = true
	}
	for name, present := range pipeline.OldNames() {
		if _, known := b.commands[present]; known {
			b.old[name] = present
		}
	}
	return b
}

// Pipeline gives the schema of pipeline files.
func Pipeline(registry *command.Registry) map[string]any {
	b := newBuilder(registry)
	return b.finish(object{
		"title":                "Pipeline",
		"description":          "A pipeline: what starts it, and the commands that are executed one after the other.",
		"type":                 "object",
		"required":             []string{"pipeline"},
		"additionalProperties": false,
		"properties": object{
			"headers": b.headers(),
			"vars":    object{"description": "Variables: names and values, which may hold expressions.", "type": []string{"object", "null"}},
			"body":    object{"description": "The first body, where no event brings one."},
			"pipeline": object{
				"description":     "The commands. The first may be one that starts the pipeline, such as event.listen.",
				"type":            "array",
				"minItems":        1,
				"items":           []any{b.first()},
				"additionalItems": b.step(),
			},
		},
	})
}

// Command gives the schema of the parameters of one command, under any of its names. The error has
// fault.CommandUnknown.
func Command(registry *command.Registry, name string) (map[string]any, error) {
	b := newBuilder(registry)
	present := name
	if p, old := b.old[name]; old {
		present = p
	}
	spec := b.commands[present]
	if spec == nil {
		spec = b.triggers[present]
	}
	if spec == nil {
		known := slices.Concat(slices.Collect(maps.Keys(b.commands)), slices.Collect(maps.Keys(b.triggers)), slices.Collect(maps.Keys(b.old)))
		slices.Sort(known)
		return nil, fault.New(fault.CommandUnknown, "unknown command %q", name).WithHint("%s", fault.DidYouMean(name, known))
	}
	out := b.params(spec)
	out["title"] = spec.Name
	describe(out, spec.Summary, CommandText(spec))
	return b.finish(out), nil
}

// Webhook gives the schema of files that declare a webhook, which has these settings.
func Webhook(settings []command.Param) map[string]any {
	reference := object{"type": "string", "pattern": "^(?:env|file|sha256):."}
	properties := object{
		"id":      described(object{"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"}, "Name of the webhook for people and commands; default is the name of the file."),
		"version": described(object{"const": 1}, "Version of the form of this file."),
		"token": described(object{"anyOf": []any{reference, object{"type": "array", "items": reference, "minItems": 1, "maxItems": 2}}},
			"The token in the address: env:NAME, file:PATH or sha256:HEX. A list of two while it is being changed."),
	}
	for i := range settings {
		addParam(properties, &settings[i], paramSchema(&settings[i]))
	}
	return object{
		"$schema": draft, "title": "Webhook", "description": "A webhook that the server keeps.",
		"type": "object", "required": []string{"token"}, "additionalProperties": false, "properties": properties,
	}
}

func (b *builder) finish(out object) object {
	out["$schema"] = draft
	if len(b.definitions) > 0 {
		out["definitions"] = b.definitions
	}
	return out
}

// ref refers to a definition, which is made once.
func (b *builder) ref(name string, build func() object) object {
	if _, made := b.definitions[name]; !made {
		b.definitions[name] = nil // a definition may refer to itself
		b.definitions[name] = build()
	}
	return object{"$ref": "#/definitions/" + name}
}

// steps is a list of commands.
func (b *builder) steps() object {
	return b.ref("steps", func() object {
		return object{"description": "Commands.", "type": []string{"array"}, "items": b.step()}
	})
}

// step is one command that starts nothing.
func (b *builder) step() object {
	return b.ref("step", func() object { return b.oneOf(b.commands) })
}

// first is the first command of a file.
func (b *builder) first() object {
	return b.ref("first", func() object {
		all := maps.Clone(b.commands)
		maps.Copy(all, b.triggers)
		return b.oneOf(all)
	})
}

const version = ":v[1-9][0-9]{0,3}"

// oneOf is a command in any of its forms: a name alone, or a map of one name and what belongs to it.
func (b *builder) oneOf(specs map[string]*command.Spec) object {
	properties, versions := object{}, object{}
	var alone []string
	add := func(name string, spec *command.Spec, item object) {
		properties[name] = item
		versions["^"+regexp.QuoteMeta(name)+version+"$"] = item
		if !needs(spec) {
			alone = append(alone, regexp.QuoteMeta(name))
		}
	}
	for name, spec := range specs {
		add(name, spec, b.ref("command."+name, func() object { return b.call(spec) }))
	}
	for name, present := range b.old {
		if spec := specs[present]; spec != nil {
			add(name, spec, object{
				"allOf": []any{b.ref("command."+present, func() object { return b.call(spec) })}, "deprecationMessage": "write " + present, "doNotSuggest": true,
			})
		}
	}
	slices.Sort(alone)
	return object{
		"type":                 []string{"object", "string"},
		"pattern":              "^(?:" + strings.Join(alone, "|") + ")(?:" + version + ")?$",
		"patternErrorMessage":  "This is no command that can stand alone, without parameters.",
		"properties":           properties,
		"patternProperties":    versions,
		"additionalProperties": false,
		"minProperties":        1,
		"maxProperties":        1,
	}
}

func needs(spec *command.Spec) bool {
	return slices.ContainsFunc(spec.Params, func(p command.Param) bool { return p.Required && p.Default == nil })
}

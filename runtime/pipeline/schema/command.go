package schema

import (
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/pipeline"
)

// call is what stands behind the name of a command: a map of its parameters, the value of its short form, or
// nothing.
func (b *builder) call(spec *command.Spec) object {
	if b.closing(spec) {
		return describe(object{"type": "null"}, spec.Summary, CommandText(spec))
	}
	params := b.params(spec)
	if !needs(spec) {
		params["type"] = []string{"object", "null"}
	}
	if spec.Shorthand == "" {
		return describe(params, spec.Summary, CommandText(spec))
	}
	short := b.shortForm(spec)
	return describe(object{"anyOf": []any{params, short}}, spec.Summary, CommandText(spec))
}

// shortForm is a scalar or list in place of the map of parameters.
func (b *builder) shortForm(spec *command.Spec) object {
	p, _ := spec.Param(spec.Shorthand)
	schema := b.own(spec, p)
	if types, ok := schema["type"].([]string); ok && len(schema) > 0 {
		types = slices.DeleteFunc(slices.Clone(types), func(t string) bool { return t == "object" || t == "null" })
		schema["type"] = types
		return schema
	}
	if _, shaped := schema["$ref"]; shaped {
		return schema
	}
	schema["type"] = []string{"string", "number", "boolean", "array"}
	return schema
}

// params is the map of parameters: those of the command's own, then the common ones that it takes.
func (b *builder) params(spec *command.Spec) object {
	properties := object{}
	out := object{"type": "object", "properties": properties, "additionalProperties": false}
	var required []string
	var either []any
	for i := range spec.Params {
		p := &spec.Params[i]
		addParam(properties, p, b.own(spec, p))
		switch {
		case !p.Required || p.Default != nil:
		case len(p.Aliases) == 0:
			required = append(required, p.Name)
		default:
			var ways []any
			for _, name := range append([]string{p.Name}, p.Aliases...) {
				ways = append(ways, object{"required": []string{name}})
			}
			either = append(either, object{"anyOf": ways})
		}
	}
	for _, p := range command.CommonParams() {
		if b.takes(spec, p.Name) {
			properties[p.Name] = b.ref("common."+p.Name, func() object { return annotate(b.common(&p), &p, ParamText(&p)) })
		}
	}
	if required != nil {
		out["required"] = required
	}
	if either != nil {
		out["allOf"] = either
	}
	if spec.Open {
		delete(out, "additionalProperties")
	}
	return out
}

func (b *builder) takes(spec *command.Spec, common string) bool {
	if b.language[spec.Name] {
		return pipeline.TakesCommon(spec.Name, common)
	}
	return common != "output" || spec.Result != ""
}

// closing reports whether the command only marks a place.
func (b *builder) closing(spec *command.Spec) bool {
	return b.language[spec.Name] && len(spec.Params) == 0 && !pipeline.TakesCommon(spec.Name, "id")
}

// own is a parameter that the command itself has.
func (b *builder) own(spec *command.Spec, p *command.Param) object {
	if b.language[spec.Name] {
		if shape, special := b.shape(spec.Name, p.Name); special {
			return shape
		}
	}
	return paramSchema(p)
}

// CommandText describes a command for people, in Markdown.
func CommandText(spec *command.Spec) string {
	var b strings.Builder
	b.WriteString("**" + spec.Name + "** — " + spec.Summary)
	if spec.Shorthand != "" {
		b.WriteString("\n\nShort form: `" + spec.Name + ": VALUE` sets `" + spec.Shorthand + "`.")
	}
	if spec.Result != "" {
		b.WriteString("\n\nResult: " + spec.Result)
	}
	for _, ex := range spec.Examples {
		if ex.WantCode == "" {
			b.WriteString("\n\n```yaml\n" + strings.TrimSpace(ex.Pipeline) + "\n```")
			break
		}
	}
	return b.String()
}

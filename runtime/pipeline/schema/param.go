package schema

import (
	"strings"
	"unicode"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/value"
)

// expression is a pattern of texts that hold an expression, behind any sign that exprPrefix may name.
const expression = `[$#%&!?~^+=§]\{`

// paramSchema is the schema of a value as command.Param.Check takes it, or of an expression for it.
func paramSchema(p *command.Param) object {
	out := object{}
	dynamic := "|" + expression
	if p.Literal {
		dynamic = ""
	}
	switch p.Type {
	case command.TypeText:
		out["type"] = []string{"string", "number", "boolean"}
		if p.Literal {
			out["not"] = object{"type": "string", "pattern": `[$#]\{`}
		}
		if len(p.Enum) > 0 {
			forms := []any{object{"enum": p.Enum}, object{"type": "string", "pattern": "^(?:" + anyCase(p.Enum) + ")$" + dynamic}}
			if !p.Required {
				forms = append(forms, object{"type": "null"})
			}
			out = object{"anyOf": forms}
		}
	case command.TypeNumber:
		out["type"] = []string{"number", "string"}
		out["pattern"] = `^[-+.0-9eE]+$` + dynamic
	case command.TypeBoolean:
		out["type"] = []string{"boolean", "string"}
		out["pattern"] = "^(?:" + anyCase([]string{"true", "false"}) + ")$" + dynamic
	case command.TypeList:
		out["type"] = []string{"array", "string"}
	case command.TypeMap:
		out["type"] = []string{"object"}
		if !p.Literal {
			out["type"] = []string{"object", "string"}
			out["pattern"] = expression
		}
	case command.TypeDuration:
		out["type"] = []string{"number", "string"}
		out["minimum"] = 0
		out["pattern"] = `^\+?(?:[0-9]*\.?[0-9]+(?:ns|us|µs|μs|ms|s|m|h))+$|^\+?[.0-9eE+]+$` + dynamic
	}
	if types, ok := out["type"].([]string); ok && !p.Required { // null stands for "not given"
		out["type"] = append(types, "null")
	}
	return out
}

// anyCase is a pattern of the words in any case: JSON Schema has no flag for that.
func anyCase(words []string) string {
	var b strings.Builder
	for i, word := range words {
		if i > 0 {
			b.WriteByte('|')
		}
		for _, r := range word {
			switch lower, upper := unicode.ToLower(r), unicode.ToUpper(r); {
			case lower != upper:
				b.WriteString("[" + string(lower) + string(upper) + "]")
			case unicode.IsDigit(r):
				b.WriteRune(r)
			default:
				b.WriteString("[" + string(r) + "]")
			}
		}
	}
	return b.String()
}

// addParam puts a parameter under all its names; those that are not its first are not proposed.
func addParam(properties object, p *command.Param, schema object) {
	text := ParamText(p)
	properties[p.Name] = annotate(schema, p, text)
	for _, alias := range p.Aliases {
		again := annotate(schema, p, "Another name of `"+p.Name+"`. "+text)
		again["deprecated"], again["doNotSuggest"] = true, true
		properties[alias] = again
	}
}

// annotate adds what people read; a reference takes nothing beside it.
func annotate(schema object, p *command.Param, text string) object {
	out := object{}
	if _, isRef := schema["$ref"]; isRef {
		out["allOf"] = []any{schema}
	} else {
		for k, v := range schema {
			out[k] = v
		}
	}
	describe(out, p.Summary, text)
	if p.Default != nil {
		out["default"] = p.Default
	}
	if p.Deprecated != "" {
		out["deprecationMessage"] = p.Deprecated
	}
	return out
}

// ParamText describes a parameter for people, in Markdown.
func ParamText(p *command.Param) string {
	var b strings.Builder
	b.WriteString("**" + p.Name + "**: " + string(p.Type))
	if p.Required {
		b.WriteString(", required")
	}
	if text, err := value.AppendJSON(nil, p.Default); p.Default != nil && err == nil {
		b.WriteString(", default `" + string(text) + "`")
	}
	b.WriteString("\n\n" + p.Summary)
	if len(p.Enum) > 0 {
		b.WriteString("\n\nOne of `" + strings.Join(p.Enum, "`, `") + "`.")
	}
	if p.Literal {
		b.WriteString("\n\nIt is written out: an expression is not taken.")
	}
	return b.String()
}

func describe(out object, plain, markdown string) object {
	out["description"], out["markdownDescription"] = plain, markdown
	return out
}

func described(out object, text string) object {
	out["description"] = text
	return out
}

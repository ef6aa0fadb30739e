package schema

import (
	"slices"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/pipeline"
)

// shape gives the schema of a parameter of the language that its type does not tell: commands, conditions and
// what belongs to failures.
func (b *builder) shape(name, param string) (object, bool) {
	switch name + " " + param {
	case "if then", "if else", "foreach do", "while do", "do do", "except do", "parallel do":
		return b.steps(), true
	case "if true", "while true", "assert true", "assert false":
		return b.ref("condition", condition), true
	case "macro do":
		return object{"anyOf": []any{b.steps(), object{"type": []string{"string", "number", "boolean"}}}}, true
	case "finally do":
		return object{"anyOf": []any{b.steps(), object{"type": []string{"string", "null"}}}}, true
	case "parallel branches":
		return object{"type": []string{"object", "array"}, "items": b.steps(), "additionalProperties": b.steps(), "maxItems": 1000, "maxProperties": 1000}, true
	case "parallel limit":
		return object{"type": []string{"integer", "null"}, "minimum": 1, "maximum": 64}, true
	case "while max":
		return object{"type": []string{"integer", "null"}, "minimum": 1, "maximum": 1_000_000}, true
	case "switch cases":
		return object{"type": "array", "minItems": 1, "items": object{
			"type": "object", "required": []string{"when", "then"}, "additionalProperties": false,
			"properties": object{"when": b.ref("condition", condition), "then": b.steps()},
		}}, true
	case "except type":
		return b.ref("failures", failures), true
	}
	return nil, false
}

// common is one of the parameters that all commands take.
func (b *builder) common(p *command.Param) object {
	switch p.Name {
	case "id":
		return object{"type": []string{"string"}, "minLength": 1, "maxLength": 64, "not": object{"pattern": `[$#]\{`}}
	case "if":
		return b.ref("condition", condition)
	case "eval":
		return object{"type": []string{"string"}}
	case "output":
		return object{"type": []string{"string"}, "pattern": `^\s*(?:vars|body)\b|` + expression}
	case "onError":
		return b.ref("onError", onError)
	case "retry":
		return b.ref("retry", retry)
	case "timeout":
		out := paramSchema(p)
		out["type"] = []string{"number", "string"}
		return out
	}
	return paramSchema(p)
}

// condition is one expression, or true or false.
func condition() object {
	return object{
		"description":         "One expression: `${...}`.",
		"type":                []string{"string", "number", "boolean", "null"},
		"pattern":             `^\s*$|^\s*(?:` + anyCase([]string{"true", "false"}) + `)\s*$|` + expression,
		"patternErrorMessage": "This condition is a text, which is always true: write the expression in ${...}.",
	}
}

// failures names failures: a code, the beginning of codes, or a list of them.
func failures() object {
	one := object{"type": "string", "pattern": `^[\sA-Za-z0-9_.,*-]*$`}
	return object{"anyOf": []any{one, object{"type": "array", "items": one}, object{"type": "null"}}}
}

var seconds = object{ //nolint:gochecknoglobals // constant data
	"type": []string{"number", "string"}, "minimum": 0, "pattern": `^\+?(?:[0-9]*\.?[0-9]+(?:ns|us|µs|μs|ms|s|m|h))+$|^\+?0$`,
	"description": "A number of seconds, or a text with a unit such as 500ms.",
}

var times = object{"type": "integer", "minimum": 1, "maximum": 100, "description": "How often the step is repeated."} //nolint:gochecknoglobals // constant data

// actions are names of what happens after a failure, in any case.
func actions(names ...string) object {
	return object{"type": "string", "anyOf": []any{object{"enum": names}, object{"pattern": "^(?:" + anyCase(names) + ")$"}}}
}

func onError() object {
	pipelineName := object{"type": "string", "description": "The pipeline that takes back what was done."}
	rollback := object{
		"type": "object", "required": []string{"action", "pipeline"}, "additionalProperties": false,
		"properties": object{"action": actions("ROLLBACK"), "pipeline": pipelineName},
	}
	plain := object{
		"type": "object", "required": []string{"action"}, "additionalProperties": false,
		"properties": object{"action": actions("THROW", "IGNORE", "LOG")},
	}
	repeat := object{
		"type": "object", "required": []string{"action"}, "additionalProperties": false,
		"properties": object{
			"action": actions("RETRY"), "times": times, "wait": seconds,
			"then": object{"description": "What happens when the last try fails, too.", "anyOf": []any{actions("THROW", "IGNORE", "LOG"), plain, rollback}},
		},
	}
	json := object{"type": "string", "pattern": `^\s*\{`, "description": "The long form as JSON."}
	return object{"anyOf": []any{actions("THROW", "IGNORE", "LOG", "RETRY"), repeat, rollback, plain, json}}
}

func retry() object {
	return object{"anyOf": []any{
		times,
		object{
			"type": "object", "additionalProperties": false,
			"properties": object{
				"attempts": object{"type": "integer", "minimum": 2, "maximum": 100, "description": "How often the step is tried, with the first try."},
				"times":    times, "wait": seconds, "maxWait": seconds,
				"backoff": object{
					"description": "The wait is multiplied by it each time: constant, exponential, or a number from 1 to 10.",
					"anyOf":       []any{object{"enum": []string{"constant", "exponential"}}, object{"type": "number", "minimum": 1, "maximum": 10}},
				},
				"jitter": object{"description": "Share of the wait that is random: true, false, or from 0 to 1.", "type": []string{"boolean", "number"}, "minimum": 0, "maximum": 1},
				"on":     failures(),
				"from":   object{"description": "Where a repetition begins.", "enum": []string{"step", "start"}},
			},
		},
	}}
}

// headers is the section of that name.
func (b *builder) headers() object {
	properties := object{}
	for _, p := range pipeline.HeaderParams() {
		addParam(properties, &p, b.header(&p))
	}
	for _, name := range pipeline.RefusedHeaders() {
		properties[name] = object{"not": object{}, "description": "This header is not supported.", "doNotSuggest": true}
	}
	return object{
		"description": "Configuration of the runs. Names that the language does not know are the author's own.",
		"type":        []string{"object", "null"}, "properties": properties,
		"additionalProperties": object{"type": []string{"string", "number", "boolean", "null"}},
	}
}

func (b *builder) header(p *command.Param) object {
	switch p.Name {
	case "onError":
		return b.ref("onError", onError)
	case "runWhen":
		return b.ref("condition", condition)
	case "exprPrefix":
		signs := slices.Clone(p.Enum)
		for _, sign := range p.Enum {
			signs = append(signs, sign+"{")
		}
		return object{"type": "string", "enum": signs}
	case "tracing":
		return object{"enum": []any{true, false, "true", "false"}}
	case "description":
		return object{"type": []string{"string", "number", "boolean", "null"}, "maxLength": 250}
	}
	return object{"type": []string{"string", "number", "boolean", "null"}}
}

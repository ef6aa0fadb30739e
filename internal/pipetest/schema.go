package pipetest

// Schema gives a JSON Schema (draft-07) of test files, for editors.
func Schema() map[string]any {
	format := Format()
	out := schemaOf(&format)
	out["$schema"], out["title"] = "http://json-schema.org/draft-07/schema#", "Tests of a pipeline"
	return out
}

// schemaOf is the schema of one field, as the parser's check takes it.
func schemaOf(f *Field) map[string]any {
	out := map[string]any{}
	switch f.Kind {
	case KindMap:
		out = schemaOfMap(f)
	case KindList:
		out["type"], out["items"] = "array", schemaOf(f.Item)
	case KindText:
		out["type"], out["minLength"] = "string", 1
		if len(f.Enum) > 0 {
			out["enum"] = f.Enum
		}
	case KindTexts:
		out["type"], out["items"] = []string{"string", "array"}, map[string]any{"type": "string"}
	case KindNumber:
		out["type"], out["minimum"], out["maximum"] = "integer", 0, 1_000_000
	case KindBoolean:
		out["type"] = "boolean"
	case KindTime:
		out["type"], out["pattern"] = "string", `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d`
	case KindDuration:
		out["type"], out["minimum"], out["pattern"] = []string{"string", "number"}, 0, `^\+?[0-9.]`
	case KindCheck:
		out["type"], out["pattern"] = []string{"string", "boolean"}, `[$#]\{`
	case KindAny, KindExpected: // anything
	}
	if f.Summary != "" {
		out["description"] = f.Summary
	}
	return out
}

func schemaOfMap(f *Field) map[string]any {
	out := map[string]any{"type": "object"}
	if f.Fields != nil {
		properties, required := map[string]any{}, []string{}
		for i := range f.Fields {
			inner := &f.Fields[i]
			properties[inner.Name] = schemaOf(inner)
			if inner.Required {
				required = append(required, inner.Name)
			}
		}
		out["properties"], out["additionalProperties"] = properties, false
		if len(required) > 0 {
			out["required"] = required
		}
	}
	if f.Short != "" { // the words for maps hold for maps alone
		out["type"] = []string{"object", "string"}
	}
	return out
}

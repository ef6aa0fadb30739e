package schema_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/penstock/penstock/runtime/schema"
	"github.com/penstock/penstock/runtime/value"
)

func compile(tb testing.TB, document string) *schema.Schema {
	tb.Helper()
	s, err := schema.Compile([]byte(document))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const lead = `{
		"type": "object", "required": ["id", "price"], "additionalProperties": false,
		"properties": {
			"id": {"type": "integer", "minimum": 1},
			"price": {"type": "number", "multipleOf": 0.01},
			"tags": {"type": "array", "uniqueItems": true, "items": {"$ref": "#/$defs/tag"}},
			"kind": {"enum": ["a", 1, null]},
			"mail/~x": {"pattern": "^.+@.+$"}
		},
		"$defs": {"tag": {"type": "string", "maxLength": 3}}
	}`
	s := compile(t, lead)
	for name, c := range map[string]struct{ body, at string }{
		"sound":                  {`{"id": 1, "price": 12.34, "tags": ["a", "b"], "kind": null}`, ""},
		"whole number as 1.0":    {`{"id": 1.0, "price": 1}`, ""},
		"very long whole number": {`{"id": 123456789012345678901234567890, "price": 1}`, ""},
		"not an object":          {`[]`, "#/type"},
		"missing":                {`{"id": 1}`, "#/required"},
		"unknown":                {`{"id": 1, "price": 1, "CANARY": 1}`, "#/additionalProperties"},
		"wrong type":             {`{"id": "CANARY", "price": 1}`, "#/properties/id/type"},
		"too small":              {`{"id": 0, "price": 1}`, "#/properties/id/minimum"},
		"not a multiple":         {`{"id": 1, "price": 0.001}`, "#/properties/price/multipleOf"},
		"through a reference":    {`{"id": 1, "price": 1, "tags": ["CANARY"]}`, "#/$defs/tag/maxLength"},
		"twice":                  {`{"id": 1, "price": 1, "tags": ["a", "a"]}`, "#/properties/tags/uniqueItems"},
		"none of the list":       {`{"id": 1, "price": 1, "kind": "CANARY"}`, "#/properties/kind/enum"},
		"pattern":                {`{"id": 1, "price": 1, "mail/~x": "CANARY"}`, "#/properties/mail~1~0x/pattern"},
	} {
		v, err := value.Decode([]byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		err = s.Check(v)
		var m *schema.Mismatch
		switch {
		case c.at == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.at != "" && (!errors.As(err, &m) || m.At != c.at):
			t.Errorf("%s: %v, want %s", name, err, c.at)
		case err != nil && strings.Contains(err.Error(), "CANARY"):
			t.Errorf("%s: the error quotes the body: %v", name, err)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ document, want string }{
		"no JSON":            {`{`, "not valid JSON"},
		"duplicate names":    {`{"type": "object", "type": "array"}`, "twice"},
		"wrong keyword":      {`{"properties": {"a": {"type": "text"}}}`, "#/properties/a/type"},
		"broken pattern":     {`{"pattern": "("}`, "#/pattern"},
		"pattern beyond RE2": {`{"pattern": "(?=a)"}`, "#/pattern"},
		"file":               {`{"$ref": "file:///etc/passwd"}`, "another document"},
		"address":            {`{"$ref": "https://example.com/schema.json"}`, "another document"},
		"relative":           {`{"$ref": "other.json"}`, "another document"},
		"no such place":      {`{"$ref": "#/$defs/none"}`, "cannot be used"},
		"too large":          {strings.Repeat(" ", schema.MaxDocument) + "{}", "more than"},
		"too deep":           {strings.Repeat(`{"not":`, 65) + "true" + strings.Repeat("}", 65), "deeper"},
		"a number":           {`7`, "schema"},
	} {
		if _, err := schema.Compile([]byte(c.document)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want something with %q", name, err, c.want)
		}
	}
}

// TestCircle: a schema that refers to itself ends with the value.
func TestCircle(t *testing.T) {
	t.Parallel()
	s := compile(t, `{"type": "array", "items": {"$ref": "#"}}`)
	deep := strings.Repeat("[", value.MaxDepth) + strings.Repeat("]", value.MaxDepth)
	v, err := value.Decode([]byte(deep))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(v); err != nil {
		t.Error(err)
	}
	if err := compile(t, `{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}`).Check(v); err == nil {
		t.Error("a circle without an end accepts")
	}
}

func BenchmarkCheck(b *testing.B) {
	s := compile(b, `{"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}`)
	v, err := value.Decode([]byte(`{"id": 7, "name": "lead"}`))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Check(v); err != nil {
			b.Fatal(err)
		}
	}
}

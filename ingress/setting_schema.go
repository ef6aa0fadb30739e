package ingress

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/schema"
	"github.com/penstock/penstock/runtime/webhook"
)

// checkSchema completes the settings and compiles the document; without one it gives nil.
func checkSchema(s webhook.Schema) (webhook.Schema, *schema.Schema, error) {
	if len(s.Document) == 0 || string(bytes.TrimSpace(s.Document)) == "null" {
		if s.Mode != "" {
			return s, nil, invalid("schemaMode", "a mode needs a schema").WithHint("give schema")
		}
		return webhook.Schema{}, nil, nil
	}
	modes := []string{string(webhook.Reject), string(webhook.Park), string(webhook.Warn)}
	switch {
	case s.Mode == "":
		s.Mode = webhook.Reject
	case !slices.Contains(modes, string(s.Mode)):
		return s, nil, invalid("schemaMode", "%q is none of reject, park and warn", string(s.Mode)).
			WithHint("%s", fault.DidYouMean(string(s.Mode), modes))
	}
	compiled, err := schema.Compile(s.Document)
	if err != nil {
		return s, nil, invalid("schema", "%s", err.Error())
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, s.Document); err != nil {
		return s, nil, invalid("schema", "the schema is not valid JSON")
	}
	s.Document = compact.Bytes()
	return s, compiled, nil
}

package builtin

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// SetWebhook puts the given settings in place and leaves the others as they are. args are by the names of
// [WebhookParams] and in the form that its types say. Another preset takes the settings of the one
// before away: they belong to it. An empty text or list gives a setting its default.
func SetWebhook(w *webhook.Webhook, args map[string]any) error {
	s := settings{args: args}
	if preset, ok := args["preset"].(string); ok && preset != w.Verify.Preset {
		w.Verify = webhook.Verify{Preset: preset}
	}
	s.text("eventKey", &w.EventKey)
	s.text("title", &w.Title)
	s.list("tags", &w.Tags)
	if on, ok := args["enabled"].(bool); ok {
		w.Disabled = !on
	}
	s.text("payloadType", (*string)(&w.PayloadType))
	s.number("maxPayloadLength", &w.MaxPayloadLength)
	s.list("methods", &w.Methods)
	s.list("contentTypes", &w.ContentTypes)
	s.verify(&w.Verify)
	s.list("allow", &w.Allow)
	s.list("trustedProxies", &w.TrustedProxies)
	s.rate(&w.Rate)
	s.text("dedupe", &w.Dedupe.Key)
	s.seconds("dedupeWindow", &w.Dedupe.Window)
	s.schema(&w.Schema)
	s.number("responseStatus", &w.Response.Status)
	s.headers("responseHeaders", &w.Response.Headers)
	s.text("responseBody", &w.Response.Body)
	s.number("responseWait", &w.Response.Wait)
	return s.err
}

// settings reads arguments, and keeps the first fault.
type settings struct {
	args map[string]any
	err  error
}

func (s *settings) wrong(name, needed string) {
	if s.err == nil {
		s.err = fault.New(fault.CommandType, "parameter %q must be %s", name, needed)
	}
}

func (s *settings) text(name string, into *string) {
	if text, ok := s.args[name].(string); ok {
		*into = text
	}
}

func (s *settings) list(name string, into *[]string) {
	list, ok := s.args[name].([]any)
	if !ok {
		return
	}
	texts, ok := textsOf(list)
	if !ok {
		s.wrong(name, "a list of texts")
		return
	}
	*into = texts
}

func textsOf(list []any) ([]string, bool) {
	var out []string
	for _, item := range list {
		text, ok := item.(string)
		if !ok || text == "" {
			return nil, false
		}
		out = append(out, text)
	}
	return out, true
}

func (s *settings) number(name string, into *int) {
	v, given := s.args[name]
	if !given {
		return
	}
	n, ok := v.(int)
	if !ok {
		s.wrong(name, "a whole number")
		return
	}
	*into = n
}

// seconds reads a duration, which comes in milliseconds.
func (s *settings) seconds(name string, into *int) {
	v, given := s.args[name]
	if !given {
		return
	}
	ms, ok := v.(int)
	if !ok || ms%1000 != 0 {
		s.wrong(name, "a duration of whole seconds")
		return
	}
	*into = ms / 1000
}

func (s *settings) rate(into *webhook.Rate) {
	switch v := s.args["rate"].(type) {
	case nil:
	case int:
		into.PerSecond = float64(v)
	case float64:
		into.PerSecond = v
	default:
		s.wrong("rate", "a number")
	}
	s.number("burst", &into.Burst)
	if _, given := s.args["burst"]; into.PerSecond == 0 && !given {
		into.Burst = 0
	}
	if math.IsInf(into.PerSecond, 0) || math.IsNaN(into.PerSecond) {
		s.wrong("rate", "a number")
	}
}

// schema takes a map or its JSON text. Whoever takes the schema away takes its mode with it.
func (s *settings) schema(into *webhook.Schema) {
	switch v := s.args["schema"].(type) {
	case nil:
		if _, given := s.args["schema"]; given {
			*into = webhook.Schema{}
		}
	case string:
		*into = webhook.Schema{Mode: into.Mode, Document: []byte(v)}
		if v == "" {
			*into = webhook.Schema{}
		} else if !json.Valid(into.Document) {
			s.wrong("schema", "a map, or the JSON text of one")
		}
	default:
		text, err := value.AppendJSON(nil, v)
		if err != nil {
			s.wrong("schema", "a map, or the JSON text of one")
			return
		}
		into.Document = text
	}
	s.text("schemaMode", (*string)(&into.Mode))
}

func (s *settings) headers(name string, into *map[string]string) {
	m, ok := s.args[name].(map[string]any)
	if !ok {
		return
	}
	out := make(map[string]string, len(m))
	for header, v := range m {
		text, ok := v.(string)
		if !ok {
			s.wrong(name, "a map of texts")
			return
		}
		out[header] = text
	}
	if *into = out; len(out) == 0 {
		*into = nil
	}
}

func (s *settings) verify(into *webhook.Verify) {
	if v, given := s.args["secret"]; given {
		secrets, ok := secretsOf(v)
		if !ok {
			s.wrong("secret", "a text, or a list of texts and maps with secret and notAfter")
		}
		into.Secrets = secrets
	}
	if v, given := s.args["key"]; given {
		keys, ok := keysOf(v)
		if !ok {
			s.wrong("key", "a text or a list of texts")
		}
		into.Keys = keys
	}
	s.number("tolerance", &into.Tolerance)
	params := optionParams()
	for i := range params {
		s.option(params[i].Name, into)
	}
}

func (s *settings) option(name string, into *webhook.Verify) {
	v, given := s.args[name]
	if !given {
		return
	}
	var list []string
	switch v := v.(type) {
	case string:
		if v != "" {
			list = []string{v}
		}
	case bool:
		if v {
			list = []string{"true"}
		}
	case []any:
		var ok bool
		if list, ok = textsOf(v); !ok {
			s.wrong(name, "a list of texts")
			return
		}
	}
	if len(list) == 0 {
		delete(into.Options, name)
		return
	}
	if into.Options == nil {
		into.Options = webhook.Options{}
	}
	into.Options[name] = list
}

// secretsOf reads one secret or several; null and an empty text stand for none. A command line has JSON text
// for a list or map.
func secretsOf(v any) ([]webhook.Secret, bool) {
	if text, ok := v.(string); ok && (strings.HasPrefix(text, `["`) || strings.HasPrefix(text, `[{`) || strings.HasPrefix(text, `{"`)) {
		if decoded, err := value.Decode([]byte(text)); err == nil {
			v = decoded
		}
	}
	list, isList := v.([]any)
	if !isList {
		if v == nil || v == "" {
			return nil, true
		}
		list = []any{v}
	}
	var out []webhook.Secret
	for _, item := range list {
		secret, ok := secretOf(item)
		if !ok {
			return nil, false
		}
		out = append(out, secret)
	}
	return out, true
}

func secretOf(v any) (secret webhook.Secret, ok bool) {
	switch v := v.(type) {
	case string:
		return webhook.Secret{Ref: v}, v != ""
	case map[string]any:
		for name, part := range v {
			text, isText := part.(string)
			if !isText {
				return secret, false
			}
			switch name {
			case "secret":
				secret.Ref = text
			case "notAfter":
				end, err := time.Parse(time.RFC3339, text)
				if err != nil {
					return secret, false
				}
				secret.NotAfter = end.UTC()
			default:
				return secret, false
			}
		}
		return secret, secret.Ref != ""
	}
	return secret, false
}

// keysOf reads one key or several. A map is a JWKS that was read as JSON.
func keysOf(v any) ([]string, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case string:
		if v == "" {
			return nil, true
		}
		return []string{v}, true
	case map[string]any:
		text, err := value.AppendJSON(nil, v)
		return []string{string(text)}, err == nil
	case []any:
		var out []string
		for _, item := range v {
			one, ok := keysOf(item)
			if !ok || len(one) != 1 {
				return nil, false
			}
			out = append(out, one[0])
		}
		return out, true
	}
	return nil, false
}

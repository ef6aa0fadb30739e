package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// webhookPut creates a webhook, or changes the given settings of one. Whoever keeps the webhooks judges
// the settings as a whole.
func webhookPut(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "webhook.put",
			Summary: "Creates a webhook, or changes the given settings of an existing one.",
			Params: []command.Param{
				{Name: "eventKey", Type: command.TypeText, Summary: "Key of the event that a call makes, such as webhook.lead.created; required for a new webhook."},
				{Name: "uuid", Type: command.TypeText, Summary: "Token of the webhook to change, or of the new one; default is a random one."},
				{Name: "payloadType", Type: command.TypeText, Enum: []string{string(webhook.Base64), string(webhook.Raw), string(webhook.Ignore)}, Summary: "How the body becomes the payload; default is base64."},
				{Name: "maxPayloadLength", Type: command.TypeNumber, Summary: "Largest body in bytes, up to 4194304; default is 512000."},
				{Name: "preset", Type: command.TypeText, Aliases: []string{"verify"}, Summary: "Signature preset, such as github or hmac; without one the token alone opens the webhook."},
				{Name: "secret", Type: command.TypeAny, Secret: true, Summary: "Secret of the signature: env:NAME, file:PATH or the value itself; a list of two while it is being changed."},
				{Name: "tolerance", Type: command.TypeNumber, Summary: "Largest age of a signed timestamp in seconds; default is the preset's."},
				{Name: "header", Type: command.TypeText, Summary: "Header of the signature, for the preset hmac."},
				{Name: "algorithm", Type: command.TypeText, Enum: []string{"sha256", "sha512", "sha1"}, Summary: "Hash of the signature, for the preset hmac; default is sha256."},
				{Name: "encoding", Type: command.TypeText, Enum: []string{"hex", "base64"}, Summary: "Encoding of the signature, for the preset hmac; default is hex."},
				{Name: "prefix", Type: command.TypeText, Summary: "Text in front of the signature, for the preset hmac."},
			},
			Result: "The webhook: eventKey, webhookUrl, uuid, payloadType, maxPayloadLength, verify (the preset) and secrets (their number).",
			Effect: true,
			Examples: []command.Example{
				{
					Title: "a token of one's own",
					Pipeline: "pipeline:\n  - webhook.put:\n      eventKey: webhook.lead.created\n      uuid: 5f0f4bd4-6b8c-4e0c-9d3e-1d5a0c2f7b11\n" +
						"  - set:\n      value: {eventKey: \"${body.eventKey}\", payloadType: \"${body.payloadType}\", maxPayloadLength: \"${body.maxPayloadLength}\"}\n",
					Want: `{"eventKey":"webhook.lead.created","payloadType":"base64","maxPayloadLength":512000}`,
				},
				{
					Title: "the secret is not shown",
					Pipeline: "pipeline:\n  - webhook.put:\n      eventKey: webhook.push\n      preset: github\n      secret: env:GITHUB_SECRET\n" +
						"  - set:\n      value: {verify: \"${body.verify}\", secrets: \"${body.secrets}\"}\n",
					Want: `{"verify":"github","secrets":1}`,
				},
				{
					Title:    "a new webhook needs a key",
					Pipeline: "pipeline:\n  - webhook.put\n",
					WantCode: "command.missing_param",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Webhooks == nil {
				return command.Result{}, missing("webhook store")
			}
			w, err := changed(d.Webhooks, call.Args)
			if err != nil {
				return command.Result{}, err
			}
			if w, err = d.Webhooks.Put(ctx, w); err != nil {
				return command.Result{}, err
			}
			return command.Value(show(d.Webhooks, w)), nil
		}),
	}
}

// changed gives the webhook with the given settings in place.
func changed(known Webhooks, args map[string]any) (webhook.Webhook, error) {
	w := webhook.Webhook{}
	if uuid, ok := args["uuid"].(string); ok {
		if old, found := known.Get(uuid); found {
			w = old
		}
		w.UUID = uuid
	}
	if preset, ok := args["preset"].(string); ok && preset != w.Verify.Preset {
		w.Verify = webhook.Verify{Preset: preset} // the other settings belong to the old preset
	}
	if secret, given := args["secret"]; given {
		secrets, ok := secretsOf(secret)
		if !ok {
			return w, fault.New(fault.CommandType, "parameter %q must be a text or a list of texts", "secret")
		}
		w.Verify.Secrets = secrets
	}
	for _, set := range []struct {
		name string
		into *int
	}{{"maxPayloadLength", &w.MaxPayloadLength}, {"tolerance", &w.Verify.Tolerance}} {
		if v, given := args[set.name]; given {
			n, ok := v.(int)
			if !ok {
				return w, fault.New(fault.CommandType, "parameter %q must be a whole number", set.name)
			}
			*set.into = n
		}
	}
	for _, set := range []struct {
		name string
		into *string
	}{
		{"eventKey", &w.EventKey},
		{"payloadType", (*string)(&w.PayloadType)},
		{"header", &w.Verify.Header},
		{"algorithm", &w.Verify.Algorithm},
		{"encoding", &w.Verify.Encoding},
		{"prefix", &w.Verify.Prefix},
	} {
		if text, ok := args[set.name].(string); ok {
			*set.into = text
		}
	}
	if w.EventKey == "" {
		return w, fault.New(fault.CommandMissing, "parameter %q is missing", "eventKey").
			WithHint("a new webhook needs it; to change one, give its uuid")
	}
	return w, nil
}

// secretsOf reads one secret or several; an empty text stands for none.
func secretsOf(v any) ([]string, bool) {
	switch v := v.(type) {
	case string:
		if v == "" {
			return nil, true
		}
		return []string{v}, true
	case []any:
		out := make([]string, 0, len(v))
		for _, item := range v {
			text, ok := item.(string)
			if !ok || text == "" {
				return nil, false
			}
			out = append(out, text)
		}
		return out, true
	}
	return nil, false
}

// show gives a webhook for people: of its secrets only the number.
func show(known Webhooks, w webhook.Webhook) map[string]any {
	var verify any
	if w.Verify.Preset != "" {
		verify = w.Verify.Preset
	}
	return map[string]any{
		"eventKey": w.EventKey, "webhookUrl": known.URL(w), "uuid": w.UUID, "payloadType": string(w.PayloadType),
		"maxPayloadLength": w.MaxPayloadLength, "verify": verify, "secrets": len(w.Verify.Secrets),
	}
}

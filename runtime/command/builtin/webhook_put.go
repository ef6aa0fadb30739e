package builtin

import (
	"context"
	"strings"

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
				{Name: "uuid", Type: command.TypeText, Aliases: []string{"webhook"}, Summary: "Token or id of the webhook to change, or token of the new one; default is a random one."},
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
			Result: "The webhook as webhook.get gives it; of a new one also uuid, its token, which is shown this once and is then part of webhookUrl.",
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
			stored, issued, err := putWebhook(ctx, d.Webhooks, call.Args)
			if err != nil {
				return command.Result{}, err
			}
			return command.Value(showIssued(d.Webhooks, stored, issued)), nil
		}),
	}
}

// putWebhook changes the webhook that uuid names, or makes a new one. issued is the token of a new one.
func putWebhook(ctx context.Context, known Webhooks, args map[string]any) (stored webhook.Webhook, issued string, err error) {
	uuid, _ := args["uuid"].(string)
	if uuid != "" {
		_, found := known.Get(uuid)
		if found || strings.HasPrefix(uuid, webhook.IDPrefix) {
			stored, err = known.Change(ctx, uuid, func(w *webhook.Webhook) error { return setWebhook(w, args) })
			return stored, "", err
		}
	}
	var w webhook.Webhook
	if err := setWebhook(&w, args); err != nil {
		return w, "", err
	}
	return known.Put(ctx, w, uuid)
}

// setWebhook puts the given settings in place.
func setWebhook(w *webhook.Webhook, args map[string]any) error {
	if preset, ok := args["preset"].(string); ok && preset != w.Verify.Preset {
		w.Verify = webhook.Verify{Preset: preset} // the other settings belong to the old preset
	}
	if secret, given := args["secret"]; given {
		secrets, ok := secretsOf(secret)
		if !ok {
			return fault.New(fault.CommandType, "parameter %q must be a text or a list of texts", "secret")
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
				return fault.New(fault.CommandType, "parameter %q must be a whole number", set.name)
			}
			*set.into = n
		}
	}
	for _, set := range []struct {
		name string
		into *string
	}{{"eventKey", &w.EventKey}, {"payloadType", (*string)(&w.PayloadType)}} {
		if text, ok := args[set.name].(string); ok {
			*set.into = text
		}
	}
	for _, name := range []string{"header", "algorithm", "encoding", "prefix"} {
		text, ok := args[name].(string)
		switch {
		case !ok:
		case text == "":
			delete(w.Verify.Options, name)
		default:
			if w.Verify.Options == nil {
				w.Verify.Options = webhook.Options{}
			}
			w.Verify.Options[name] = []string{text}
		}
	}
	if w.EventKey == "" {
		return fault.New(fault.CommandMissing, "parameter %q is missing", "eventKey").
			WithHint("a new webhook needs it; to change one, give its uuid")
	}
	return nil
}

// secretsOf reads one secret or several; an empty text stands for none.
func secretsOf(v any) ([]webhook.Secret, bool) {
	switch v := v.(type) {
	case string:
		if v == "" {
			return nil, true
		}
		return []webhook.Secret{{Ref: v}}, true
	case []any:
		out := make([]webhook.Secret, 0, len(v))
		for _, item := range v {
			text, ok := item.(string)
			if !ok || text == "" {
				return nil, false
			}
			out = append(out, webhook.Secret{Ref: text})
		}
		return out, true
	}
	return nil, false
}

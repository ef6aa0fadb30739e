package builtin

import (
	"time"

	"github.com/penstock/penstock/runtime/secret"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// showIssued gives a webhook for people, with its new token where one was issued.
func showIssued(known Webhooks, w webhook.Webhook, issued string) map[string]any {
	out := show(known, w)
	if issued != "" {
		out["uuid"] = issued
		out["webhookUrl"] = known.URL(issued)
	}
	return out
}

// show gives a webhook for people. Of a secret it tells whether it is a reference and when it ends, of a
// token its end; optional settings that are not set are left out.
func show(known Webhooks, w webhook.Webhook) map[string]any {
	out := map[string]any{
		"id": w.ID, "eventKey": w.EventKey, "webhookUrl": known.URL(""), "enabled": !w.Disabled,
		"payloadType": string(w.PayloadType), "maxPayloadLength": w.MaxPayloadLength,
		"verify": nil, "secrets": 0, "tokens": showTokens(w.Tokens),
	}
	if w.Verify.Preset != "" {
		out["verify"] = w.Verify.Preset
		out["secrets"] = len(w.Verify.Secrets)
		out["secretSources"] = showSecrets(w.Verify.Secrets)
	}
	for name, text := range map[string]string{
		"title": w.Title, "declaredIn": w.Origin, "dedupe": w.Dedupe.Key, "schemaMode": string(w.Schema.Mode), "responseBody": w.Response.Body,
	} {
		if text != "" {
			out[name] = text
		}
	}
	for name, n := range map[string]int{
		"tolerance": w.Verify.Tolerance, "keys": len(w.Verify.Keys), "burst": w.Rate.Burst, "dedupeWindow": w.Dedupe.Window,
		"responseStatus": w.Response.Status, "responseWait": w.Response.Wait,
	} {
		if n != 0 {
			out[name] = n
		}
	}
	for name, list := range map[string][]string{
		"tags": w.Tags, "methods": w.Methods, "contentTypes": w.ContentTypes, "allow": w.Allow, "trustedProxies": w.TrustedProxies,
	} {
		if len(list) > 0 {
			out[name] = texts(list)
		}
	}
	if w.Rate.PerSecond != 0 {
		out["rate"] = w.Rate.PerSecond
	}
	if len(w.Verify.Options) > 0 {
		out["options"] = showOptions(w.Verify.Options)
	}
	if len(w.Schema.Document) > 0 {
		if document, err := value.Decode(w.Schema.Document); err == nil {
			out["schema"] = document
		}
	}
	if len(w.Response.Headers) > 0 {
		headers := make(map[string]any, len(w.Response.Headers))
		for name, text := range w.Response.Headers {
			headers[name] = text
		}
		out["responseHeaders"] = headers
	}
	return out
}

func showTokens(tokens []webhook.Token) []any {
	out := make([]any, len(tokens))
	for i, t := range tokens {
		out[i] = map[string]any{"hint": t.Hint, "created": moment(t.Created), "notAfter": moment(t.NotAfter), "lastUsed": moment(t.LastUsed)}
	}
	return out
}

// showSecrets tells where secrets come from and when they end, never a value.
func showSecrets(secrets []webhook.Secret) []any {
	out := make([]any, len(secrets))
	for i, s := range secrets {
		from := "value"
		if secret.IsReference(s.Ref) {
			from = s.Ref
		}
		out[i] = map[string]any{"from": from, "notAfter": moment(s.NotAfter)}
	}
	return out
}

func showOptions(o webhook.Options) map[string]any {
	params := optionParams()
	out := make(map[string]any, len(o))
	for name, list := range o {
		out[name] = texts(list)
		for i := range params {
			if params[i].Name == name && params[i].Secret {
				out[name] = []any{"set"}
			}
		}
	}
	return out
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, text := range list {
		out[i] = text
	}
	return out
}

// moment gives a time as text, null where there is none.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

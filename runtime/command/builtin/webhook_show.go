package builtin

import (
	"time"

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

// show gives a webhook for people: of its secrets only the number, of its tokens only the end.
func show(known Webhooks, w webhook.Webhook) map[string]any {
	var verify any
	if w.Verify.Preset != "" {
		verify = w.Verify.Preset
	}
	tokens := make([]any, len(w.Tokens))
	for i, t := range w.Tokens {
		tokens[i] = map[string]any{"hint": t.Hint, "created": moment(t.Created), "notAfter": moment(t.NotAfter), "lastUsed": moment(t.LastUsed)}
	}
	return map[string]any{
		"id": w.ID, "eventKey": w.EventKey, "webhookUrl": known.URL(""), "payloadType": string(w.PayloadType),
		"maxPayloadLength": w.MaxPayloadLength, "verify": verify, "secrets": len(w.Verify.Secrets),
		"enabled": !w.Disabled, "tokens": tokens,
	}
}

// moment gives a time as text, null where there is none.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

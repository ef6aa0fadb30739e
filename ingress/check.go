package ingress

import (
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// check completes and judges what does not need the presets.
func check(w webhook.Webhook) (webhook.Webhook, error) {
	if w.EventKey == "" {
		return w, invalid("eventKey", "the event key is missing").WithHint("give it, for example webhook.lead.created")
	}
	if err := event.CheckKey(w.EventKey); err != nil {
		return w, fault.Wrap(fault.WebhookInvalid, err, "the event key cannot be used").In("eventKey")
	}
	kinds := []string{string(webhook.Base64), string(webhook.Raw), string(webhook.Ignore)}
	switch {
	case w.PayloadType == "":
		w.PayloadType = webhook.Base64
	case !slices.Contains(kinds, string(w.PayloadType)):
		f := invalid("payloadType", "%q is none of base64, raw and ignore", string(w.PayloadType))
		return w, f.WithHint("%s", fault.DidYouMean(string(w.PayloadType), kinds))
	}
	switch n := w.MaxPayloadLength; {
	case n == 0:
		w.MaxPayloadLength = webhook.DefaultMaxPayloadLength
	case n < 0 || n > webhook.MaxMaxPayloadLength:
		return w, invalid("maxPayloadLength", "%d is not a number of bytes from 1 to %d", n, webhook.MaxMaxPayloadLength)
	}
	return w, nil
}

func invalid(parameter, format string, args ...any) *fault.Error {
	return fault.New(fault.WebhookInvalid, format, args...).In(parameter)
}

func usableToken(text string) bool {
	if len(text) < minToken || len(text) >= maxToken || strings.HasPrefix(text, webhook.IDPrefix) {
		return false
	}
	for _, c := range []byte(text) {
		if !plainByte(c) {
			return false
		}
	}
	return true
}

// plainByte are the characters of tokens and correlation ids.
func plainByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

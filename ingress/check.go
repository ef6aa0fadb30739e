package ingress

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

const (
	maxTitle = 200 // bytes
	maxTags  = 32
	maxTag   = 64 // bytes
)

// checkBasics completes and judges what stands for itself.
func checkBasics(w webhook.Webhook) (webhook.Webhook, error) {
	if w.EventKey == "" {
		return w, invalid("eventKey", "the event key is missing").WithHint("give it, for example webhook.lead.created")
	}
	if err := event.CheckKey(w.EventKey); err != nil {
		return w, fault.Wrap(fault.WebhookInvalid, err, "the event key cannot be used").In("eventKey")
	}
	if err := checkNames(w.Title, w.Tags); err != nil {
		return w, err
	}
	kinds := []string{string(webhook.Base64), string(webhook.Raw), string(webhook.Outbound), string(webhook.Ignore)}
	switch {
	case w.PayloadType == "":
		w.PayloadType = webhook.Base64
	case !slices.Contains(kinds, string(w.PayloadType)):
		f := invalid("payloadType", "%q is none of base64, raw, outbound and ignore", string(w.PayloadType))
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

// checkNames judges what people call a webhook.
func checkNames(title string, tags []string) error {
	if len(title) > maxTitle || !utf8.ValidString(title) || strings.ContainsFunc(title, unicode.IsControl) {
		return invalid("title", "a title is one line of at most %d bytes", maxTitle)
	}
	if len(tags) > maxTags {
		return invalid("tags", "there are %d tags, and %d are allowed", len(tags), maxTags)
	}
	for _, tag := range tags {
		if tag == "" || len(tag) > maxTag || !utf8.ValidString(tag) || strings.ContainsFunc(tag, notInTag) {
			return invalid("tags", "a tag is a word of at most %d bytes", maxTag)
		}
	}
	return nil
}

func notInTag(c rune) bool { return c == ',' || unicode.IsSpace(c) || unicode.IsControl(c) }

func invalid(parameter, format string, args ...any) *fault.Error {
	return fault.New(fault.WebhookInvalid, format, args...).In(parameter)
}

var errBadToken = fmt.Errorf("a token has %d to %d letters, digits, - and _, and does not begin with %s", minToken, maxToken-1, webhook.IDPrefix)

func errTokenTaken(owner string) *fault.Error {
	return invalid("token", "the webhook %s has this token, too", owner)
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

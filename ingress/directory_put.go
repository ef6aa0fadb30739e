package ingress

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// minToken is the shortest token that may be given: shorter ones can be guessed.
const minToken = 16

// Put creates or replaces a webhook and gives it as it was stored. An empty UUID asks for a new one; a
// UUID that is not known yet becomes the token of a new webhook. Empty settings get their defaults.
// Every problem is a fault with fault.WebhookInvalid that names the parameter, and changes nothing.
// Put returns after the webhook is stored.
func (d *Directory) Put(ctx context.Context, w webhook.Webhook) (webhook.Webhook, error) {
	w, err := check(copied(w))
	if err != nil {
		return webhook.Webhook{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now().UTC().Truncate(time.Millisecond)
	if w.UUID == "" {
		w.UUID = newToken()
	}
	if old, known := d.Get(w.UUID); known {
		w.Created = old.Created
	} else {
		w.Created = now
	}
	w.Updated = now
	e, err := d.compile(w)
	if err != nil {
		return webhook.Webhook{}, err
	}
	if err := d.store.PutWebhook(ctx, w); err != nil {
		return webhook.Webhook{}, storeFault(err, "storing a webhook")
	}
	v := d.copyView()
	v.put(e)
	d.current.Store(v)
	return copied(w), nil
}

// Delete removes a webhook; an unknown uuid is no error. It returns after the change is stored.
func (d *Directory) Delete(ctx context.Context, uuid string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.store.DeleteWebhook(ctx, uuid); err != nil {
		return storeFault(err, "deleting a webhook")
	}
	v := d.copyView()
	v.drop(uuid)
	d.current.Store(v)
	return nil
}

func (d *Directory) copyView() *view {
	old := d.current.Load()
	return &view{byToken: maps.Clone(old.byToken), list: slices.Clone(old.list)}
}

// storeFault keeps the store's own code, such as a full disk, and gives one to any other error.
func storeFault(err error, doing string) error {
	code := fault.CodeOf(err)
	if code == fault.Internal {
		code = fault.StoreUnavailable
	}
	return fault.Wrap(code, err, "%s", doing)
}

// check completes and judges what does not need the presets.
func check(w webhook.Webhook) (webhook.Webhook, error) {
	if w.UUID != "" && !usableToken(w.UUID) {
		return w, invalid("uuid", "a uuid has %d to %d letters, digits, - and _", minToken, maxToken-1).
			WithHint("leave it out to get a random one")
	}
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
	if len(text) < minToken || len(text) >= maxToken {
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

// newToken makes a UUIDv4 (RFC 9562 5.4): 122 random bits.
func newToken() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	t := hex.EncodeToString(b[:])
	return t[:8] + "-" + t[8:12] + "-" + t[12:16] + "-" + t[16:20] + "-" + t[20:]
}

package ingress

import (
	"context"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

const (
	minLearned = 8
	maxLearned = 1024
)

// Learn stores the secret that a sender told in a handshake. It does so once: a webhook that has a secret
// keeps it, and that is a fault with fault.WebhookInvalid. It returns after the secret is stored.
func (d *Directory) Learn(ctx context.Context, id, secret string) error {
	if !learnable(secret) {
		return invalid("secrets", "the secret of a handshake has %d to %d visible characters", minLearned, maxLearned)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.current.Load()
	e := v.byID[id]
	switch {
	case e == nil:
		return fault.New(fault.WebhookUnknown, "no webhook has this id")
	case len(e.webhook.Verify.Secrets) > 0:
		return invalid("secrets", "the webhook has a secret already")
	}
	w := v.present(e)
	w.Verify.Secrets = []webhook.Secret{{Ref: secret}}
	if _, err := d.save(ctx, w, e.declared); err != nil {
		return err
	}
	d.logger.Info("a webhook learned its secret in a handshake", "webhook", id, "event_key", w.EventKey)
	return nil
}

// learnable keeps out what would be read as a reference: the text comes from the network.
func learnable(secret string) bool {
	if len(secret) < minLearned || len(secret) > maxLearned || isReference(secret) {
		return false
	}
	for _, c := range []byte(secret) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

package ingress

import (
	"slices"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// Proof gives how the webhook whose token ends in hint proves its requests, with its secrets resolved: for
// judging a kept request once more. The fault has fault.WebhookUnknown, or tells which reference cannot be resolved.
func (d *Directory) Proof(hint string) (webhook.Verify, verify.Material, error) {
	for _, w := range d.List() {
		if hint != "" && slices.ContainsFunc(w.Tokens, func(t webhook.Token) bool { return t.Hint == hint }) {
			v, m, _, err := d.material(w)
			return v, m, err
		}
	}
	return webhook.Verify{}, verify.Material{}, fault.New(fault.WebhookUnknown, "the request was for no known webhook")
}

// Base gives the public address in front of all paths, "" where none is configured.
func (d *Directory) Base() string { return d.base() }

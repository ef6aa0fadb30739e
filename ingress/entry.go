package ingress

import (
	"strings"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// entry is a webhook in the form in which requests are judged by it. It never changes.
type entry struct {
	webhook  webhook.Webhook
	verifier *verify.Verifier
	headers  []string // that the preset names, in lower case; they become part of the event
	proof    string   // header of the signature, in lower case; it never does
}

// compile makes the entry of a webhook whose settings are complete.
func (d *Directory) compile(w webhook.Webhook) (*entry, error) {
	secrets := make([][]byte, len(w.Verify.Secrets))
	for i, secret := range w.Verify.Secrets {
		text, err := d.secrets.Resolve(secret.Ref)
		if err != nil {
			return nil, fault.Wrap(fault.WebhookInvalid, err, "resolving a secret").In("secrets")
		}
		secrets[i] = []byte(text)
	}
	v, err := d.presets.Compile(w.Verify, secrets)
	if err != nil {
		return nil, err
	}
	e := &entry{webhook: w, verifier: v, proof: strings.ToLower(w.Verify.Options.First("header"))}
	if info, ok := d.presets.Info(w.Verify.Preset); ok {
		for _, name := range []string{info.Event, info.Delivery} {
			if name != "" {
				e.headers = append(e.headers, strings.ToLower(name))
			}
		}
		if info.Signature != "" {
			e.proof = strings.ToLower(info.Signature)
		}
	}
	return e, nil
}

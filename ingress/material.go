package ingress

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
	"github.com/penstock/penstock/runtime/webhook"
)

// material looks up what the settings refer to. It gives the settings as the preset needs them, what they
// were resolved to, and a digest that is another one when any of that is.
func (d *Directory) material(w webhook.Webhook) (webhook.Verify, verify.Material, digest, error) {
	v := w.Verify.Clone()
	m := verify.Material{Fetch: d.fetcher, Lists: d.lists}
	sum := sha256.New()
	resolve := func(ref, parameter, what string) (string, error) {
		text, err := d.secrets.Resolve(ref)
		if err != nil {
			return "", fault.Wrap(fault.WebhookInvalid, unresolved{err}, "resolving %s", what).In(parameter)
		}
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(text)))
		sum.Write(size[:])
		sum.Write([]byte(text))
		return text, nil
	}
	for _, s := range v.Secrets {
		text, err := resolve(s.Ref, "secrets", "a secret")
		if err != nil {
			return v, m, digest{}, err
		}
		m.Secrets = append(m.Secrets, verify.Secret{Text: []byte(text), NotAfter: s.NotAfter})
	}
	for _, ref := range v.Keys {
		text, err := resolve(ref, "keys", "a key")
		if err != nil {
			return v, m, digest{}, err
		}
		m.Keys = append(m.Keys, []byte(text))
	}
	for i, ref := range v.Options["verifyToken"] {
		text, err := resolve(ref, "verifyToken", "the token of the handshake")
		if err != nil {
			return v, m, digest{}, err
		}
		v.Options["verifyToken"][i] = text
	}
	if info, ok := d.presets.Info(v.Preset); ok {
		addresses, names := d.allowed(w)
		allow := addresses
		if slices.Contains(info.Schemes, schemeMTLS) {
			allow = append(slices.Clone(v.Options["allow"]), names...)
		}
		for name, list := range map[string][]string{"allow": allow, "trustedProxies": w.TrustedProxies} {
			if !slices.Contains(info.Settings, name) || len(list) == 0 {
				continue
			}
			if v.Options == nil {
				v.Options = webhook.Options{}
			}
			v.Options[name] = slices.Clone(list)
		}
	}
	return v, m, digest(sum.Sum(nil)), nil
}

// unresolved is the failure of a reference, which may be mended outside.
type unresolved struct{ error }

func (u unresolved) Unwrap() error { return u.error }

func isReference(text string) bool { return secret.IsReference(text) }

// refers reports whether the settings hold a reference, so that what it stands for may change.
func refers(w webhook.Webhook) bool {
	return slices.ContainsFunc(w.Verify.Secrets, func(s webhook.Secret) bool { return isReference(s.Ref) }) ||
		slices.ContainsFunc(w.Verify.Keys, isReference) || slices.ContainsFunc(w.Verify.Options["verifyToken"], isReference)
}

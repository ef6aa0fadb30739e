package verify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// maxTolerance is the largest age of a timestamp that a preset or webhook may allow.
const maxTolerance = 24 * time.Hour

// secretForms are the writings of a shared secret.
//
//nolint:gochecknoglobals // constant data
var secretForms = []string{"text", "base64", "hex"}

// Compile joins a webhook's settings with what their references were resolved to, which it copies. The
// zero settings without secrets ask for the token alone. Every problem is a fault with
// fault.WebhookInvalid that names the parameter; there is no Verifier then, so nothing opens.
func (p *Presets) Compile(w webhook.Verify, m Material) (*Verifier, error) {
	if w.Preset == "" {
		return tokenAlone(w, m)
	}
	s, w, err := p.settled(w)
	if err != nil {
		return nil, err
	}
	if err := checkMaterial(m); err != nil {
		return nil, err
	}
	m = m.clone()
	v := &Verifier{preset: s, options: w.Options, secrets: m.Secrets, idle: newKey(algorithmSHA256, nil, time.Time{})}
	v.scratch.New = func() any { return &work{digest: sha256.New()} }
	for _, h := range s.handshakes {
		v.early = v.early || h.proof != proofSignature
	}
	if err := v.appoint(w, m); err != nil {
		return nil, err
	}
	return v, nil
}

// appoint makes the judges. Of several variants only those judge for which there is a key, and each secret
// and key has to be one of at least one of them.
func (v *Verifier) appoint(w webhook.Verify, m Material) error {
	var unfit error
	used := make([]bool, len(m.Secrets)+len(m.Keys))
	for _, s := range v.preset.each() {
		j := newJudge(s)
		if s.scheme != schemeTemplate {
			if len(v.preset.variants) > 0 && len(m.Secrets) == 0 {
				continue
			}
			var err error
			if j.own, err = schemes()[s.scheme](s, w, m); err != nil {
				return err
			}
			for i := range used {
				used[i] = true
			}
		} else if err := j.takeKeys(m, used); err != nil {
			unfit = err
		}
		if j.own != nil || len(j.keys) > 0 {
			v.judges = append(v.judges, j)
		}
	}
	if unfit != nil && (len(v.judges) == 0 || slices.Contains(used, false)) {
		return unfit
	}
	learns := slices.ContainsFunc(v.preset.handshakes, func(h *handshake) bool { return h.learn.kind != fromNowhere })
	if len(v.judges) == 0 && (!learns || len(m.Secrets) > 0) {
		if isAsymmetric(v.preset.each()[0].signature.algorithm) {
			return invalid("keys", "the preset %q needs a public key", v.preset.name)
		}
		return invalid("secrets", "the preset %q needs a secret", v.preset.name)
	}
	return nil
}

// takeKeys takes the secrets or public keys of a template and marks them as used: first the secrets, then
// the keys. It gives the fault of one that does not fit.
func (j *judge) takeKeys(m Material, used []bool) (unfit error) {
	take := func(i int, k *key, err error) {
		if err != nil {
			unfit = err
			return
		}
		j.keys, used[i] = append(j.keys, k), true
	}
	if !isAsymmetric(j.signature.algorithm) {
		j.size = newMAC(j.signature.algorithm, nil)().Size()
		for i, s := range m.Secrets {
			plain, err := j.decodeSecret(s.Text)
			take(i, newKey(j.signature.algorithm, plain, s.NotAfter), err)
		}
		if len(m.Keys) > 0 {
			unfit = invalid("keys", "the preset %q has secrets and no public keys", j.name)
		}
		return unfit
	}
	if j.signature.algorithm == algorithmEd {
		j.size = ed25519.SignatureSize
	}
	for i, s := range m.Secrets {
		public, err := j.publicKey(s.Text)
		take(i, &key{public: public, until: s.NotAfter}, err)
	}
	for i, text := range m.Keys {
		public, err := j.publicKey(text)
		take(len(m.Secrets)+i, &key{public: public}, err)
	}
	return unfit
}

func (m Material) clone() Material {
	out := Material{Fetch: m.Fetch, Lists: m.Lists}
	for _, s := range m.Secrets {
		out.Secrets = append(out.Secrets, Secret{bytes.Clone(s.Text), s.NotAfter})
	}
	for _, k := range m.Keys {
		out.Keys = append(out.Keys, bytes.Clone(k))
	}
	return out
}

// invalid is a fault of a webhook's settings that names the parameter.
func invalid(parameter, format string, args ...any) *fault.Error {
	return fault.New(fault.WebhookInvalid, format, args...).In(parameter)
}

func tokenAlone(w webhook.Verify, m Material) (*Verifier, error) {
	if len(m.Secrets)+len(m.Keys)+len(w.Secrets)+len(w.Keys)+len(w.Options) > 0 || w.Tolerance != 0 {
		return nil, invalid("preset", "secrets and signature settings need a preset").
			WithHint(`set preset, for example "hmac"; without one the token alone opens the webhook`)
	}
	return &Verifier{tokenAlone: true}, nil
}

// decodeSecret gives a copy of the key's bytes. Errors never quote the secret.
func (s *preset) decodeSecret(secret []byte) ([]byte, error) {
	text := bytes.TrimPrefix(secret, []byte(s.secret.prefix))
	var plain []byte
	var err error
	switch s.secret.form {
	case "base64":
		plain, err = base64.StdEncoding.Strict().DecodeString(string(text))
	case "hex":
		plain, err = hex.DecodeString(string(text))
	default:
		plain = bytes.Clone(text)
	}
	if err != nil {
		return nil, invalid("secrets", "a secret is not %s, as the preset %q needs it", s.secret.form, s.name)
	}
	if n := len(plain); n < max(1, s.secret.min) || s.secret.max > 0 && n > s.secret.max {
		return nil, invalid("secrets", "a secret has %d bytes, which the preset %q does not allow", n, s.name)
	}
	return plain, nil
}

package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// maxTolerance is the largest age of a timestamp that a preset or webhook may allow.
const maxTolerance = 24 * time.Hour

// Compile joins a webhook's settings with its resolved secrets, which it copies. The zero settings
// without secrets ask for the token alone. Every problem is a fault with fault.WebhookInvalid that
// names the parameter; there is no Verifier then, so nothing opens.
func (p *Presets) Compile(w webhook.Verify, secrets [][]byte) (*Verifier, error) {
	if w.Preset == "" {
		return tokenAlone(w, secrets)
	}
	known, ok := p.byName[w.Preset]
	if !ok {
		return nil, invalid("preset", "there is no preset %q", w.Preset).WithHint("%s", fault.DidYouMean(w.Preset, p.names))
	}
	s, err := known.with(w)
	if err != nil {
		return nil, err
	}
	v := &Verifier{scheme: s, size: newHash(s.signature.algorithm)().Size(), tolerance: s.timestamp.tolerance}
	v.idStop, v.hasIDStop = idStop(s.signed)
	if len(secrets) == 0 {
		return nil, invalid("secrets", "the preset %q needs a secret", s.name)
	}
	if len(secrets) > maxSecrets {
		return nil, invalid("secrets", "there are %d secrets, and %d are allowed", len(secrets), maxSecrets)
	}
	for _, secret := range secrets {
		plain, err := s.decodeSecret(secret)
		if err != nil {
			return nil, err
		}
		v.keys = append(v.keys, newKey(s.signature.algorithm, plain))
	}
	v.scratch.New = func() any { return &work{digest: sha256.New()} }
	return v, nil
}

func invalid(parameter, format string, args ...any) *fault.Error {
	return fault.New(fault.WebhookInvalid, format, args...).In(parameter)
}

func tokenAlone(w webhook.Verify, secrets [][]byte) (*Verifier, error) {
	if len(secrets) > 0 || len(w.Secrets) > 0 || len(w.Options) > 0 || w.Tolerance != 0 {
		return nil, invalid("preset", "secrets and signature settings need a preset").
			WithHint(`set preset, for example "hmac"; without one the token alone opens the webhook`)
	}
	return &Verifier{tokenAlone: true}, nil
}

// with gives the scheme with a webhook's own settings in it.
func (s *preset) with(w webhook.Verify) (*preset, error) {
	out := *s
	for name, values := range w.Options {
		if !slices.Contains(s.settings, name) {
			return nil, invalid(name, "the preset %q does not take this parameter", s.name)
		}
		if len(values) != 1 {
			return nil, invalid(name, "one value is needed")
		}
	}
	for _, set := range []struct {
		name, value string
		into        *string
		allowed     []string
	}{
		{"header", w.Options.First("header"), &out.signature.header, nil},
		{"algorithm", w.Options.First("algorithm"), &out.signature.algorithm, algorithms},
		{"encoding", w.Options.First("encoding"), &out.signature.encoding, encodings},
		{"prefix", w.Options.First("prefix"), &out.signature.prefix, nil},
	} {
		if set.value == "" {
			continue
		}
		if set.allowed != nil && !slices.Contains(set.allowed, set.value) {
			return nil, invalid(set.name, "%q is none of %s", set.value, strings.Join(quoted(set.allowed), ", ")).
				WithHint("%s", fault.DidYouMean(set.value, set.allowed))
		}
		*set.into = set.value
	}
	if out.signature.header == "" {
		return nil, invalid("header", "the preset %q needs the name of the header that carries the signature", s.name)
	}
	if err := checkHeader(out.signature.header); err != nil {
		return nil, invalid("header", "%s", err)
	}
	switch {
	case w.Tolerance == 0:
	case out.timestamp.header == "":
		return nil, invalid("tolerance", "the preset %q has no timestamp", s.name)
	case w.Tolerance < 0 || time.Duration(w.Tolerance) > maxTolerance/time.Second:
		return nil, invalid("tolerance", "a tolerance is 1 to %d seconds", maxTolerance/time.Second)
	default:
		out.timestamp.tolerance = time.Duration(w.Tolerance) * time.Second
	}
	return &out, nil
}

// decodeSecret gives a copy of the key's bytes. Errors never quote the secret.
func (s *preset) decodeSecret(secret []byte) ([]byte, error) {
	if len(secret) == 0 {
		return nil, invalid("secrets", "a secret is empty")
	}
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

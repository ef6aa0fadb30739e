package verify

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"strings"
)

// public proves contents with a public key.
type public interface {
	// match gives 1 when one of the candidates is a signature of the content.
	match(j *judge, w *work) int
	spend(body []byte)
}

type edKey struct{ key ed25519.PublicKey }

func (k edKey) match(j *judge, w *work) int {
	w.content = w.content[:0]
	j.write(&w.content, w)
	found := 0
	for i := range w.cand.n {
		if ed25519.Verify(k.key, w.content, w.cand.bytes[i][:w.cand.size[i]]) {
			found = 1
		}
	}
	return found
}

func (k edKey) spend(body []byte) {
	var none [ed25519.SignatureSize]byte
	ed25519.Verify(k.key, body, none[:])
}

type ecdsaKey struct{ key *ecdsa.PublicKey }

func (k ecdsaKey) match(j *judge, w *work) int {
	w.digest.Reset()
	j.write(w.digest, w)
	sum := w.digest.Sum(w.sum[:0])
	found := 0
	for i := range w.cand.n {
		if ecdsa.VerifyASN1(k.key, sum, w.cand.bytes[i][:w.cand.size[i]]) {
			found = 1
		}
	}
	return found
}

func (k ecdsaKey) spend(body []byte) {
	sum := sha256.Sum256(body)
	ecdsa.VerifyASN1(k.key, sum[:], []byte{0x30, 6, 2, 1, 1, 2, 1, 1}) // r and s are 1
}

// buffer gathers the signed content for an algorithm that wants it in one piece.
type buffer []byte

func (b *buffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

// keyForms are the writings of a public key. PEM is understood in each of them.
//
//nolint:gochecknoglobals // constant data
var keyForms = []string{"any", "hex", "base64", "pem", "spki-base64", "whpk"}

const whpkPrefix = "whpk_"

// publicKey reads one public key of the preset's algorithm.
func (s *preset) publicKey(text []byte) (public, error) {
	parsed, ok := parsePublic(s.secret.form, strings.TrimSpace(string(text)))
	if !ok {
		return nil, invalid("keys", "a key is not a public key as the preset %q needs it (%s)", s.name, s.secret.form).
			WithHint("give it as PEM, or as the provider shows it")
	}
	switch k := parsed.(type) {
	case ed25519.PublicKey:
		if s.signature.algorithm == algorithmEd {
			return edKey{slices.Clone(k)}, nil
		}
	case *ecdsa.PublicKey:
		if s.signature.algorithm == algorithmECDSA && k.Curve == elliptic.P256() {
			return ecdsaKey{k}, nil
		}
	}
	return nil, invalid("keys", "a key is not one for %s", s.signature.algorithm)
}

// parsePublic reads a public key, or that of a certificate.
func parsePublic(form, text string) (any, bool) {
	if strings.HasPrefix(text, "-----BEGIN ") {
		block, rest := pem.Decode([]byte(text))
		if block == nil || strings.TrimSpace(string(rest)) != "" {
			return nil, false
		}
		if block.Type == "CERTIFICATE" {
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, false
			}
			return c.PublicKey, true
		}
		return parseSPKI(block.Bytes)
	}
	anyForm := form == "any"
	if bare, ok := strings.CutPrefix(text, whpkPrefix); ok && (anyForm || form == "whpk") {
		text, anyForm, form = bare, false, "base64"
	}
	switch {
	case form == "hex" || anyForm && len(text) == hex.EncodedLen(ed25519.PublicKeySize):
		raw, err := hex.DecodeString(text)
		return ed25519.PublicKey(raw), err == nil && len(raw) == ed25519.PublicKeySize
	case form == "base64" || form == "whpk" || anyForm && len(text) == base64.StdEncoding.EncodedLen(ed25519.PublicKeySize):
		raw, err := strictBase64.DecodeString(text)
		return ed25519.PublicKey(raw), err == nil && len(raw) == ed25519.PublicKeySize
	case form == "spki-base64" || anyForm:
		raw, err := strictBase64.DecodeString(text)
		if err != nil {
			return nil, false
		}
		return parseSPKI(raw)
	}
	return nil, false
}

func parseSPKI(der []byte) (any, bool) {
	k, err := x509.ParsePKIXPublicKey(der)
	return k, err == nil
}

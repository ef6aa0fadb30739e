package verify_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/penstock/penstock/ingress/verify"
)

// keyPair is the key of a sender, with what the webhook pins of it.
type keyPair struct {
	private crypto.Signer
	secret  []byte // PKCS #8, PEM
	public  []byte // PEM
}

// jwk gives the public key as a JWK. Members of more with an empty value are left out.
func (k keyPair) jwk(tb testing.TB, more map[string]string) []byte {
	tb.Helper()
	text, err := json.Marshal(jose.JSONWebKey{Key: k.private.Public()})
	if err != nil {
		tb.Fatal(err)
	}
	members := map[string]any{}
	if err := json.Unmarshal(text, &members); err != nil {
		tb.Fatal(err)
	}
	for name, v := range more {
		if v != "" {
			members[name] = v
		}
	}
	if text, err = json.Marshal(members); err != nil {
		tb.Fatal(err)
	}
	return text
}

func newKeyPair(private crypto.Signer, err error) keyPair {
	if err != nil {
		panic(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err)
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		panic(err)
	}
	return keyPair{
		private,
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
		pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
	}
}

// keyPairs are keys of every kind, by name.
var keyPairs = sync.OnceValue(func() map[string]keyPair {
	curve := func(c elliptic.Curve) keyPair { k, err := ecdsa.GenerateKey(c, rand.Reader); return newKeyPair(k, err) }
	ed := func() keyPair { _, k, err := ed25519.GenerateKey(rand.Reader); return newKeyPair(k, err) }
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	return map[string]keyPair{
		"RSA": newKeyPair(rsaKey, err), "P-256": curve(elliptic.P256()), "P-384": curve(elliptic.P384()),
		"P-521": curve(elliptic.P521()), "Ed25519": ed(), "another Ed25519": ed(), "another P-256": curve(elliptic.P256()),
	}
})

// pinned is the material of a webhook that has only public keys.
func pinned(texts ...[]byte) verify.Material { return verify.Material{Keys: texts} }

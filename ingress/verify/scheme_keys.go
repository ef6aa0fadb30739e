package verify

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

const maxPinned = 64 // public keys of one webhook, those of a key set counted one by one

// pinnedKey is a public key that a webhook trusts: *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey.
type pinnedKey struct {
	id        string // as a JWKS calls it; empty = it has no name
	algorithm string // the only JOSE algorithm that it is for; empty = any that fits
	public    crypto.PublicKey
	pss       bool // an RSA key that says it makes PSS signatures only
}

// parsePublicKeys reads what an operator pinned. Each text is PEM (public keys or certificates, of which
// only the key counts), a JWKS, a JWK, base64 of a public key in DER or of the 32 bytes of an Ed25519 key,
// those in hex, or whpk_ and base64. Errors never quote a key: it may be a private one in the wrong place.
func parsePublicKeys(texts [][]byte) ([]pinnedKey, error) {
	var all []pinnedKey
	for _, text := range texts {
		keys, err := parsePublicKey(bytes.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		if all = append(all, keys...); len(all) > maxPinned {
			return nil, fmt.Errorf("there are more than %d public keys", maxPinned)
		}
	}
	return all, nil
}

func parsePublicKey(text []byte) ([]pinnedKey, error) {
	switch {
	case bytes.HasPrefix(text, []byte("{")):
		return parseKeySet(text, true)
	case bytes.HasPrefix(text, []byte("-----BEGIN ")):
		return parsePEMKeys(text)
	}
	plain := strings.TrimPrefix(string(text), "whpk_")
	der, err := hex.DecodeString(plain)
	if err != nil || len(der) != ed25519.PublicKeySize {
		if der, err = strictBase64.DecodeString(plain); err != nil {
			return nil, errors.New("a key is neither PEM, JWKS, base64 nor hex")
		}
	}
	if len(der) == ed25519.PublicKeySize {
		return []pinnedKey{{public: ed25519.PublicKey(der)}}, nil
	}
	return single(parsePublicDER(der))
}

func single(k pinnedKey, err error) ([]pinnedKey, error) {
	if err != nil {
		return nil, err
	}
	return []pinnedKey{k}, nil
}

func parsePEMKeys(text []byte) ([]pinnedKey, error) {
	var keys []pinnedKey
	for len(text) > 0 {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil, errors.New("a key is not whole PEM")
		}
		k, err := parsePEMKey(block)
		if err != nil {
			return nil, err
		}
		keys, text = append(keys, k), bytes.TrimSpace(rest)
	}
	return keys, nil
}

func parsePEMKey(block *pem.Block) (pinnedKey, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return parsePublicDER(block.Bytes)
	case "RSA PUBLIC KEY":
		k, err := x509.ParsePKCS1PublicKey(block.Bytes)
		if err != nil {
			return pinnedKey{}, errors.New("a key is no RSA key")
		}
		return checkPublic(pinnedKey{public: k})
	case "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return pinnedKey{}, errors.New("a key is no certificate")
		}
		return parsePublicDER(c.RawSubjectPublicKeyInfo)
	}
	if strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return pinnedKey{}, errors.New("a private key stands where the sender's public key belongs")
	}
	return pinnedKey{}, errors.New("a key is PEM of another kind than PUBLIC KEY and CERTIFICATE")
}

func parsePublicDER(der []byte) (pinnedKey, error) {
	if inner, ok := pssKey(der); ok {
		k, err := x509.ParsePKCS1PublicKey(inner)
		if err != nil {
			return pinnedKey{}, errors.New("a key is no RSA key")
		}
		return checkPublic(pinnedKey{public: k, pss: true})
	}
	k, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return pinnedKey{}, errors.New("a key is no public key of a kind that the server knows")
	}
	return checkPublic(pinnedKey{public: k})
}

// checkPublic refuses keys that are too weak or of a kind that no scheme uses.
func checkPublic(k pinnedKey) (pinnedKey, error) {
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() < minRSABits || public.E < 3 {
			return pinnedKey{}, fmt.Errorf("an RSA key has less than %d bits", minRSABits)
		}
		return k, nil
	case *ecdsa.PublicKey:
		switch public.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return k, nil
		}
	case ed25519.PublicKey:
		if len(public) == ed25519.PublicKeySize {
			return k, nil
		}
	}
	return pinnedKey{}, errors.New("a key is neither RSA, ECDSA on a NIST curve nor Ed25519")
}

// sameKey reports whether the public part of a private key is k.
func (k pinnedKey) sameKey(public crypto.PublicKey) bool {
	own, ok := k.public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && own.Equal(public)
}

// newSigningKey reads the key that a request is signed with.
func newSigningKey(text []byte) (signingKey, error) {
	signer, err := parsePrivate(text)
	if err != nil {
		return signingKey{}, err
	}
	k, err := checkPublic(pinnedKey{public: signer.Public()})
	if err != nil {
		return signingKey{}, invalid("key", "%s", err)
	}
	return signingKey{signer, k}, nil
}

// signingKey is a private key with its public part.
type signingKey struct {
	crypto.Signer

	pinned pinnedKey
}

// encodeDigest writes a digest as part of a delivery's name.
func encodeDigest(kind string, sum []byte) string {
	return kind + base64.RawURLEncoding.EncodeToString(sum)
}

package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"errors"
	"math/big"
)

// The algorithms of HTTP Message Signatures (RFC 9421, 3.3). In brackets the JOSE name of the same thing.
const (
	messagePSS   = "rsa-pss-sha512"    // PS512
	messagePKCS1 = "rsa-v1_5-sha256"   // RS256
	messageP256  = "ecdsa-p256-sha256" // ES256
	messageP384  = "ecdsa-p384-sha384" // ES384
	messageEd    = "ed25519"           // EdDSA
	messageHMAC  = "hmac-sha256"       // HS256
)

//nolint:gochecknoglobals // constant data
var joseNames = map[string]string{
	messagePSS: "PS512", messagePKCS1: "RS256", messageP256: "ES256",
	messageP384: "ES384", messageEd: "EdDSA",
}

// fits reports whether the key makes signatures of a JOSE algorithm.
func (k pinnedKey) fits(algorithm string) bool {
	own := k.algorithm
	if own == "Ed25519" {
		own = "EdDSA"
	}
	if own != "" && own != algorithm {
		return false
	}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		switch algorithm {
		case "RS256", "RS384", "RS512":
			return !k.pss
		case "PS256", "PS384", "PS512":
			return true
		}
	case *ecdsa.PublicKey:
		switch algorithm {
		case "ES256":
			return public.Curve == elliptic.P256()
		case "ES384":
			return public.Curve == elliptic.P384()
		case "ES512":
			return public.Curve == elliptic.P521()
		}
	case ed25519.PublicKey:
		return algorithm == "EdDSA"
	}
	return false
}

// checkSignature reports whether signature is one of content by an algorithm of RFC 9421 that fits the key.
func checkSignature(algorithm string, public crypto.PublicKey, content, signature []byte) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if algorithm == messagePKCS1 {
			return rsa.VerifyPKCS1v15(key, crypto.SHA256, hashOf(crypto.SHA256, content), signature) == nil
		}
		options := &rsa.PSSOptions{SaltLength: crypto.SHA512.Size()}
		return algorithm == messagePSS && rsa.VerifyPSS(key, crypto.SHA512, hashOf(crypto.SHA512, content), signature, options) == nil
	case *ecdsa.PublicKey:
		hash, size := crypto.SHA256, 32
		if algorithm == messageP384 {
			hash, size = crypto.SHA384, 48
		} else if algorithm != messageP256 {
			return false
		}
		if len(signature) != 2*size {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
		return ecdsa.Verify(key, hashOf(hash, content), r, s)
	case ed25519.PublicKey:
		return algorithm == messageEd && ed25519.Verify(key, content, signature)
	}
	return false
}

func hashOf(h crypto.Hash, content []byte) []byte {
	state := h.New()
	state.Write(content)
	return state.Sum(nil)
}

func macSHA256(secret, content []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write(content)
	return m.Sum(nil)
}

// sign makes a signature of content by an algorithm of RFC 9421.
func (k signingKey) sign(algorithm string, content []byte) ([]byte, error) {
	switch algorithm {
	case messagePKCS1:
		return k.Sign(rand.Reader, hashOf(crypto.SHA256, content), crypto.SHA256)
	case messagePSS:
		options := &rsa.PSSOptions{SaltLength: crypto.SHA512.Size(), Hash: crypto.SHA512}
		return k.Sign(rand.Reader, hashOf(crypto.SHA512, content), options)
	case messageEd:
		return k.Sign(rand.Reader, content, crypto.Hash(0))
	}
	key, ok := k.Signer.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("the private key does not fit the algorithm")
	}
	hash, size := crypto.SHA256, 32
	if algorithm == messageP384 {
		hash, size = crypto.SHA384, 48
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, hashOf(hash, content))
	if err != nil {
		return nil, err
	}
	out := make([]byte, 2*size)
	r.FillBytes(out[:size])
	s.FillBytes(out[size:])
	return out, nil
}

package verify

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // some senders still sign with HMAC-SHA1
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"sync"
	"time"
)

const (
	maxSignatures = 8
	maxSignature  = 72 // bytes: of an ECDSA signature over P-256 in DER, the longest kind
)

// The algorithms of templates.
const (
	algorithmSHA256 = "sha256"       // HMAC
	algorithmSHA512 = "sha512"       // HMAC
	algorithmSHA1   = "sha1"         // HMAC
	algorithmKeyed  = "keyed-sha256" // SHA-256 over the secret and then the content
	algorithmEd     = "ed25519"
	algorithmECDSA  = "ecdsa-p256" // over SHA-256, in DER
)

//nolint:gochecknoglobals // constant data
var (
	hmacs      = []string{algorithmSHA256, algorithmSHA512, algorithmSHA1}
	algorithms = []string{algorithmSHA256, algorithmSHA512, algorithmSHA1, algorithmKeyed, algorithmEd, algorithmECDSA}
)

func isAsymmetric(algorithm string) bool {
	return algorithm == algorithmEd || algorithm == algorithmECDSA
}

// newMAC gives the maker of MACs with one secret.
func newMAC(algorithm string, secret []byte) func() hash.Hash {
	switch algorithm {
	case algorithmSHA512:
		return func() hash.Hash { return hmac.New(sha512.New, secret) }
	case algorithmSHA1:
		return func() hash.Hash { return hmac.New(sha1.New, secret) }
	case algorithmKeyed:
		return func() hash.Hash { return &keyed{sha256.New(), secret} }
	default:
		return func() hash.Hash { return hmac.New(sha256.New, secret) }
	}
}

// keyed is the digest of a secret and then the content, as HubSpot's first two versions have it. Whoever has
// seen one such digest can go on from there and sign the content with padding and more behind it. The padding
// holds the length in eight bytes, the first of which are zero, so a body with a zero byte is refused.
type keyed struct {
	hash.Hash
	secret []byte
}

func (k *keyed) Reset() {
	k.Hash.Reset()
	k.Write(k.secret)
}

// candidates holds the decoded signatures of one request.
type candidates struct {
	bytes [maxSignatures][maxSignature]byte
	size  [maxSignatures]int
	n     int
}

// The encodings of signatures.
const (
	encodingHex       = "hex"
	encodingBase64    = "base64"
	encodingBase64URL = "base64url" // without padding
)

//nolint:gochecknoglobals // constant: making them for each request would allocate
var (
	strictBase64    = base64.StdEncoding.Strict()
	strictBase64URL = base64.RawURLEncoding.Strict()
)

// encode writes a signature as a sender does.
func encode(encoding string, raw []byte) string {
	switch encoding {
	case encodingBase64:
		return base64.StdEncoding.EncodeToString(raw)
	case encodingBase64URL:
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	return hex.EncodeToString(raw)
}

// add decodes one signature, which must be exactly size bytes, and reports whether it could. A size of 0
// stands for any up to maxSignature. The caller counts to maxSignatures.
func (c *candidates) add(text []byte, encoding string, size int) bool {
	into := c.bytes[c.n][:]
	var n int
	var err error
	switch encoding {
	case encodingBase64, encodingBase64URL:
		e := strictBase64
		if encoding == encodingBase64URL {
			e = strictBase64URL
		}
		// The length checks, and the look for line breaks, keep out what the decoder would skip.
		if size > 0 && len(text) != e.EncodedLen(size) ||
			size == 0 && (len(text) > e.EncodedLen(maxSignature) || bytes.ContainsAny(text, "\r\n")) {
			return false
		}
		n, err = e.Decode(into, text)
	default:
		if size > 0 && len(text) != hex.EncodedLen(size) || len(text) > hex.EncodedLen(maxSignature) {
			return false
		}
		n, err = hex.Decode(into, text)
	}
	if err != nil || n == 0 || size > 0 && n != size {
		return false
	}
	c.size[c.n] = n
	c.n++
	return true
}

// key proves contents with one secret or public key. It may be used from many goroutines.
type key struct {
	until time.Time // zero = for ever
	pool  sync.Pool // of *state, where there is a secret
	public
}

// state is a MAC in work, with room for its sum so that none is allocated.
type state struct {
	mac hash.Hash
	sum [sha512.Size]byte
}

func newKey(algorithm string, secret []byte, until time.Time) *key {
	k := &key{until: until}
	fresh := newMAC(algorithm, secret)
	k.pool.New = func() any { return &state{mac: fresh()} }
	return k
}

func (k *key) live(now time.Time) bool { return k.until.IsZero() || !now.After(k.until) }

// match gives 1 when one of the candidates is the signature of the content. Every candidate is compared.
func (k *key) match(j *judge, w *work) int {
	if k.public != nil {
		return k.public.match(j, w)
	}
	c := &w.cand
	s := k.pool.Get().(*state)
	s.mac.Reset()
	j.write(s.mac, w)
	sum := s.mac.Sum(s.sum[:0])
	found := 0
	for i := range c.n {
		found |= subtle.ConstantTimeCompare(sum, c.bytes[i][:c.size[i]])
	}
	k.pool.Put(s)
	return found
}

// sum gives the MAC of text.
func (k *key) sum(text []byte) []byte {
	s := k.pool.Get().(*state)
	defer k.pool.Put(s)
	s.mac.Reset()
	s.mac.Write(text)
	return s.mac.Sum(nil)
}

// spend costs what judging body costs.
func (k *key) spend(body []byte) {
	if k.public != nil {
		k.public.spend(body)
		return
	}
	s := k.pool.Get().(*state)
	s.mac.Reset()
	s.mac.Write(body)
	s.mac.Sum(s.sum[:0])
	k.pool.Put(s)
}

// sameText gives 1 when two texts are equal. Their digests are compared, so that the time tells neither
// length nor content.
func sameText(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

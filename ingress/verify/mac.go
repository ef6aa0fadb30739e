package verify

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // some senders still sign with HMAC-SHA1
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"sync"
)

const (
	maxSecrets    = 8
	maxSignatures = 8
	maxDigest     = sha512.Size
)

func newHash(algorithm string) func() hash.Hash {
	switch algorithm {
	case "sha512":
		return sha512.New
	case "sha1":
		return sha1.New
	default:
		return sha256.New
	}
}

// candidates holds the decoded signatures of one request.
type candidates struct {
	digests [maxSignatures][maxDigest]byte
	n       int
}

//nolint:gochecknoglobals // constant: making it for each request would allocate
var strictBase64 = base64.StdEncoding.Strict()

// add decodes one signature, which must be exactly size bytes, and reports whether it could. The caller
// counts to maxSignatures.
func (c *candidates) add(text []byte, encoding string, size int) bool {
	into := c.digests[c.n][:]
	var n int
	var err error
	if encoding == "base64" {
		// The length check also keeps out line breaks, which the decoder would skip.
		if len(text) != base64.StdEncoding.EncodedLen(size) {
			return false
		}
		n, err = strictBase64.Decode(into, text)
	} else {
		if len(text) != hex.EncodedLen(size) {
			return false
		}
		n, err = hex.Decode(into, text)
	}
	if err != nil || n != size {
		return false
	}
	c.n++
	return true
}

// key makes MACs with one secret. It may be used from many goroutines.
type key struct{ pool sync.Pool }

// state is a MAC in work, with room for its sum so that none is allocated.
type state struct {
	mac hash.Hash
	sum [maxDigest]byte
}

func newKey(algorithm string, secret []byte) *key {
	k := &key{}
	h := newHash(algorithm)
	k.pool.New = func() any { return &state{mac: hmac.New(h, secret)} }
	return k
}

// match gives 1 when one of the candidates is the MAC of the content. Every candidate is compared.
func (k *key) match(c *candidates, v *Verifier, w *work) int {
	s := k.pool.Get().(*state)
	s.mac.Reset()
	v.write(s.mac, w)
	sum := s.mac.Sum(s.sum[:0])
	found := 0
	for i := range c.n {
		found |= subtle.ConstantTimeCompare(sum, c.digests[i][:len(sum)])
	}
	k.pool.Put(s)
	return found
}

func (k *key) spend(body []byte) {
	s := k.pool.Get().(*state)
	s.mac.Reset()
	s.mac.Write(body)
	s.mac.Sum(s.sum[:0])
	k.pool.Put(s)
}

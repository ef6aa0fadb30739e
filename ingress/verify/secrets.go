package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"hash"
	"sync"
	"time"
)

// plainSecrets decodes the secrets of a scheme that needs one at least.
func (s *preset) plainSecrets(m Material) ([]Secret, error) {
	if len(m.Secrets) == 0 {
		return nil, invalid("secrets", "the preset %q needs a secret", s.name)
	}
	if len(m.Keys) > 0 {
		return nil, invalid("keys", "the preset %q has secrets and no public keys", s.name)
	}
	out := make([]Secret, len(m.Secrets))
	for i, secret := range m.Secrets {
		plain, err := s.decodeSecret(secret.Text)
		if err != nil {
			return nil, err
		}
		out[i] = Secret{Text: plain, NotAfter: secret.NotAfter}
	}
	return out, nil
}

// tokenSecrets are secrets that the sender sends as they are. Their digests are compared, so that the
// time of a comparison tells neither length nor content.
type tokenSecrets []tokenSecret

type tokenSecret struct {
	digest [sha256.Size]byte
	until  time.Time
}

func newTokenSecrets(plain []Secret) tokenSecrets {
	out := make(tokenSecrets, len(plain))
	for i, s := range plain {
		out[i] = tokenSecret{sha256.Sum256(s.Text), s.NotAfter}
	}
	return out
}

// match judges one value. Every live secret is compared.
func (t tokenSecrets) match(value []byte, now time.Time) *Refusal {
	sum := sha256.Sum256(value)
	found, live := 0, 0
	for i := range t {
		if (Secret{NotAfter: t[i].until}).live(now) {
			live++
			found |= subtle.ConstantTimeCompare(sum[:], t[i].digest[:])
		}
	}
	switch {
	case live == 0:
		return errSecretExpired
	case found != 1:
		return errTokenMismatch
	}
	return nil
}

// macSecrets are secrets that the sender makes HMACs with. They may be used from many goroutines.
type macSecrets []*macSecret

type macSecret struct {
	pool  sync.Pool // of *macState
	until time.Time
}

// macState is a MAC in work, with room for its sum.
type macState struct {
	mac hash.Hash
	sum [sha512.Size]byte
}

func newMACSecrets(plain []Secret, h func() hash.Hash) macSecrets {
	out := make(macSecrets, len(plain))
	for i, s := range plain {
		out[i] = &macSecret{until: s.NotAfter}
		out[i].pool.New = func() any { return &macState{mac: hmac.New(h, s.Text)} }
	}
	return out
}

// match gives nil when one of the digests is the MAC of one of the contents, each of which is a list of
// pieces. Every live secret is tried with every content.
func (m macSecrets) match(digests [][]byte, contents [][][]byte, now time.Time) *Refusal {
	found, live := 0, 0
	for _, s := range m {
		if !(Secret{NotAfter: s.until}).live(now) {
			continue
		}
		live++
		state := s.pool.Get().(*macState)
		for _, pieces := range contents {
			state.mac.Reset()
			for _, p := range pieces {
				state.mac.Write(p)
			}
			sum := state.mac.Sum(state.sum[:0])
			for _, d := range digests {
				found |= subtle.ConstantTimeCompare(sum, d)
			}
		}
		s.pool.Put(state)
	}
	switch {
	case live == 0:
		return errSecretExpired
	case found != 1:
		return errSignatureMismatch
	}
	return nil
}

// toleranceOr gives how old a request may be; a preset file need not say it.
func (s *preset) toleranceOr(usual time.Duration) time.Duration {
	if s.timestamp.tolerance > 0 {
		return s.timestamp.tolerance
	}
	return usual
}

// remembered is how long a delivery with a timestamp must be remembered: as long as a copy could pass.
func remembered(tolerance time.Duration) time.Duration { return max(2*tolerance, minWindow) }

package webhook

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"
)

// IDPrefix begins the id of every webhook that a command made. No token begins with it.
const IDPrefix = "wh_"

// NewID makes the id of a webhook: no secret, 80 random bits.
func NewID() string { return IDPrefix + strings.ToLower(rand.Text()[:16]) }

// NewTokenText makes a token: 256 random bits, base64url.
func NewTokenText() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// NewToken is what is kept of a token.
func NewToken(text string, created time.Time) Token {
	sum := sha256.Sum256([]byte(text))
	return Token{Hash: hex.EncodeToString(sum[:]), Hint: text[max(0, len(text)-6):], Created: created}
}

// Live reports whether the token opens its webhook at the time now.
func (t Token) Live(now time.Time) bool { return t.NotAfter.IsZero() || now.Before(t.NotAfter) }

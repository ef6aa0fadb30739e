package verify

import (
	"bytes"
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/webhook"
)

// basicScheme compares the user name and password of RFC 7617 with the secrets, which are "name:password".
type basicScheme struct {
	secrets tokenSecrets
	first   []byte // signs
}

var errBasicMalformed = &Refusal{CredentialsMalformed, "the Authorization header is not Basic with base64 of name:password"}

// maxBasic is the size of the decoded credentials, in bytes.
const maxBasic = 1024

func makeBasic(s *preset, _ webhook.Verify, m Material) (scheme, error) {
	plain, err := s.plainSecrets(m)
	if err != nil {
		return nil, err
	}
	for _, p := range plain {
		if err := checkBasicSecret(p.Text); err != nil {
			return nil, err
		}
	}
	return &basicScheme{newTokenSecrets(plain), plain[0].Text}, nil
}

// checkBasicSecret takes what RFC 7617 can carry: a name without a colon and a password, without controls.
func checkBasicSecret(text []byte) error {
	switch name, password, ok := bytes.Cut(text, []byte(":")); {
	case !ok || len(name) == 0 || len(password) == 0:
		return invalid("secrets", "a secret of the preset \"basic\" is a name, a colon and a password")
	case !plainText(text):
		return invalid("secrets", "a secret of the preset \"basic\" is UTF-8 without control characters")
	case len(text) > maxBasic:
		return invalid("secrets", "a secret of the preset \"basic\" has %d bytes at most", maxBasic)
	}
	return nil
}

func (b *basicScheme) verify(req *Request, now time.Time) (Delivery, *Refusal) {
	field, r := once(req.Header, "Authorization", errTokenMissing)
	if r != nil {
		return Delivery{}, r
	}
	text, ok := cutFold(field, "Basic ")
	if !ok || base64.StdEncoding.DecodedLen(len(text)) > maxBasic+2 {
		return Delivery{}, errBasicMalformed
	}
	var room [maxBasic + 3]byte
	n, err := strictBase64.Decode(room[:], text)
	pair := room[:n]
	// The decoder skips line breaks, which no strict sender writes.
	if err != nil || bytes.ContainsAny(text, "\r\n") || bytes.IndexByte(pair, ':') < 0 || !plainText(pair) {
		return Delivery{}, errBasicMalformed
	}
	return Delivery{}, b.secrets.match(pair, now)
}

func (b *basicScheme) sign(o *Outgoing) error {
	o.set("Authorization", "Basic "+base64.StdEncoding.EncodeToString(b.first))
	return nil
}

// cutFold takes a prefix off the front, whose letter case does not matter.
func cutFold(text []byte, prefix string) ([]byte, bool) {
	if len(text) < len(prefix) || !strings.EqualFold(string(text[:len(prefix)]), prefix) {
		return nil, false
	}
	return text[len(prefix):], true
}

func plainText(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return utf8.Valid(text)
}

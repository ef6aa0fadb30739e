package verify

import (
	"bytes"
	"encoding/base64"

	"github.com/penstock/penstock/runtime/value"
)

// tokenHead is what the header of a JWT says, as far as it is listened to: where its key can be found
// (jku, x5u, jwk, x5c) is not.
type tokenHead struct{ algorithm, id string }

// readTokenHead checks that token has three parts, each in the one possible base64url form, and reads its
// header. Nothing of it is proven yet.
func readTokenHead(token []byte) (tokenHead, *Refusal) {
	if len(token) > maxJWT || bytes.Count(token, []byte(".")) != 2 {
		return tokenHead{}, errJWTMalformed
	}
	var head []byte
	for i, part := range bytes.Split(token, []byte(".")) {
		plain, ok := decodeURL(part)
		if !ok {
			return tokenHead{}, errJWTMalformed
		}
		if i == 0 {
			head = plain
		}
	}
	doc, err := value.Decode(head)
	fields, ok := doc.(map[string]any)
	if err != nil || !ok {
		return tokenHead{}, errJWTMalformed
	}
	for _, name := range []string{"crit", "b64"} {
		if _, given := fields[name]; given {
			return tokenHead{}, errJWTCritical
		}
	}
	algorithm, ok := fields["alg"].(string)
	id, idOK := optionalText(fields["kid"])
	if !ok || !idOK {
		return tokenHead{}, errJWTMalformed
	}
	return tokenHead{algorithm, id}, nil
}

// decodeURL decodes base64url without padding. The decoder alone would skip line breaks.
func decodeURL(text []byte) ([]byte, bool) {
	for _, c := range text {
		if c == '\r' || c == '\n' {
			return nil, false
		}
	}
	plain := make([]byte, base64.RawURLEncoding.DecodedLen(len(text)))
	n, err := strictBase64URL.Decode(plain, text)
	return plain[:n], err == nil
}

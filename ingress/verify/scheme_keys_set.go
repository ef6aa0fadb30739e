package verify

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/penstock/penstock/runtime/value"
)

const maxKeySet = 256 << 10 // bytes

// parseKeySet reads a JWKS or a single JWK. Keys that are for encryption or of an unknown kind are passed
// over. In a set that an operator pinned, a private or unusable key is an error; in a fetched one it is
// passed over too, so that one odd key of a provider does not take the others along.
func parseKeySet(text []byte, pinned bool) ([]pinnedKey, error) {
	if len(text) > maxKeySet {
		return nil, errors.New("the key set is too large")
	}
	doc, err := value.Decode(text)
	set, ok := doc.(map[string]any)
	if err != nil || !ok {
		return nil, errors.New("the key set is not valid JSON, or holds a name twice")
	}
	list, isSet := set["keys"].([]any)
	if !isSet {
		list = []any{set}
	}
	var keys []pinnedKey
	for _, item := range list {
		fields, _ := item.(map[string]any)
		if !forSignatures(fields) {
			continue
		}
		k, err := parseJWK(fields)
		if err != nil {
			if pinned {
				return nil, err
			}
			continue
		}
		if keys = append(keys, k); len(keys) > maxPinned {
			return nil, errors.New("the key set has too many keys")
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set has no public key for signatures")
	}
	return keys, nil
}

// forSignatures reports whether a JWK is a public key whose owner did not mark it for something else.
func forSignatures(fields map[string]any) bool {
	kind, _ := fields["kty"].(string)
	if kind != "RSA" && kind != "EC" && kind != "OKP" && kind != "oct" {
		return false
	}
	if use, given := fields["use"]; given && use != "sig" {
		return false
	}
	if ops, given := fields["key_ops"]; given {
		list, _ := ops.([]any)
		return slices.Contains(list, any("verify"))
	}
	return true
}

// parseJWK takes the members that make the key and nothing else: certificates and addresses in it could
// only disagree.
func parseJWK(fields map[string]any) (pinnedKey, error) {
	if fields["kty"] == "oct" {
		return pinnedKey{}, errors.New("a key set holds a shared secret; give it as a secret")
	}
	if _, private := fields["d"]; private {
		return pinnedKey{}, errors.New("a key set holds a private key, and only public ones belong there")
	}
	plain := map[string]any{}
	for _, name := range []string{"kty", "crv", "n", "e", "x", "y"} {
		if v, given := fields[name]; given {
			plain[name] = v
		}
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return pinnedKey{}, errors.New("a key of the key set is malformed")
	}
	var k jose.JSONWebKey
	if err := k.UnmarshalJSON(text); err != nil || !k.Valid() || !k.IsPublic() {
		return pinnedKey{}, errors.New("a key of the key set is malformed, or of an unknown kind")
	}
	id, idOK := optionalText(fields["kid"])
	algorithm, algorithmOK := optionalText(fields["alg"])
	if !idOK || !algorithmOK {
		return pinnedKey{}, errors.New("the kid or alg of a key is no text")
	}
	return checkPublic(pinnedKey{id: id, algorithm: algorithm, public: k.Key})
}

// optionalText gives a member that is a text or not there.
func optionalText(v any) (string, bool) {
	if v == nil {
		return "", true
	}
	text, ok := v.(string)
	return text, ok && len(text) <= 256
}

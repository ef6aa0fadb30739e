package verify

// Base opens signatureBase: the base of the first signature of a request, or the reason why there is none.
func Base(req Request) (string, Reason) {
	inputs, r := readInputs(req.Header)
	if r != nil {
		return "", r.Reason
	}
	base, r := signatureBase(&req, &inputs[0])
	if r != nil {
		return "", r.Reason
	}
	return string(base), ""
}

// Component opens component.
func Component(req Request, name string) (string, Reason) {
	text, r := component(&req, name)
	if r != nil {
		return "", r.Reason
	}
	return text, ""
}

// CheckSignature opens checkSignature for a key in PEM.
func CheckSignature(algorithm string, key []byte, content string, signature []byte) bool {
	keys, err := parsePublicKeys([][]byte{key})
	return err == nil && len(keys) == 1 && checkSignature(algorithm, keys[0].public, []byte(content), signature)
}

// MAC opens the HMAC of RFC 9421.
func MAC(secret []byte, content string) []byte { return macSHA256(secret, []byte(content)) }

// Squeeze opens squeeze.
func Squeeze(text string) string { return squeeze(text) }

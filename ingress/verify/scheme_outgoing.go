package verify

import (
	"crypto"
	"crypto/rsa"
	"strings"
)

// outgoingHeader reads what an Outgoing holds as a request would.
type outgoingHeader struct{ o *Outgoing }

func (h outgoingHeader) Field(name string) ([]byte, int) {
	all := h.Values(name)
	if len(all) == 0 {
		return nil, 0
	}
	return all[0], len(all)
}

func (h outgoingHeader) Values(name string) [][]byte {
	var out [][]byte
	for _, f := range h.o.Header {
		if strings.EqualFold(f[0], name) {
			out = append(out, []byte(f[1]))
		}
	}
	return out
}

// withParameter adds a parameter, which needs no escape, to the query of an address.
func withParameter(url, name, value string) string {
	sep := "?"
	if strings.Contains(url, "?") {
		sep = "&"
	}
	return url + sep + name + "=" + value
}

// signRSA signs a digest with the private key that stands for the provider's.
func signRSA(private []byte, hash crypto.Hash, digest []byte) ([]byte, error) {
	parsed, err := parsePrivate(private)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, invalid("key", "the private key is no RSA key")
	}
	signature, err := rsa.SignPKCS1v15(nil, key, hash, digest)
	if err != nil {
		return nil, invalid("key", "the private key is too short to sign")
	}
	return signature, nil
}

// idOf writes an id with letters, digits and the given separator alone.
func idOf(text, separator string) string {
	var out strings.Builder
	for _, c := range []byte(text) {
		if alphanumeric([]byte{c}) {
			out.WriteByte(c)
		} else {
			out.WriteString(separator)
		}
	}
	return out.String()
}

package verify

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
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

// guessType gives the content type that a sender would use for the body.
func guessType(body []byte) string {
	if text := bytes.TrimSpace(body); len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		return typeJSON
	}
	return typeForm
}

// withParameter adds a parameter, which needs no escape, to the query of an address.
func withParameter(url, name, value string) string {
	sep := "?"
	if strings.Contains(url, "?") {
		sep = "&"
	}
	return url + sep + name + "=" + value
}

// rsaPrivateKey reads the key that stands for the provider's.
func rsaPrivateKey(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, invalid("privateKey", "an RSA private key in PEM is needed, which stands for the provider's")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok || key.N.BitLen() < minRSABits {
		return nil, invalid("privateKey", "the private key is no RSA key of %d bits at least", minRSABits)
	}
	return key, nil
}

package verify

import (
	"context"
	"time"

	"github.com/penstock/penstock/ingress/verify/netlist"
)

// Material is what the references of a webhook's settings were resolved to. Compile copies what it keeps.
type Material struct {
	Secrets []Secret
	Keys    [][]byte       // public keys and certificates: PEM, JWKS (JSON), base64 of DER, hex, or whpk_ and base64
	Fetch   Fetcher        // for keys that a request or an option names by address; nil = nothing is fetched
	Lists   *netlist.Lists // of addresses that an option may name with an @; nil = those that ship
}

// Secret is one secret, the text as the sender shows it.
type Secret struct {
	Text     []byte
	NotAfter time.Time // it proves nothing after this moment; zero = for ever
}

// live reports whether the secret may still prove a request.
func (s Secret) live(now time.Time) bool { return s.NotAfter.IsZero() || !now.After(s.NotAfter) }

// Fetcher gets a document by its address: guarded against internal addresses, limited in size, cached,
// with one request at a time for each address. It may be used from many goroutines.
type Fetcher interface {
	Fetch(ctx context.Context, url string) ([]byte, error)
}

// maxSecrets is the number of secrets, and of keys, that a webhook may have.
const maxSecrets = 8

// checkMaterial refuses what no scheme may get. Errors never quote a secret.
func checkMaterial(m Material) error {
	for _, s := range m.Secrets {
		if len(s.Text) == 0 {
			return invalid("secrets", "a secret is empty")
		}
	}
	for _, k := range m.Keys {
		if len(k) == 0 {
			return invalid("keys", "a key is empty")
		}
	}
	if n := len(m.Secrets); n > maxSecrets {
		return invalid("secrets", "there are %d secrets, and %d are allowed", n, maxSecrets)
	}
	if n := len(m.Keys); n > maxSecrets {
		return invalid("keys", "there are %d keys, and %d are allowed", n, maxSecrets)
	}
	return nil
}

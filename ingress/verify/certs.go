package verify

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"sync"
	"time"
)

// signerCerts finds the RSA keys that a provider may have signed with, where each request names the
// address of its certificate.
//
// Trust comes from one of three places, in this order. Keys and certificates that the webhook pins are
// taken as they are, within their validity; with one of them nothing is fetched. Authorities that it pins
// (certificates that may sign others) anchor the chain of what is fetched. Without any, a certificate is trusted
// because it came over TLS from a host that only the provider has, and because it carries the
// provider's name: the providers serve the certificate without the authorities above it, so that a chain
// could not be built from it, and the authorities behind that TLS are the same.
type signerCerts struct {
	pinned []signerCert
	roots  *x509.CertPool // nil = no authority is pinned
	fetch  Fetcher        // nil = only what is pinned
	named  func(name string) bool

	mu      sync.Mutex
	fetched map[string]*fetchedCert
	spare   int       // fetches that may still be made in this minute
	minute  time.Time // when the minute began
}

// signerCert is a key with the time for which it holds; the zero time is no limit.
type signerCert struct {
	key                 *rsa.PublicKey
	notBefore, notAfter time.Time
}

// fetchedCert is the outcome of one fetch, which is there when done is closed.
type fetchedCert struct {
	done    chan struct{}
	cert    signerCert
	refusal *Refusal
	at      time.Time
}

const (
	minRSABits      = 2048
	maxCertificates = 10       // in one file
	maxCertFile     = 64 << 10 // bytes

	maxFetched       = 16              // addresses that are remembered
	maxFetchesMinute = 10              // so that a caller who invents addresses makes few of them
	fetchPatience    = 5 * time.Second // senders wait 10 to 15 seconds
	fetchAgain       = 10 * time.Second
)

var (
	errKeyUnavailable    = &Refusal{KeyUnavailable, "the certificate that the request names could not be fetched"}
	errKeyBusy           = &Refusal{KeyUnavailable, "the requests of the last minute named too many different certificates"}
	errCertificateName   = &Refusal{CertificateRefused, "the certificate does not carry the provider's name"}
	errCertificateAge    = &Refusal{CertificateRefused, "the certificate is not valid at this time"}
	errCertificateKey    = &Refusal{CertificateRefused, "the certificate is not PEM with an RSA key of 2048 bits at least"}
	errCertificateChain  = &Refusal{KeyUnknown, "the certificate does not lead to one of the pinned authorities"}
	errCertificatePinned = &Refusal{CertificateRefused, "none of the pinned certificates is valid at this time"}
)

// newSignerCerts reads the pinned keys of m. named reports whether a name in a certificate is the
// provider's.
func newSignerCerts(s *preset, m Material, named func(string) bool) (*signerCerts, error) {
	c := &signerCerts{fetch: m.Fetch, named: named, fetched: map[string]*fetchedCert{}}
	for _, text := range m.Keys {
		if err := c.pin(text); err != nil {
			return nil, err
		}
	}
	if len(c.pinned) == 0 && c.fetch == nil {
		return nil, invalid("keys", "the preset %q needs a certificate or public key where none can be fetched", s.name)
	}
	return c, nil
}

// pin takes the keys and certificates of one PEM text.
func (c *signerCerts) pin(text []byte) error {
	count := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if count++; count > maxCertificates {
			return invalid("keys", "a text of keys holds more than %d", maxCertificates)
		}
		switch block.Type {
		case "CERTIFICATE":
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return invalid("keys", "a certificate cannot be read")
			}
			key, ok := rsaKey(cert.PublicKey)
			switch {
			case cert.BasicConstraintsValid && cert.IsCA:
				if c.roots == nil {
					c.roots = x509.NewCertPool()
				}
				c.roots.AddCert(cert)
				if ok { // one that signs messages itself, as self-made ones do
					c.pinned = append(c.pinned, signerCert{key, cert.NotBefore, cert.NotAfter})
				}
			case !ok:
				return invalid("keys", "a certificate has no RSA key of %d bits at least", minRSABits)
			default:
				c.fetch = nil
				c.pinned = append(c.pinned, signerCert{key, cert.NotBefore, cert.NotAfter})
			}
		case "PUBLIC KEY":
			public, err := x509.ParsePKIXPublicKey(block.Bytes)
			key, ok := rsaKey(public)
			if err != nil || !ok {
				return invalid("keys", "a public key is no RSA key of %d bits at least", minRSABits)
			}
			c.fetch = nil
			c.pinned = append(c.pinned, signerCert{key: key})
		default:
			return invalid("keys", "a text of keys holds something else than certificates and public keys")
		}
	}
	if count == 0 {
		return invalid("keys", "a key is no PEM with a certificate or public key")
	}
	return nil
}

func rsaKey(public any) (*rsa.PublicKey, bool) {
	key, ok := public.(*rsa.PublicKey)
	return key, ok && key.N.BitLen() >= minRSABits
}

func (c signerCert) holds(now time.Time) bool {
	return !now.Before(c.notBefore) && (c.notAfter.IsZero() || !now.After(c.notAfter))
}

// check judges an RSA PKCS #1 v1.5 signature over a digest, by the pinned keys or by the certificate at
// the address, which the caller has found to be the provider's.
func (c *signerCerts) check(url string, hash crypto.Hash, digest, signature []byte, now time.Time) *Refusal {
	valid := false
	for i := range c.pinned {
		if !c.pinned[i].holds(now) {
			continue
		}
		valid = true
		if rsa.VerifyPKCS1v15(c.pinned[i].key, hash, digest, signature) == nil {
			return nil
		}
	}
	switch {
	case c.fetch != nil:
	case valid:
		return errSignatureMismatch
	default:
		return errCertificatePinned
	}
	cert, r := c.at(url, now)
	if r != nil {
		return r
	}
	if !cert.holds(now) {
		return errCertificateAge
	}
	if rsa.VerifyPKCS1v15(cert.key, hash, digest, signature) != nil {
		return errSignatureMismatch
	}
	return nil
}

// at gives the certificate of an address. Callers that ask for one address at one time share a fetch.
func (c *signerCerts) at(url string, now time.Time) (signerCert, *Refusal) {
	c.mu.Lock()
	f := c.fetched[url]
	if f != nil && !f.stale(now) {
		c.mu.Unlock()
		<-f.done
		return f.cert, f.refusal
	}
	if !c.mayFetch(now) {
		c.mu.Unlock()
		return signerCert{}, errKeyBusy
	}
	f = &fetchedCert{done: make(chan struct{}), at: now, refusal: errKeyUnavailable}
	c.forgetOldest()
	c.fetched[url] = f
	c.mu.Unlock()

	defer close(f.done)
	ctx, cancel := context.WithTimeout(context.Background(), fetchPatience)
	defer cancel()
	if text, err := c.fetch.Fetch(ctx, url); err == nil {
		f.cert, f.refusal = c.parse(text, now)
	}
	return f.cert, f.refusal
}

// stale reports whether the address should be asked again: after a failure, and when the certificate has
// ended.
func (f *fetchedCert) stale(now time.Time) bool {
	select {
	case <-f.done:
		return now.Sub(f.at) >= fetchAgain && (f.refusal != nil || !f.cert.holds(now))
	default:
		return false
	}
}

func (c *signerCerts) mayFetch(now time.Time) bool {
	if age := now.Sub(c.minute); age >= time.Minute || age < 0 {
		c.minute, c.spare = now, maxFetchesMinute
	}
	c.spare--
	return c.spare >= 0
}

// forgetOldest makes room for one address, of a failure first.
func (c *signerCerts) forgetOldest() {
	if len(c.fetched) < maxFetched {
		return
	}
	victim, failed := "", false
	for url, f := range c.fetched {
		select {
		case <-f.done:
		default:
			continue
		}
		bad := f.refusal != nil
		if victim == "" || bad && !failed || bad == failed && f.at.Before(c.fetched[victim].at) {
			victim, failed = url, bad
		}
	}
	delete(c.fetched, victim)
}

// parse judges a fetched file: the first certificate is the signer's, the others lead to an authority.
func (c *signerCerts) parse(text []byte, now time.Time) (signerCert, *Refusal) {
	if len(text) > maxCertFile {
		return signerCert{}, errCertificateKey
	}
	var certs []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" || len(certs) == maxCertificates {
			return signerCert{}, errCertificateKey
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return signerCert{}, errCertificateKey
	}
	cert := certs[0]
	key, ok := rsaKey(cert.PublicKey)
	out := signerCert{key, cert.NotBefore, cert.NotAfter}
	switch {
	case !ok:
		return signerCert{}, errCertificateKey
	case !out.holds(now):
		return signerCert{}, errCertificateAge
	case !c.carriesName(cert):
		return signerCert{}, errCertificateName
	case c.roots == nil:
		return out, nil
	}
	between := x509.NewCertPool()
	for _, other := range certs[1:] {
		between.AddCert(other)
	}
	_, err := cert.Verify(x509.VerifyOptions{
		Roots: c.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return signerCert{}, errCertificateChain
	}
	return out, nil
}

func (c *signerCerts) carriesName(cert *x509.Certificate) bool {
	for _, name := range append([]string{cert.Subject.CommonName}, cert.DNSNames...) {
		if c.named(strings.ToLower(name)) {
			return true
		}
	}
	return false
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

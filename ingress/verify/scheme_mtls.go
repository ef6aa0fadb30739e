package verify

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"time"

	"github.com/penstock/penstock/ingress/verify/netlist"
	"github.com/penstock/penstock/runtime/webhook"
)

const defaultCertHeader = "Client-Cert"

var (
	errCertMissing   = &Refusal{CertificateMissing, "the client has shown no certificate: neither to the listener, nor to a trusted proxy that passes it on"}
	errCertMalformed = &Refusal{CredentialsMalformed, "the header of the trusted proxy holds no certificate in a form that the server knows"}
	errCertRefused   = &Refusal{CertificateRefused, "the certificate is not valid now, or is not one for clients"}
	errCertAuthority = &Refusal{KeyUnknown, "no authority among the webhook's keys has issued the certificate"}
	errCertName      = &Refusal{AddressRefused, "the certificate holds no name that the webhook allows"}
)

// certScheme proves the client by its TLS certificate.
type certScheme struct {
	roots  *x509.CertPool
	allow  []certName
	header string
	// proxies may pass on in the header what a client has shown to them. The header holds no proof that
	// the client owns the key: that they checked it is what they are trusted with.
	proxies netlist.List
}

// makeCert takes the options allow, header and trustedProxies; the keys are the authorities.
func makeCert(s *preset, w webhook.Verify, m Material) (scheme, error) {
	c := &certScheme{header: s.signature.header, roots: x509.NewCertPool()}
	if len(m.Keys) == 0 {
		return nil, invalid("keys", "the preset %q needs the certificate of an authority", s.name)
	}
	for _, text := range m.Keys {
		if err := addRoots(c.roots, text); err != nil {
			return nil, invalid("keys", "%s", err)
		}
	}
	for _, text := range w.Options["allow"] {
		name, err := parseCertName(text)
		if err != nil {
			return nil, invalid("allow", "%s", err)
		}
		c.allow = append(c.allow, name)
	}
	if len(c.allow) == 0 {
		return nil, invalid("allow", "the preset %q needs the names of the clients", s.name)
	}
	var err error
	if c.proxies, err = trustedProxies(w); err != nil {
		return nil, err
	}
	if w.Options.First("header") != "" && c.proxies.Empty() {
		return nil, invalid("trustedProxies", "a header can carry a certificate only from trusted proxies, and there are none")
	}
	return c, nil
}

// trustedProxies reads the option of that name. Trusting everybody is nothing but an open door.
func trustedProxies(w webhook.Verify) (netlist.List, error) {
	l, err := netlist.Parse(w.Options["trustedProxies"])
	if err != nil {
		return netlist.List{}, invalid("trustedProxies", "%s", err)
	}
	if l.Everybody() {
		return netlist.List{}, invalid("trustedProxies", "trusting every address as a proxy lets everybody claim to be anybody")
	}
	return l, nil
}

// addRoots adds the certificates of a PEM text.
func addRoots(pool *x509.CertPool, text []byte) error {
	for text = bytes.TrimSpace(text); len(text) > 0; text = bytes.TrimSpace(text) {
		block, rest := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" {
			return errors.New("an authority is not a certificate in PEM")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return errors.New("an authority is not a certificate in PEM")
		}
		pool.AddCert(c)
		text = rest
	}
	return nil
}

func (c *certScheme) verify(req *Request, now time.Time) (Delivery, *Refusal) {
	chain, r := c.chain(req)
	if r != nil {
		return Delivery{}, r
	}
	between := x509.NewCertPool()
	for _, other := range chain[1:] {
		between.AddCert(other)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: c.roots, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		if unknown := (x509.UnknownAuthorityError{}); errors.As(err, &unknown) {
			return Delivery{}, errCertAuthority
		}
		return Delivery{}, errCertRefused
	}
	for _, name := range c.allow {
		if name.matches(chain[0]) {
			return Delivery{}, nil
		}
	}
	return Delivery{}, errCertName
}

// chain gives the certificate of the client and those between it and an authority. Behind a trusted proxy
// the certificate of the connection is the proxy's own, so only the header counts.
func (c *certScheme) chain(req *Request) ([]*x509.Certificate, *Refusal) {
	if !c.proxies.Contains(req.Peer) {
		if len(req.Certificates) == 0 {
			return nil, errCertMissing
		}
		return req.Certificates, nil
	}
	field, r := once(req.Header, c.header, errCertMissing)
	if r != nil {
		return nil, r
	}
	chain, ok := readCertHeader(field)
	if !ok {
		return nil, errCertMalformed
	}
	if len(chain) > 1 || !isDefaultCertHeader(c.header) {
		return chain, nil
	}
	rest, count := req.Header.Field(defaultCertHeader + "-Chain")
	if count > 1 {
		return nil, errHeaderRepeated
	}
	if count == 1 {
		others, ok := readCertChain(rest)
		if !ok {
			return nil, errCertMalformed
		}
		chain = append(chain, others...)
	}
	return chain, nil
}

func (c *certScheme) sign(*Outgoing) error {
	return invalid("preset", "a client certificate is shown by the TLS connection; a request cannot be signed with it")
}

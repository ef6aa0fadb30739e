package verify

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// certName is a name that a client's certificate may hold.
type certName struct {
	kind certNameKind
	text string // of a suffix: what follows the *, beginning with a dot
	// suffix: any name that ends so, with at least one more label in front
	suffix bool
}

type certNameKind int

const (
	nameDNS certNameKind = iota
	nameURI
	nameEmail
	nameCommon
)

// parseCertName reads a pattern: CN=name, an address with a scheme, an e-mail address, or a DNS name. DNS
// names and CN may begin with *. for all names below.
func parseCertName(text string) (certName, error) {
	n := certName{text: text}
	if common, ok := strings.CutPrefix(text, "CN="); ok {
		n.kind, n.text = nameCommon, common
	} else if u, err := url.Parse(text); err == nil && u.Scheme != "" && (u.Host != "" || u.Opaque != "") {
		n.kind = nameURI
	} else if strings.Contains(text, "@") {
		n.kind = nameEmail
	}
	if rest, ok := strings.CutPrefix(n.text, "*"); ok && (n.kind == nameDNS || n.kind == nameCommon) {
		n.text, n.suffix = rest, true
	}
	switch {
	case n.text == "", strings.Contains(n.text, "*"):
		return certName{}, fmt.Errorf("the name %q is empty or has a * elsewhere than as *. in front", text)
	case n.suffix && (len(n.text) < 2 || n.text[0] != '.'):
		return certName{}, fmt.Errorf("the * in the name %q is not followed by a dot and a name", text)
	case n.kind == nameDNS && strings.ContainsAny(n.text, " /:"):
		return certName{}, errors.New("a name to allow is a DNS name, an address with a scheme, an e-mail address, or CN= and a name")
	}
	return n, nil
}

// matches reports whether the certificate holds the name. A name with a * in the certificate is none of a
// client.
func (n certName) matches(c *x509.Certificate) bool {
	switch n.kind {
	case nameURI:
		return slices.ContainsFunc(c.URIs, func(u *url.URL) bool { return u.String() == n.text })
	case nameEmail:
		return slices.ContainsFunc(c.EmailAddresses, n.sameEmail)
	case nameCommon:
		return n.covers(c.Subject.CommonName)
	default:
		return slices.ContainsFunc(c.DNSNames, n.covers)
	}
}

func (n certName) covers(name string) bool {
	if strings.Contains(name, "*") {
		return false
	}
	if !n.suffix {
		return sameName(name, n.text)
	}
	cut := len(name) - len(n.text)
	return cut > 0 && name[0] != '.' && sameName(name[cut:], n.text)
}

// sameEmail compares the part before the @ by its letter case, as its owner may.
func (n certName) sameEmail(address string) bool {
	wantUser, wantHost, _ := strings.Cut(n.text, "@")
	user, host, ok := strings.Cut(address, "@")
	return ok && user == wantUser && sameName(host, wantHost)
}

// sameName compares without regard to the case of ASCII letters; other letters have no case in DNS.
func sameName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

package verify_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// issued is a certificate with its key.
type issued struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func (i issued) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw})
}

// field is the certificate as in Client-Cert.
func (i issued) field() string { return ":" + base64.StdEncoding.EncodeToString(i.cert.Raw) + ":" }

// issue makes a certificate; issuer nil = it signs itself.
func issue(tb testing.TB, template *x509.Certificate, issuer *issued) issued {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	c := *template
	c.SerialNumber = big.NewInt(1)
	if c.NotBefore.IsZero() {
		c.NotBefore, c.NotAfter = schemeNow.Add(-time.Hour), schemeNow.Add(time.Hour)
	}
	c.BasicConstraintsValid = true
	parent, signer := &c, crypto.Signer(key)
	if issuer != nil {
		parent, signer = issuer.cert, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, &c, parent, key.Public(), signer)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return issued{cert, key}
}

func authority(tb testing.TB, name string, issuer *issued) issued {
	return issue(tb, &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, KeyUsage: x509.KeyUsageCertSign}, issuer)
}

func client(tb testing.TB, issuer issued, template x509.Certificate) issued {
	if template.ExtKeyUsage == nil {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	return issue(tb, &template, &issuer)
}

func certSettings(options webhook.Options) webhook.Verify {
	return webhook.Verify{Preset: "mtls", Options: options}
}

func TestCertSettings(t *testing.T) {
	t.Parallel()
	ca := authority(t, "CA", nil)
	allow := webhook.Options{"allow": {"a.example"}}
	with := func(name string, values ...string) webhook.Options {
		return webhook.Options{"allow": {"a.example"}, name: values}
	}
	for name, c := range map[string]struct {
		options   webhook.Options
		material  verify.Material
		parameter string
		want      string
	}{
		"no authority":             {allow, verify.Material{}, "keys", "needs the certificate of an authority"},
		"key as authority":         {allow, pinned(keyPairs()["P-256"].public), "keys", "not a certificate in PEM"},
		"broken authority":         {allow, pinned(ca.pem()[:100]), "keys", "not a certificate in PEM"},
		"private key in the file":  {allow, pinned(append(ca.pem(), keyPairs()["P-256"].secret...)), "keys", "not a certificate in PEM"},
		"no names":                 {nil, pinned(ca.pem()), "allow", "needs the names of the clients"},
		"empty list of names":      {webhook.Options{"allow": {}}, pinned(ca.pem()), "allow", "empty"},
		"empty name":               {webhook.Options{"allow": {""}}, pinned(ca.pem()), "allow", "empty"},
		"everybody":                {webhook.Options{"allow": {"*"}}, pinned(ca.pem()), "allow", "is empty"},
		"every name":               {webhook.Options{"allow": {"*."}}, pinned(ca.pem()), "allow", "not followed by a dot and a name"},
		"suffix without a dot":     {webhook.Options{"allow": {"*example.com"}}, pinned(ca.pem()), "allow", "not followed by a dot"},
		"* inside":                 {webhook.Options{"allow": {"a.*.example.com"}}, pinned(ca.pem()), "allow", "has a * elsewhere"},
		"* in an address":          {webhook.Options{"allow": {"spiffe://example.com/*"}}, pinned(ca.pem()), "allow", "has a * elsewhere"},
		"* before an @":            {webhook.Options{"allow": {"*@example.com"}}, pinned(ca.pem()), "allow", "has a * elsewhere"},
		"empty common name":        {webhook.Options{"allow": {"CN="}}, pinned(ca.pem()), "allow", "is empty"},
		"network":                  {webhook.Options{"allow": {"10.0.0.0/8"}}, pinned(ca.pem()), "allow", "a name to allow is"},
		"proxies that are none":    {with("trustedProxies", "proxy"), pinned(ca.pem()), "trustedProxies", "is no address"},
		"everybody as a proxy":     {with("trustedProxies", "0.0.0.0/0"), pinned(ca.pem()), "trustedProxies", "everybody claim to be anybody"},
		"everybody, in two halves": {with("trustedProxies", "::/1", "8000::/1"), pinned(ca.pem()), "trustedProxies", "everybody claim"},
		"header and no proxy":      {with("header", "X-Client-Cert"), pinned(ca.pem()), "trustedProxies", "there are none"},
		"tolerance":                {allow, pinned(ca.pem()), "tolerance", "no timestamp"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := certSettings(c.options)
			if name == "tolerance" {
				w.Tolerance = 5
			}
			v, err := load(t).Compile(w, c.material)
			if err == nil || v != nil || fault.CodeOf(err) != fault.WebhookInvalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.parameter) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestClientOverTLS shows a certificate in a real handshake.
func TestClientOverTLS(t *testing.T) {
	t.Parallel()
	ca := authority(t, "CA", nil)
	between := authority(t, "CA 2", &ca)
	good := client(t, between, x509.Certificate{Subject: pkix.Name{CommonName: "c-7"}, DNSNames: []string{"sender.example.com"}})
	stranger := client(t, authority(t, "other", nil), x509.Certificate{DNSNames: []string{"sender.example.com"}})
	v := compileWith(t, certSettings(webhook.Options{"allow": {"sender.example.com"}}), pinned(ca.pem()))

	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer := netip.MustParseAddrPort(r.RemoteAddr).Addr()
		req := verify.Request{Method: r.Method, Header: fields(r.Header), Peer: peer, Certificates: r.TLS.PeerCertificates}
		_, err := v.Verify(req, schemeNow)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = w.Write([]byte(reason(err)))
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert} //nolint:gosec // the version does not matter here
	server.StartTLS()
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		show []tls.Certificate
		want verify.Reason
	}{
		"the client":         {[]tls.Certificate{{Certificate: [][]byte{good.cert.Raw, between.cert.Raw}, PrivateKey: good.key}}, ""},
		"without the chain":  {[]tls.Certificate{{Certificate: [][]byte{good.cert.Raw}, PrivateKey: good.key}}, verify.KeyUnknown},
		"a stranger":         {[]tls.Certificate{{Certificate: [][]byte{stranger.cert.Raw}, PrivateKey: stranger.key}}, verify.KeyUnknown},
		"nobody":             {nil, verify.CertificateMissing},
		"an authority alone": {[]tls.Certificate{{Certificate: [][]byte{between.cert.Raw}, PrivateKey: between.key}}, verify.AddressRefused},
	} {
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: c.show}} //nolint:gosec // as above
		res, err := (&http.Client{Transport: transport}).Post(server.URL, "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := make([]byte, 64)
		n, _ := res.Body.Read(got)
		_ = res.Body.Close()
		transport.CloseIdleConnections()
		if verify.Reason(got[:n]) != c.want {
			t.Errorf("%s: %q, want %q", name, got[:n], c.want)
		}
	}
}

// TestClientNames: which pattern takes which name.
func TestClientNames(t *testing.T) {
	t.Parallel()
	ca := authority(t, "CA", nil)
	spiffe, err := url.Parse("spiffe://example.com/sender")
	if err != nil {
		t.Fatal(err)
	}
	c := client(t, ca, x509.Certificate{
		Subject: pkix.Name{CommonName: "Ada"}, DNSNames: []string{"a.example.com", "*.wild.example.com"},
		EmailAddresses: []string{"ada@example.com"}, URIs: []*url.URL{spiffe},
	})
	for pattern, want := range map[string]bool{
		"a.example.com": true, "A.EXAMPLE.com": true, "*.example.com": true, "*.com": true,
		"example.com": false, "*.a.example.com": false, "b.a.example.com": false, "*.xample.com": false,
		"a.example.co": false, "a.example.comm": false, "x.wild.example.com": false, "*.wild.example.com": false,
		"CN=Ada": true, "CN=ada": true, "CN=Ad": false, "Ada": false, "CN=a.example.com": false,
		"ada@example.com": true, "ada@EXAMPLE.COM": true, "Ada@example.com": false, "da@example.com": false,
		"spiffe://example.com/sender": true, "spiffe://example.com/sender2": false, "spiffe://example.com": false, "SPIFFE://example.com/sender": false,
	} {
		v := compileWith(t, certSettings(webhook.Options{"allow": {pattern}}), pinned(ca.pem()))
		_, err := v.Verify(verify.Request{Method: http.MethodPost, Header: fields{}, Certificates: []*x509.Certificate{c.cert}}, schemeNow)
		if (err == nil) != want || err != nil && reason(err) != verify.AddressRefused {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

// TestNotSigned: what no request can carry is said so.
func TestNotSigned(t *testing.T) {
	t.Parallel()
	p := load(t)
	for w, m := range map[*webhook.Verify]verify.Material{
		{Preset: "mtls", Options: webhook.Options{"allow": {"a.example"}}}:          pinned(authority(t, "CA", nil).pem()),
		{Preset: "ip-allow-list", Options: webhook.Options{"allow": {"192.0.2.1"}}}: {},
	} {
		o := verify.Outgoing{URL: "https://hooks.example.com/hooks/t", Now: schemeNow}
		err := p.Sign(*w, m, &o)
		if err == nil || fault.CodeOf(err) != fault.WebhookInvalid || !strings.Contains(err.Error(), "cannot be signed") {
			t.Errorf("%s: %v", w.Preset, err)
		}
	}
}

// FuzzMTLSHeader: no header of a trusted proxy panics, and none is accepted that does not hold the client's
// certificate.
func FuzzMTLSHeader(f *testing.F) {
	ca := authority(f, "CA", nil)
	good := client(f, ca, x509.Certificate{DNSNames: []string{"sender.example.com"}})
	other := client(f, ca, x509.Certificate{DNSNames: []string{"other.example.com"}})
	v := compileWith(f, certSettings(webhook.Options{"allow": {"sender.example.com"}, "trustedProxies": {"10.0.0.1"}}), pinned(ca.pem()))
	f.Add(good.field(), "")
	f.Add(other.field(), good.field())
	f.Add(url.PathEscape(string(good.pem())), ca.field())
	f.Add(strings.ReplaceAll(string(good.pem()), "\n", " "), ":AAAA:, ::")
	f.Add(string(other.pem())+string(good.pem()), "")
	f.Add("-----BEGIN CERTIFICATE-----\nA: b\n\n-----END CERTIFICATE-----", "?1")
	want := base64.StdEncoding.EncodeToString(good.cert.Raw)
	f.Fuzz(func(t *testing.T, field, chain string) {
		h := fields{"Client-Cert": {field}}
		if chain != "" {
			h["Client-Cert-Chain"] = []string{chain}
		}
		_, err := v.Verify(verify.Request{Method: http.MethodPost, Header: h, Peer: netip.MustParseAddr("10.0.0.1")}, schemeNow)
		if err != nil {
			if reason(err) == "" {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		plain, _ := url.PathUnescape(field)
		for _, text := range []string{field, plain} {
			if strings.Contains(strings.Join(strings.Fields(text), ""), want) {
				return
			}
		}
		t.Fatal("accepted without the certificate")
	})
}

func BenchmarkClientCert(b *testing.B) {
	ca := authority(b, "CA", nil)
	good := client(b, ca, x509.Certificate{DNSNames: []string{"sender.example.com"}})
	v := compileWith(b, certSettings(webhook.Options{"allow": {"sender.example.com"}, "trustedProxies": {"10.0.0.1"}}), pinned(ca.pem()))
	proxied := verify.Request{Method: http.MethodPost, Header: fields{"Client-Cert": {good.field()}}, Peer: netip.MustParseAddr("10.0.0.1")}
	direct := verify.Request{Method: http.MethodPost, Header: fields{}, Certificates: []*x509.Certificate{good.cert}}
	for name, req := range map[string]verify.Request{"TLS": direct, "header": proxied} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(req, schemeNow); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package egress_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"

	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

var errStopped = errors.New("stopped by the test")

// indoors keeps a test on this machine: an address that passed the guard and is not loopback is noted and
// not connected to.
func indoors(c *egress.Client, note func(netip.AddrPort)) {
	c.Watch(func(to netip.AddrPort) error {
		if to.Addr().Unmap().IsLoopback() {
			return nil
		}
		if note != nil {
			note(to)
		}
		return errStopped
	})
}

// server starts an HTTP server on loopback with a certificate for the name front.test, and gives its
// address as a host that a client may allow.
func server(t testing.TB, secure bool, h http.HandlerFunc) (s *httptest.Server, host string, roots *x509.CertPool) {
	t.Helper()
	s = httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if secure {
		s.StartTLS()
		roots = x509.NewCertPool()
		roots.AddCert(s.Certificate())
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s, s.Listener.Addr().String(), roots
}

// serverWith is a server with its own TLS settings.
func serverWith(t testing.TB, config *tls.Config) (s *httptest.Server, host string, roots *x509.CertPool) {
	t.Helper()
	s = httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.TLS = config
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots = x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s, s.Listener.Addr().String(), roots
}

func port(t testing.TB, hostport string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(hostport)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func wantCode(t testing.TB, name string, err error, want fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != want {
		t.Errorf("%s: %q (%v), want %q", name, got, err, want)
	}
}

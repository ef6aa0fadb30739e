package egress_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/internal/testkit/ssrf"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

func TestDo(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	s, host, roots := server(t, true, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("X-Answer", "yes")
		http.SetCookie(w, &http.Cookie{Name: "kept", Value: "never"})
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, "short and stout")
	})
	c := egress.New(egress.Options{AllowHosts: []string{host}, RootCAs: roots})
	t.Cleanup(c.Close)
	for range 2 {
		res, err := c.Do(t.Context(), egress.Request{
			Method: "POST", URL: s.URL + "/a%20b?c=d%26e", Body: []byte("hello"),
			Header: http.Header{"x-one": {"1"}, "Authorization": {"Bearer t"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if res.Status != http.StatusTeapot || string(res.Body) != "short and stout" || res.Header.Get("X-Answer") != "yes" || res.Origin != s.URL {
			t.Errorf("answer %+v", res)
		}
		want := http.Header{"X-One": {"1"}, "Authorization": {"Bearer t"}, "User-Agent": {"penstock"}, "Content-Length": {"5"}}
		if diff := cmp.Diff(want, got.Header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
		if got.Method != "POST" || got.RequestURI != "/a%20b?c=d%26e" || string(body) != "hello" || got.ProtoMajor != 1 {
			t.Errorf("request %s %s %s %q", got.Method, got.RequestURI, got.Proto, body)
		}
	}
}

func TestHTTPNeedsPermission(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s, host, _ := server(t, false, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	_, err := egress.New(egress.Options{AllowHosts: []string{host}}).Do(t.Context(), egress.Request{URL: s.URL})
	wantCode(t, "http", err, fault.EgressDenied)
	if asked.Load() != 0 {
		t.Error("the server was asked")
	}
	if _, err := egress.New(egress.Options{AllowHosts: []string{host}, PlainHTTP: true}).Do(t.Context(), egress.Request{URL: s.URL}); err != nil {
		t.Error(err)
	}
}

func TestAnswerIsNotInflated(t *testing.T) {
	t.Parallel()
	s, host, roots := server(t, true, func(w http.ResponseWriter, r *http.Request) {
		if e := r.Header.Get("Accept-Encoding"); e != "" {
			t.Errorf("Accept-Encoding: %s", e)
		}
		w.Header().Set("Content-Encoding", "gzip")
		fmt.Fprint(w, "as it is")
	})
	res, err := egress.New(egress.Options{AllowHosts: []string{host}, RootCAs: roots}).Do(t.Context(), egress.Request{URL: s.URL})
	if err != nil || string(res.Body) != "as it is" {
		t.Errorf("%q, %v", res.Body, err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s, host, roots := server(t, true, func(http.ResponseWriter, *http.Request) {})
	at := port(t, host)
	names := ssrf.Names{"example.com": {{Addresses: []string{"127.0.0.1"}}}, "other.test": {{Addresses: []string{"127.0.0.1"}}}}
	allow := []string{host, fmt.Sprint("example.com:", at), fmt.Sprint("other.test:", at)}
	resolver := ssrf.Serve(t, names)
	trusting := egress.New(egress.Options{AllowHosts: allow, RootCAs: roots, Resolver: resolver})
	if _, err := trusting.Do(t.Context(), egress.Request{URL: fmt.Sprint("https://example.com:", at)}); err != nil {
		t.Errorf("a name of the certificate: %v", err)
	}
	_, err := trusting.Do(t.Context(), egress.Request{URL: fmt.Sprint("https://other.test:", at)})
	wantText(t, err, fmt.Sprintf("asking https://other.test:%d: the certificate is for another host", at))
	_, err = egress.New(egress.Options{AllowHosts: allow}).Do(t.Context(), egress.Request{URL: s.URL})
	wantText(t, err, "asking "+s.URL+": the certificate's issuer is not trusted")

	old, oldHost, oldRoots := server(t, false, func(http.ResponseWriter, *http.Request) {})
	_, err = egress.New(egress.Options{AllowHosts: []string{oldHost}, RootCAs: oldRoots}).Do(t.Context(), egress.Request{URL: strings.Replace(old.URL, "http:", "https:", 1)})
	wantText(t, err, "asking https://"+oldHost+": no TLS connection could be agreed on")
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	for version, want := range map[uint16]fault.Code{tls.VersionTLS11: fault.EgressFailed, tls.VersionTLS12: "", tls.VersionTLS13: ""} {
		s, host, roots := serverWith(t, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: version})
		_, err := egress.New(egress.Options{AllowHosts: []string{host}, RootCAs: roots}).Do(t.Context(), egress.Request{URL: s.URL})
		wantCode(t, tls.VersionName(version), err, want)
	}
}

// TestConnectionsAreNotShared: two names at one address have a connection each, and each is judged.
func TestConnectionsAreNotShared(t *testing.T) {
	t.Parallel()
	s, host, _ := server(t, false, func(http.ResponseWriter, *http.Request) {})
	at := port(t, host)
	c := egress.New(egress.Options{
		AllowHosts: []string{host, fmt.Sprint("loop.test:", at), fmt.Sprint("cname.test:", at)}, PlainHTTP: true, Resolver: ssrf.Serve(t, ssrf.Zone()),
	})
	dialled := 0
	c.Watch(func(netip.AddrPort) error { dialled++; return nil })
	for range 3 {
		for _, name := range []string{"127.0.0.1", "loop.test"} {
			if _, err := c.Do(t.Context(), egress.Request{URL: strings.Replace(s.URL, "127.0.0.1", name, 1)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if dialled != 2 {
		t.Errorf("%d connections, want 2", dialled)
	}
	_, err := c.Do(t.Context(), egress.Request{URL: fmt.Sprint("http://127.0.0.1.test:", at)})
	wantCode(t, "a third name of the same address", err, fault.EgressDenied)
}

// TestSecondAddress: when the first address of a name does not answer, the next one is tried.
func TestSecondAddress(t *testing.T) {
	t.Parallel()
	s, host, _ := server(t, false, func(http.ResponseWriter, *http.Request) {})
	at := port(t, host)
	c := egress.New(egress.Options{
		AllowHosts: []string{fmt.Sprint("localhost.test:", at)}, PlainHTTP: true,
		Resolver: ssrf.Serve(t, ssrf.Names{"localhost.test": {{Addresses: []string{"::1", "127.0.0.1"}}}}),
	})
	if _, err := c.Do(t.Context(), egress.Request{URL: strings.Replace(s.URL, "127.0.0.1", "localhost.test", 1)}); err != nil {
		t.Error(err)
	}
}

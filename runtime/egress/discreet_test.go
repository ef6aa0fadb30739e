package egress_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/penstock/penstock/internal/testkit/ssrf"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

// TestErrorsAreDiscreet: no error holds a path, a query, a credential, a header or what the server said.
func TestErrorsAreDiscreet(t *testing.T) {
	t.Parallel()
	const canary = "canary-7f3a"
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	go func() {
		for {
			conn, err := raw.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = io.WriteString(conn, "SSH-2.0-"+canary+"\r\n\r\n")
			conn.Close()
		}
	}()
	s, host, _ := server(t, false, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "ftp://"+canary+"/"+canary)
		w.WriteHeader(http.StatusFound)
	})
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	c := egress.New(egress.Options{
		AllowHosts: []string{host, raw.Addr().String(), gone.Addr().String()}, PlainHTTP: true, Resolver: ssrf.Serve(t, ssrf.Zone()),
	})
	indoors(c, nil)
	secret := "/" + canary + "?q=" + canary + "#" + canary
	for name, r := range map[string]egress.Request{
		"not HTTP":        {URL: "http://" + raw.Addr().String() + secret},
		"refused":         {URL: "http://" + gone.Addr().String() + secret},
		"redirect":        {URL: s.URL + secret},
		"unknown name":    {URL: "http://missing.test" + secret},
		"denied":          {URL: "http://loop.test" + secret},
		"stopped":         {URL: "http://public.test" + secret},
		"user":            {URL: "http://" + canary + ":" + canary + "@public.test" + secret},
		"malformed":       {URL: "http://public.test/%zz" + secret},
		"malformed host":  {URL: "http://" + canary + "!.test" + secret},
		"scheme":          {URL: canary + "://public.test"},
		"port":            {URL: "http://public.test:" + canary},
		"header name":     {URL: s.URL + secret, Header: http.Header{canary + " x": {"1"}}},
		"header value":    {URL: s.URL + secret, Header: http.Header{"X": {canary + "\r\nX: y"}}},
		"connection":      {URL: s.URL + secret, Header: http.Header{"host": {canary}}},
		"smuggling":       {URL: s.URL + secret, Header: http.Header{"tRansfer-Encoding": {canary}}},
		"method":          {URL: s.URL + secret, Method: canary + " x"},
		"line in a query": {URL: s.URL + "/?" + canary + "\r\nX: y"},
	} {
		_, err := c.Do(t.Context(), r)
		if err == nil || fault.CodeOf(err) == fault.Internal {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), canary) {
				t.Errorf("%s: %v", name, e)
			}
		}
		t.Logf("%s: %v", name, err)
	}
}

func wantText(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

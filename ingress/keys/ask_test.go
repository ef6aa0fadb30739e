package keys_test

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/keys"
	"github.com/penstock/penstock/internal/testkit/ssrf"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	w := open(t, keys.Options{PerHost: 100}, func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			_, _ = rw.Write(make([]byte, 64<<10+1))
		case "/full":
			_, _ = rw.Write(make([]byte, 64<<10))
		case "/redirect":
			http.Redirect(rw, r, "/full", http.StatusFound)
		case "/created":
			rw.WriteHeader(http.StatusCreated)
			_, _ = rw.Write([]byte("x"))
		case "/missing":
			rw.WriteHeader(http.StatusNotFound)
		}
	})
	for path, want := range map[string]struct {
		fetch, confirm fault.Code
		text           string
	}{
		"/large":           {fault.EgressLarge, fault.EgressLarge, ": the answer is too large"},
		"/full":            {"", "", ""},
		"/redirect":        {fault.EgressFailed, fault.EgressFailed, ": the answer has status 302"},
		"/created":         {fault.EgressFailed, "", ": the answer has status 201"},
		"/missing":         {fault.EgressFailed, fault.EgressFailed, ": the answer has status 404"},
		"/empty?secret=1":  {fault.EgressFailed, "", ": the answer is empty"},
		"/missing?token=x": {fault.EgressFailed, fault.EgressFailed, ": the answer has status 404"},
	} {
		_, err := w.Fetch(t.Context(), w.url+path)
		if fault.CodeOf(err) != want.fetch {
			t.Errorf("%s: %v, want %q", path, err, want.fetch)
		}
		if err != nil && err.Error() != "asking "+w.url+want.text {
			t.Errorf("%s: %v", path, err)
		}
		if err := w.Confirm(t.Context(), w.url+path); fault.CodeOf(err) != want.confirm {
			t.Errorf("confirming %s: %v, want %q", path, err, want.confirm)
		}
	}
}

// TestForbidden hands every forbidden URL to Fetch, Renew and Confirm.
func TestForbidden(t *testing.T) {
	t.Parallel()
	listener := ssrf.Listen(t, 0)
	count := 0
	for _, scheme := range []string{"http", "https"} {
		client := egress.New(egress.Options{PlainHTTP: true, Ports: []uint16{uint16(listener.Port)}, Resolver: ssrf.Serve(t, ssrf.Zone())})
		c := keys.New(client, keys.Options{PerHost: 1000, Entries: 1000})
		t.Cleanup(c.Close)
		for _, tc := range ssrf.Cases(scheme, listener.Port) {
			_, err := c.Fetch(t.Context(), tc.URL)
			_, err2 := c.Renew(t.Context(), tc.URL)
			for _, err := range []error{err, err2, c.Confirm(t.Context(), tc.URL)} {
				if fault.CodeOf(err) != fault.EgressDenied {
					t.Errorf("%s %s: %v", scheme, tc.Name, err)
				}
				count++
			}
		}
	}
	if seen := listener.Seen(t); len(seen) > 0 {
		t.Errorf("connections to %v", seen)
	}
	t.Logf("%d requests denied, 0 connections seen", count)
}

// TestOnlyHTTPS: http is refused here, also when the client would allow it.
func TestOnlyHTTPS(t *testing.T) {
	t.Parallel()
	listener := ssrf.Listen(t, 0)
	client := egress.New(egress.Options{
		PlainHTTP: true, Ports: []uint16{uint16(listener.Port)}, Resolver: ssrf.Serve(t, ssrf.Zone()),
		AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	c := keys.New(client, keys.Options{})
	t.Cleanup(c.Close)
	for _, address := range []string{"http://loop.test:PORT/", "HTTP://loop.test:PORT/", "//loop.test:PORT/", "https:loop.test", "https:///x", "", "%", "https://public.test/" + strings.Repeat("a", 2048)} {
		address = strings.Replace(address, "PORT", strconv.Itoa(listener.Port), 1)
		if _, err := c.Fetch(t.Context(), address); fault.CodeOf(err) != fault.EgressDenied {
			t.Errorf("%q: %v", address, err)
		}
		if err := c.Confirm(t.Context(), address); fault.CodeOf(err) != fault.EgressDenied {
			t.Errorf("confirming %q: %v", address, err)
		}
	}
	if seen := listener.Seen(t); len(seen) > 0 {
		t.Errorf("connections to %v", seen)
	}
}

func FuzzLifetime(f *testing.F) {
	f.Add("max-age=60, no-cache", "3", "Tue, 06 Jan 2026 12:00:00 GMT", "Tue, 06 Jan 2026 10:00:00 GMT")
	f.Add(`max-age="60"`, "99999999999999999999", "0", "")
	f.Add("s-maxage=1,max-age = 5", "-1", "x", "y")
	f.Fuzz(func(t *testing.T, control, age, expires, date string) {
		h := http.Header{"Cache-Control": {control}, "Age": {age}, "Expires": {expires}, "Date": {date}}
		if got := keys.Lifetime(h, time.Hour); got < 0 {
			t.Fatalf("%v: %s", h, got)
		}
	})
}

func BenchmarkFetchKnown(b *testing.B) {
	w := open(b, keys.Options{}, text("k"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Fetch(b.Context(), w.url+"/"); err != nil {
			b.Fatal(err)
		}
	}
}

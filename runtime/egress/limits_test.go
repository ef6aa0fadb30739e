package egress_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	s, host, roots := server(t, true, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/known":
			w.Header().Set("Content-Length", "1001")
			_, _ = w.Write(make([]byte, 1001))
		case "/unknown":
			for range 1 << 20 {
				if _, err := w.Write(make([]byte, 512)); err != nil {
					return
				}
				w.(http.Flusher).Flush()
			}
		case "/exact":
			_, _ = w.Write(make([]byte, 1000))
		case "/header":
			w.Header().Set("X-Long", strings.Repeat("x", 8<<10))
		case "/fields":
			for i := range 1000 {
				w.Header().Set(fmt.Sprintf("X-%d", i), "y")
			}
		case "/head":
			w.Header().Set("Content-Length", "1001")
		}
	})
	c := egress.New(egress.Options{AllowHosts: []string{host}, RootCAs: roots, MaxBody: 1000, MaxHeader: 4 << 10})
	t.Cleanup(c.Close)
	for path, want := range map[string]fault.Code{
		"/known": fault.EgressLarge, "/unknown": fault.EgressLarge, "/header": fault.EgressLarge, "/fields": fault.EgressLarge, "/exact": "",
	} {
		_, err := c.Do(t.Context(), egress.Request{URL: s.URL + path})
		wantCode(t, path, err, want)
	}
	if res, err := c.Do(t.Context(), egress.Request{URL: s.URL + "/known", MaxBody: 1001}); err != nil || len(res.Body) != 1001 {
		t.Errorf("a limit of its own: %v", err)
	}
	if _, err := c.Do(t.Context(), egress.Request{Method: "HEAD", URL: s.URL + "/head"}); err != nil {
		t.Errorf("HEAD: %v", err)
	}
	_, err := c.Do(t.Context(), egress.Request{URL: s.URL + "/exact", MaxBody: 999})
	wantCode(t, "a smaller limit", err, fault.EgressLarge)
}

// TestTimeouts: each part of a request ends with the timeout, and with the caller.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	s, host, roots := server(t, true, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			for {
				if _, err := w.Write([]byte("x")); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(time.Millisecond):
				}
			}
		}
		select {
		case <-r.Context().Done():
		case <-ended:
		}
	})
	t.Cleanup(func() { close(ended) })
	// A server that takes a connection and says nothing, so that TLS hangs.
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mute.Close() })
	dns, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dns.Close() })
	silent := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", dns.LocalAddr().String())
	}}
	options := egress.Options{AllowHosts: []string{host, mute.Addr().String()}, RootCAs: roots, Resolver: silent}
	urls := map[string]string{
		"header": s.URL + "/header", "body": s.URL + "/body", "TLS": "https://" + mute.Addr().String() + "/", "name": "https://public.test/",
	}
	for name, url := range urls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options
			o.Timeout = 100 * time.Millisecond
			c := egress.New(o)
			indoors(c, nil)
			_, err := c.Do(t.Context(), egress.Request{URL: url})
			wantCode(t, name, err, fault.EgressTimeout)
			if retry, _ := fault.Retryable(err); !retry {
				t.Error("a timeout may be tried again")
			}
			c = egress.New(options)
			indoors(c, nil)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			_, err = c.Do(ctx, egress.Request{URL: url})
			wantCode(t, name+", cancelled", err, fault.EgressFailed)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
			ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err = c.Do(ctx, egress.Request{URL: url})
			wantCode(t, name+", the caller's deadline", err, fault.EgressTimeout)
		})
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int64
	goOn := make(chan struct{})
	started := make(chan struct{}, 100)
	work := func(http.ResponseWriter, *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		started <- struct{}{}
		<-goOn
		now.Add(-1)
	}
	one, host1, _ := server(t, false, work)
	two, host2, _ := server(t, false, work)
	c := egress.New(egress.Options{AllowHosts: []string{host1, host2, "localhost:" + fmt.Sprint(port(t, host2))}, PlainHTTP: true, Concurrency: 3, PerHost: 2})
	var all sync.WaitGroup
	ask := func(url string) {
		all.Go(func() {
			if _, err := c.Do(t.Context(), egress.Request{URL: url}); err != nil {
				t.Error(err)
			}
		})
	}
	for range 5 {
		ask(one.URL)
	}
	<-started
	<-started
	// Two of the first host are under way; the second host (by another name) still gets its slot.
	ask(strings.Replace(two.URL, "127.0.0.1", "localhost", 1))
	<-started
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := c.Do(ctx, egress.Request{URL: strings.Replace(two.URL, "127.0.0.1", "localhost", 1)})
	wantCode(t, "waiting for a slot", err, fault.EgressTimeout)
	if n := now.Load(); n != 3 {
		t.Errorf("%d under way, want 3", n)
	}
	close(goOn)
	all.Wait()
	if m := most.Load(); m != 3 {
		t.Errorf("at most %d were under way, want 3", m)
	}
	if n := c.Hosts(); n != 0 {
		t.Errorf("%d hosts are remembered after the last request", n)
	}
}

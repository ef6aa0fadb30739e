package keys_test

import (
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/keys"
	"github.com/penstock/penstock/runtime/egress"
)

// world is a key server with TLS on loopback, which the client may reach, and a cache with a clock that
// the test moves.
type world struct {
	*keys.Cache
	url    string
	asked  atomic.Int64
	client *egress.Client

	mu     sync.Mutex
	now    time.Time
	answer http.HandlerFunc
}

func open(t testing.TB, o keys.Options, answer http.HandlerFunc) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), answer: answer}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.asked.Add(1)
		w.mu.Lock()
		answer := w.answer
		w.mu.Unlock()
		answer(rw, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	w.url = s.URL
	w.client = egress.New(egress.Options{AllowHosts: []string{s.Listener.Addr().String()}, RootCAs: roots})
	o.Now = w.clock
	w.Cache = keys.New(w.client, o)
	t.Cleanup(w.Close)
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) answers(answer http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = answer
}

// get fetches path and checks the value ("" = an error) and how many requests the server has seen.
func (w *world) get(t testing.TB, path, want string, asked int64) {
	t.Helper()
	got, err := w.Fetch(t.Context(), w.url+path)
	if string(got) != want || (err == nil) != (want != "") {
		t.Errorf("%s: %q, %v, want %q", path, got, err, want)
	}
	if n := w.asked.Load(); n != asked {
		t.Errorf("%s: %d requests, want %d", path, n, asked)
	}
}

func text(body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		_, _ = io.WriteString(w, body)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "no")
	}
}

package ingress_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/webhook"
)

// TestDrain: at the end the door takes no connection, answers what is in work with Connection: close,
// lets no poll wait, and closes idle connections.
func TestDrain(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Hold: time.Hour})
	hook := w.put(webhook.Webhook{})
	if !w.srv.Ready() {
		eventually(t, w.srv.Ready)
	}
	entered, release := make(chan struct{}), make(chan struct{})
	w.set(func() {
		w.results["r"] = run.Result{State: run.ResultProcessing}
		w.onEmit = func(event.Event) { close(entered); <-release }
	})
	idle := dial(t, w.addr)
	poll := dial(t, w.addr)
	send(t, poll, "GET /api/v3/result?correlationId=r HTTP/1.1\r\nHost: a\r\n\r\n")
	eventually(t, func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.polls > 0 })
	kept := dial(t, w.addr)
	send(t, kept, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if a := read(t, kept); a.StatusCode != 404 || a.Close {
		t.Fatalf("kept: %d, close %v", a.StatusCode, a.Close)
	}
	busy := dial(t, w.addr)
	send(t, busy, "POST /hooks/"+hook.token+" HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nb")
	<-entered
	ended := make(chan error, 1)
	go func() { ended <- w.stop() }()
	eventually(t, func() bool { return !w.srv.Ready() })
	eventually(t, func() bool {
		c, err := net.Dial("tcp", w.addr)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	select {
	case err := <-ended:
		t.Fatalf("Run ended while a request was in work: %v", err)
	default:
	}
	close(release)
	if a := read(t, busy); a.StatusCode != 200 || !a.Close {
		t.Errorf("in work: %d, close %v", a.StatusCode, a.Close)
	}
	if a := read(t, poll); a.StatusCode != 302 || !a.Close {
		t.Errorf("poll: %d, close %v", a.StatusCode, a.Close)
	}
	for name, c := range map[string]net.Conn{"unused": idle, "kept": kept} {
		if got, err := io.ReadAll(c); len(got) != 0 && name == "unused" || err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s connection: %q, %v", name, got, err)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	one(t, w, "drain")
}

// TestGraceEnds: what does not end within the grace time is cut off.
func TestGraceEnds(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Grace: 50 * time.Millisecond, ReadTimeout: time.Hour})
	slow := dial(t, w.addr)
	send(t, slow, "POST /hooks/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nb")
	eventually(t, w.srv.Ready)
	// Wait until the connection was taken: another one behind it is answered.
	w.do("GET", "/", "")
	if err := w.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if _, err := io.ReadAll(slow); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the slow connection: %v", err)
	}
}

// TestSlowHeadEnds: a request that trickles in is cut off by the read timeout.
func TestSlowHeadEnds(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{ReadTimeout: 200 * time.Millisecond})
	c := dial(t, w.addr)
	go func() {
		for range 1000 {
			if _, err := io.WriteString(c, "X"); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	got, _ := io.ReadAll(c)
	if len(got) > 0 && !strings.HasPrefix(string(got), "HTTP/1.1 408") {
		t.Errorf("answer %.100q", got)
	}
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	return c
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, c net.Conn) answer {
	t.Helper()
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{r, string(body)}
}

// TestConnsPerIP: one address cannot take all connections, and gets its places back.
func TestConnsPerIP(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{MaxConnsPerIP: 3})
	var open []net.Conn
	for range 3 {
		c := dial(t, w.addr)
		send(t, c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if a := read(t, c); a.StatusCode != 404 {
			t.Fatalf("answer %d", a.StatusCode)
		}
		open = append(open, c)
	}
	if got := w.raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); got != "" {
		t.Errorf("a fourth connection is answered: %.60q", got)
	}
	open[0].Close()
	eventually(t, func() bool {
		return strings.HasPrefix(w.raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), "HTTP/1.1 404")
	})
}

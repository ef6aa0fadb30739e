package ingress_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/webhook"
)

// TestBodyLimitOfTheWebhook: a body beyond the limit of its webhook is refused by what its header announces,
// and else as soon as it is beyond, wherever the token is; an unknown webhook does not differ.
func TestBodyLimitOfTheWebhook(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	hook := w.put(webhook.Webhook{MaxPayloadLength: 200_000})
	large := w.put(webhook.Webhook{MaxPayloadLength: webhook.MaxMaxPayloadLength})
	unknown := strings.Repeat("0", 43)
	const receive = "/api/v3/command/webhook.receive"
	for name, c := range map[string]struct {
		path, header string
		size         int
		status       int
	}{
		"at the limit":            {"/hooks/" + hook.token, "", 200_000, 200},
		"one beyond":              {"/hooks/" + hook.token, "", 200_001, 413},
		"token in the query":      {receive + "?token=" + hook.token, "", 200_001, 413},
		"token in the header":     {receive, "Token: " + hook.token + "\r\n", 200_001, 413},
		"large webhook":           {"/hooks/" + large.token, "", 4_000_000, 200},
		"unknown, up to default":  {"/hooks/" + unknown, "", 512_000, 401},
		"unknown, beyond default": {"/hooks/" + unknown, "", 512_001, 413},
		"no webhook at all":       {receive, "", 512_001, 413},
		"another path":            {"/other", "", 70_000, 413},
	} {
		for _, chunked := range []bool{false, true} {
			conn := dial(t, w.addr)
			framing := fmt.Sprintf("Content-Length: %d\r\n\r\n", c.size)
			if chunked {
				framing = "Transfer-Encoding: chunked\r\n\r\n"
			}
			var sending sync.WaitGroup
			sending.Go(func() {
				if _, err := io.WriteString(conn, "POST "+c.path+" HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"+c.header+framing); err != nil {
					return
				}
				for left := c.size; left > 0; {
					n := min(left, 16<<10)
					piece := strings.Repeat("x", n)
					if chunked {
						piece = fmt.Sprintf("%x\r\n%s\r\n", n, piece)
					}
					if _, err := io.WriteString(conn, piece); err != nil {
						return
					}
					left -= n
				}
				if chunked {
					io.WriteString(conn, "0\r\n\r\n")
				}
			})
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Errorf("%s, chunked %v: %v", name, chunked, err)
			} else {
				if res.StatusCode != c.status {
					t.Errorf("%s, chunked %v: %d, want %d", name, chunked, res.StatusCode, c.status)
				}
				res.Body.Close()
			}
			conn.Close()
			sending.Wait()
		}
	}
}

// TestBodyLimitIsFeltAtOnce: of a body without end, little more than the limit is read.
func TestBodyLimitIsFeltAtOnce(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	hook := w.put(webhook.Webhook{MaxPayloadLength: 1 << 20})
	conn := dial(t, w.addr)
	// Small buffers, so that what left the sender was read.
	if err := conn.(*net.TCPConn).SetWriteBuffer(16 << 10); err != nil {
		t.Fatal(err)
	}
	send(t, conn, "POST /hooks/"+hook.token+" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	answered := make(chan int, 1)
	go func() {
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			answered <- 0
			return
		}
		res.Body.Close()
		answered <- res.StatusCode
	}()
	chunk, sent, atAnswer := "4000\r\n"+strings.Repeat("x", 0x4000)+"\r\n", 0, -1
	for sent < 64<<20 {
		if _, err := io.WriteString(conn, chunk); err != nil {
			break
		}
		sent += 0x4000
		select {
		case status := <-answered:
			if atAnswer = sent; status != 413 {
				t.Errorf("status %d", status)
			}
		default:
		}
	}
	t.Logf("%d KiB had left the sender at the answer, %d KiB when the connection closed", atAnswer>>10, sent>>10)
	if sent > 16<<20 {
		t.Errorf("%d MiB were taken", sent>>20)
	}
}

// TestHeaderFloods: too many fields and too large heads are refused.
func TestHeaderFloods(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many, MaxFields: 50, ReadBufferSize: 4 << 10})
	hook := w.put(webhook.Webhook{})
	std := open(t, ingress.Options{Failures: many})
	standard := std.put(webhook.Webhook{})
	for _, c := range []struct {
		name  string
		world *world
		token string
		count int
		field string
		want  int
	}{
		{"as many as the setting allows", w, hook.token, 47, "a: 1", 200},
		{"one more", w, hook.token, 48, "a: 1", 431},
		{"a head beyond the setting", w, hook.token, 1, "X-Long: " + strings.Repeat("a", 4<<10), 431},
		{"100 by default", std, standard.token, 97, "a:1", 200},
		{"101 short ones", std, standard.token, 98, "a:1", 431},
		{"500 fields", std, standard.token, 500, "X-Some-Field: some value", 431},
		{"8 KiB by default", std, standard.token, 1, "X-Long: " + strings.Repeat("a", 7<<10), 200},
		{"more than 8 KiB", std, standard.token, 1, "X-Long: " + strings.Repeat("a", 8<<10), 431},
	} {
		// Host, Connection and Content-Length are fields too.
		if a := c.world.do("POST", "/hooks/"+c.token, "b", slices.Repeat([]string{c.field}, c.count)...); a.StatusCode != c.want {
			t.Errorf("%s: %d, want %d", c.name, a.StatusCode, c.want)
		}
	}
	conn := dial(t, std.addr)
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nX-Long: "+strings.Repeat("a", 1<<20)); err == nil {
		if got, _ := io.ReadAll(conn); len(got) > 0 && !strings.HasPrefix(string(got), "HTTP/1.1 431") {
			t.Errorf("a head of 1 MiB: %.60q", got)
		}
	}
}

// TestSlowSenders: who does not bring his request in time is cut off, wherever he pauses, and is counted.
func TestSlowSenders(t *testing.T) {
	t.Parallel()
	c := &counted{}
	w := open(t, ingress.Options{ReadTimeout: 300 * time.Millisecond, Failures: many}, func(d *ingress.Deps) { d.Metrics = c })
	hook := w.put(webhook.Webhook{})
	starts := map[string]string{
		"nothing":         "",
		"half a line":     "POST /hooks/",
		"half a head":     "POST /hooks/" + hook.token + " HTTP/1.1\r\nHost: a\r\nX-A",
		"half a body":     "POST /hooks/" + hook.token + " HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf",
		"half a chunk":    "POST /hooks/" + hook.token + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
		"half a large":    "POST /hooks/" + hook.token + " HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n" + strings.Repeat("x", 100_000),
		"the next on one": "POST /hooks/" + hook.token + " HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nbPOST /hooks/",
	}
	var wg sync.WaitGroup
	for name, start := range starts {
		wg.Go(func() {
			conn := dial(t, w.addr)
			if _, err := io.WriteString(conn, start); err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			got, _ := io.ReadAll(conn)
			if len(got) > 0 && !strings.Contains(string(got), "HTTP/1.1 408 ") && name != "nothing" {
				t.Errorf("%s: %.200q", name, got)
			}
		})
	}
	wg.Wait()
	eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		n := 0
		for _, line := range c.lines {
			if line == "closed slow_sender" {
				n++
			}
		}
		return n >= len(starts)-1
	})
	if events := w.taken(); len(events) != 1 {
		t.Errorf("%d events, want the one whole request", len(events))
	}
}

// TestSlowReaders: who asks and does not take the answers is cut off within the write timeout.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	c := &counted{}
	w := open(t, ingress.Options{WriteTimeout: 300 * time.Millisecond, Failures: many}, func(d *ingress.Deps) { d.Metrics = c })
	hook := w.put(webhook.Webhook{Response: webhook.Response{Body: strings.Repeat("long answer ", 5000)}})
	conn := dial(t, w.addr)
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	request := "POST /hooks/" + hook.token + " HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nb"
	sent := 0
	for range 100_000 { // 6 GB of answers, if all were taken
		if _, err := io.WriteString(conn, request); err != nil {
			break
		}
		sent++
	}
	eventually(t, func() bool { c.mu.Lock(); defer c.mu.Unlock(); return slices.Contains(c.lines, "closed slow_reader") })
	if a := w.do("POST", "/hooks/"+hook.token, "b"); a.StatusCode != 200 {
		t.Errorf("another caller: %d", a.StatusCode)
	}
	t.Logf("%d requests left the sender", sent)
}

// TestTooManyConnections: neither one address nor all together have more connections than they may, and
// places come back.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options ingress.Options
		limit   string
	}{
		"of one address": {ingress.Options{MaxConnsPerIP: 5}, "closed address"},
		"of all":         {ingress.Options{Concurrency: 5}, "closed connections"},
	} {
		m := &counted{}
		c.options.Failures = many
		w := open(t, c.options, func(d *ingress.Deps) { d.Metrics = m })
		hook := w.put(webhook.Webhook{})
		ask := "POST /hooks/" + hook.token + " HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nb"
		var conns []net.Conn
		for range 5 {
			conn := dial(t, w.addr)
			send(t, conn, ask)
			if a := read(t, conn); a.StatusCode != 200 {
				t.Fatalf("%s: %d", name, a.StatusCode)
			}
			conns = append(conns, conn)
		}
		for range 20 {
			if got := w.raw(ask); got != "" {
				t.Errorf("%s: one too many is answered: %.60q", name, got)
			}
		}
		eventually(t, func() bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			return slices.Contains(m.lines, c.limit)
		})
		conns[0].Close()
		eventually(t, func() bool {
			return strings.HasPrefix(w.raw(strings.Replace(ask, "Host: a", "Host: a\r\nConnection: close", 1)), "HTTP/1.1 200")
		})
		send(t, conns[1], ask)
		if a := read(t, conns[1]); a.StatusCode != 200 {
			t.Errorf("%s: a connection that is open: %d", name, a.StatusCode)
		}
	}
}

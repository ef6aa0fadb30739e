package admin_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestGate: the gate of the public listener stands here too.
func TestGate(t *testing.T) {
	t.Parallel()
	w := standard(t)
	const auth = "Authorization: Bearer " + token + "\r\n"
	for name, text := range map[string]string{
		"two framings": "POST /api/v3/command/log HTTP/1.1\r\nHost: localhost\r\n" + auth + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"folded":       "POST /api/v3/command/log HTTP/1.1\r\nHost: localhost\r\n" + auth + "X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
		"two hosts":    "POST /api/v3/command/log HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n" + auth + "Content-Length: 0\r\n\r\n",
		"HTTP/9.9":     "POST /api/v3/command/log HTTP/9.9\r\nHost: localhost\r\n" + auth + "Content-Length: 0\r\n\r\n",
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		c.(*net.TCPConn).CloseWrite()
		got, _ := io.ReadAll(c) // a reset ends it too
		c.Close()
		if len(got) > 0 && !strings.HasPrefix(string(got), "HTTP/1.1 400 ") {
			t.Errorf("%s: %.80q", name, got)
		}
	}
	if w.mu.Lock(); w.call != nil {
		t.Errorf("a command ran: %v", w.call)
	}
	w.mu.Unlock()
}

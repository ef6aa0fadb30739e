package ssrf

import (
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// Listener sees the connections to one port of this machine.
type Listener struct {
	Port int
	seen chan string
	lost atomic.Int64
}

// Listen opens a listener on all addresses of the machine. Port 0 takes a free one. Connections are closed
// at once.
func Listen(t testing.TB, port int) *Listener {
	t.Helper()
	return listen(t, ":"+strconv.Itoa(port))
}

// ListenLoopback is Listen on 127.0.0.1 alone.
func ListenLoopback(t testing.TB, port int) *Listener {
	t.Helper()
	return listen(t, "127.0.0.1:"+strconv.Itoa(port))
}

func listen(t testing.TB, address string) *Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	w := &Listener{Port: l.Addr().(*net.TCPAddr).Port, seen: make(chan string, 1000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			select {
			case w.seen <- conn.LocalAddr().String():
			default:
				w.lost.Add(1)
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return w
}

// Seen gives the local addresses of the connections since the last call. It connects once itself and waits
// until it sees that: connections are accepted in their order, so none before it is missed.
func (w *Listener) Seen(t testing.TB) []string {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(w.Port)))
	if err != nil {
		t.Fatalf("the listener does not answer: %v", err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil || w.lost.Load() > 0 {
		t.Fatalf("the listener is broken: %v, %d connections lost", err, w.lost.Load())
	}
	var seen []string
	for {
		select {
		case address := <-w.seen:
			seen = append(seen, address)
		default:
			if len(seen) == 0 {
				t.Fatal("the listener did not see the test's own connection")
			}
			return seen[:len(seen)-1]
		}
	}
}

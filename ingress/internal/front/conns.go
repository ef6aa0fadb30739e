package front

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"

	"github.com/penstock/penstock/ingress/internal/limit"
)

// listener counts the open connections of each address, and remembers them, so that those that outlive
// the grace time can be closed. (fasthttp's own counter races with its own shutdown.)
type listener struct {
	net.Listener
	all, perAddress int
	closed          func(limit string)

	mu    sync.Mutex
	open  map[*conn]struct{}
	count map[netip.Addr]int
}

func newListener(l net.Listener, o Options) *listener {
	return &listener{
		Listener: l, all: o.Concurrency, perAddress: o.ConnsPerIP, closed: o.Closed,
		open: map[*conn]struct{}{}, count: map[netip.Addr]int{},
	}
}

type conn struct {
	*net.TCPConn
	from *listener
	addr netip.Addr
	once sync.Once
	used atomic.Bool // a byte came in
	deaf atomic.Bool // an answer was given before all was read
	next ahead
}

// lingering is how many bytes are read and thrown away behind an answer that did not wait for them.
const lingering = 1 << 20

// Accept gives the next connection; one too many, of all or of its address, is closed at once.
func (l *listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp, ok := raw.(*net.TCPConn)
		if !ok {
			return raw, nil
		}
		c := &conn{TCPConn: tcp, from: l, addr: network(tcp.RemoteAddr())}
		over := l.admit(c)
		if over == "" {
			return c, nil
		}
		tcp.Close() //nolint:errcheck // the connection is refused
		l.closed(over)
	}
}

// admit counts a connection, or names the limit that it is beyond.
func (l *listener) admit(c *conn) (over string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(l.open) >= l.all:
		return LimitConnections
	case l.count[c.addr] >= l.perAddress:
		return LimitAddress
	}
	l.count[c.addr]++
	l.open[c] = struct{}{}
	return ""
}

// network gives what counts as one address: an IPv4 address, or the /64 of an IPv6 one.
func network(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return limit.Network(tcp.AddrPort().Addr())
}

func (c *conn) Read(b []byte) (int, error) {
	if n, taken, err := c.next.take(b); taken {
		return n, err
	}
	n, err := c.TCPConn.Read(b)
	if n > 0 && !c.used.Load() {
		c.used.Store(true)
	}
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.TCPConn.Write(b)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		c.from.closed(LimitSlowReader)
	}
	return n, err
}

func (c *conn) Close() error {
	if c.deaf.Swap(false) {
		// Bytes that nobody read make the kernel reset the connection, and the sender would never see the
		// answer. What is left of the read timeout bounds this too, and until then the connection counts.
		if c.CloseWrite() == nil {
			io.CopyN(io.Discard, c.TCPConn, lingering) //nolint:errcheck // it is as much as can be done
		}
	}
	c.once.Do(func() {
		l := c.from
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.open, c)
		if l.count[c.addr]--; l.count[c.addr] <= 0 {
			delete(l.count, c.addr)
		}
	})
	return c.TCPConn.Close()
}

// closeUnused closes the connections on which nothing came yet; the server would wait for their first
// request.
func (l *listener) closeUnused() { l.close(func(c *conn) bool { return !c.used.Load() }) }

// closeAll closes what is still open and gives the number.
func (l *listener) closeAll() int { return l.close(func(*conn) bool { return true }) }

func (l *listener) close(which func(*conn) bool) int {
	l.mu.Lock()
	left := make([]*conn, 0, len(l.open))
	for c := range l.open {
		if which(c) {
			left = append(left, c)
		}
	}
	l.mu.Unlock()
	for _, c := range left {
		c.deaf.Store(false)
		c.Close() //nolint:errcheck // the connection is given up
	}
	return len(left)
}

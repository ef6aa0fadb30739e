package front

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// listener counts the open connections of each address, and remembers them, so that those that outlive
// the grace time can be closed. (fasthttp's own counter races with its own shutdown.)
type listener struct {
	net.Listener
	perAddress int

	mu    sync.Mutex
	open  map[*conn]struct{}
	count map[netip.Addr]int
}

func newListener(l net.Listener, perAddress int) *listener {
	return &listener{Listener: l, perAddress: perAddress, open: map[*conn]struct{}{}, count: map[netip.Addr]int{}}
}

type conn struct {
	*net.TCPConn
	from *listener
	addr netip.Addr
	once sync.Once
	used atomic.Bool // a byte came in
}

// Accept gives the next connection; one too many of its address is closed at once.
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
		l.mu.Lock()
		admitted := l.count[c.addr] < l.perAddress
		if admitted {
			l.count[c.addr]++
			l.open[c] = struct{}{}
		}
		l.mu.Unlock()
		if admitted {
			return c, nil
		}
		tcp.Close() //nolint:errcheck // the connection is refused
	}
}

// network gives what counts as one address: an IPv4 address, or the /64 of an IPv6 one.
func network(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	if n > 0 && !c.used.Load() {
		c.used.Store(true)
	}
	return n, err
}

func (c *conn) Close() error {
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
		c.Close() //nolint:errcheck // the connection is given up
	}
	return len(left)
}

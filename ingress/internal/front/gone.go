package front

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// ahead is a byte of a connection, or its end, that was read before anybody asked for it.
type ahead struct {
	mu   sync.Mutex
	have bool
	b    byte
	err  error
}

// take gives what was read ahead, if there is anything.
func (a *ahead) take(b []byte) (n int, taken bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.have && len(b) > 0:
		a.have, b[0] = false, a.b
		return 1, true, nil
	case a.err != nil:
		return 0, true, a.err
	}
	return 0, false, nil
}

// sentMore reports whether something read ahead waits to be taken: there is room for no more.
func (a *ahead) sentMore() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.have || a.err != nil
}

// Gone calls gone when the caller closes its connection while a handler works on the request. stop ends the watch;
// the handler calls it before it returns. gone is not called any more then. A caller who sent further requests already
// is not watched.
func Gone(ctx *fasthttp.RequestCtx, gone func()) (stop func()) {
	c, ok := ctx.Conn().(*conn)
	if !ok {
		return func() {}
	}
	if c.next.sentMore() || c.SetReadDeadline(time.Time{}) != nil { // that of the request, which was read
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var b [1]byte
		n, err := c.TCPConn.Read(b[:])
		c.next.mu.Lock()
		defer c.next.mu.Unlock()
		switch {
		case n > 0: // the next request
			c.next.have, c.next.b = true, b[0]
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
			c.next.err = err
			gone()
		}
	}()
	return func() {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // wakes the reader; the next request sets its own
		<-ended
		_ = c.SetReadDeadline(time.Time{})
	}
}

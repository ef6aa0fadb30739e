package front

import (
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// Options are the limits of one listener. New puts the defaults for zero values, so none is ever off.
type Options struct {
	Address         string        // host:port; port 0 = a free one
	BodyLimit       int           // bytes; default 4 MiB + 64 KiB
	ReadTimeout     time.Duration // for a whole request, from its first byte; default 10 s
	WriteTimeout    time.Duration // for an answer; default 10 s
	IdleTimeout     time.Duration // between two requests of a connection; default 60 s
	Concurrency     int           // connections at once; one too many is closed; default 16,384
	ConnsPerIP      int           // connections of one address (IPv6: one /64) at once; default 4,096
	ReadBufferSize  int           // bytes, also the largest head; default 8 KiB
	WriteBufferSize int           // bytes; default 4 KiB
	MaxFields       int           // header fields; default 100
	Grace           time.Duration // for requests in work when Run ends; default 25 s

	// Closed is told of each connection that a limit closed: one of the words of [Limits]. It is called from
	// many goroutines and must be quick; nil = nobody is told.
	Closed func(limit string)
	// Body gives the most bytes of body that a request with this header may have, between 1 and BodyLimit; 0
	// is BodyLimit. It is called before the body is read; nil = always BodyLimit.
	Body func(h *fasthttp.RequestHeader) int
	// Direct takes the requests that need no router and reports whether it took this one; nil = none.
	Direct func(ctx *fasthttp.RequestCtx) bool
}

// The limits that close connections.
const (
	LimitConnections = "connections" // Concurrency
	LimitAddress     = "address"     // ConnsPerIP
	LimitSlowSender  = "slow_sender" // ReadTimeout
	LimitSlowReader  = "slow_reader" // WriteTimeout
	LimitGrace       = "grace"       // Grace
)

// Limits gives the words that Options.Closed is called with.
func Limits() []string {
	return []string{LimitConnections, LimitAddress, LimitSlowSender, LimitSlowReader, LimitGrace}
}

// WithDefaults gives a copy without zero values.
func (o Options) WithDefaults() Options {
	set(&o.BodyLimit, 4<<20+64<<10)
	set(&o.ReadTimeout, 10*time.Second)
	set(&o.WriteTimeout, 10*time.Second)
	set(&o.IdleTimeout, 60*time.Second)
	set(&o.Concurrency, 16_384)
	set(&o.ConnsPerIP, 4_096)
	set(&o.ReadBufferSize, 8<<10)
	set(&o.WriteBufferSize, 4<<10)
	set(&o.MaxFields, 100)
	set(&o.Grace, 25*time.Second)
	if o.Closed == nil {
		o.Closed = func(string) {}
	}
	return o
}

func set[T int | time.Duration](v *T, fallback T) {
	if *v <= 0 {
		*v = fallback
	}
}

func (o Options) config() fiber.Config {
	return fiber.Config{
		// The listener closes one connection too many before the server would answer it with an error page.
		BodyLimit: o.BodyLimit, Concurrency: o.Concurrency + 1,
		ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, IdleTimeout: o.IdleTimeout,
		ReadBufferSize: o.ReadBufferSize, WriteBufferSize: o.WriteBufferSize,
		StrictRouting: true, CaseSensitive: true, UnescapePath: false,
		// A seat belt only: whatever leaves a handler is copied there.
		Immutable:                    true,
		DisablePreParseMultipartForm: true,
		// With an empty list nobody is trusted. No decision is built on what fiber reads from headers.
		EnableTrustedProxyCheck: true, EnableIPValidation: true,
		DisableStartupMessage: true,
	}
}

// harden sets what fiber does not pass on.
func (o Options) harden(s *fasthttp.Server) {
	s.CloseOnShutdown = true
	s.SecureErrorLogMessage = true // fasthttp's errors would quote the request
	s.NoDefaultServerHeader = true
	s.TCPKeepalive = true
	if o.Body != nil {
		s.HeaderReceived = func(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
			return fasthttp.RequestConfig{MaxRequestBodySize: min(max(0, o.Body(h)), o.BodyLimit)}
		}
	}
}

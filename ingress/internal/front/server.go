package front

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync/atomic"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/fault"
)

// Refuser writes the constant answer of a refusal and records its reason.
type Refuser func(ctx *fasthttp.RequestCtx, status int, reason string)

// Server is one listener.
type Server struct {
	options  Options
	app      *fiber.App
	refuse   Refuser
	logger   *slog.Logger
	listener *listener
	ready    atomic.Bool
	draining chan struct{}
}

// New makes a server; it neither listens nor starts a goroutine. routes sets the handlers of the app.
func New(o Options, logger *slog.Logger, refuse Refuser, routes func(*fiber.App)) *Server {
	o = o.WithDefaults()
	s := &Server{options: o, refuse: refuse, logger: logger, draining: make(chan struct{})}
	config := o.config()
	config.ErrorHandler = func(c *fiber.Ctx, err error) error {
		status := http.StatusInternalServerError
		if e := (*fiber.Error)(nil); errors.As(err, &e) {
			status = e.Code
		}
		if status == http.StatusMethodNotAllowed {
			status = http.StatusNotFound // the routes tell nothing about methods
		}
		refuse(c.Context(), status, "http.route")
		return nil
	}
	s.app = fiber.New(config)
	routes(s.app)
	server := s.app.Server()
	o.harden(server)
	server.Handler = s.handler(s.app.Handler())
	server.ErrorHandler = s.broken
	return s
}

// handler puts the gate in front of the router and catches panics behind it.
func (s *Server) handler(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		defer s.recover(ctx)
		head := &ctx.Request.Header
		v := Check(head.Method(), head.RequestURI(), head.Protocol(), head.RawHeaders(), s.options.MaxFields)
		if v.Status != 0 {
			// What follows on the connection may belong to this request or to another one.
			s.refuse(ctx, v.Status, v.Reason)
			ctx.SetConnectionClose()
			return
		}
		if s.options.Direct == nil || !s.options.Direct(ctx) {
			next(ctx)
		}
		if !s.ready.Load() {
			ctx.SetConnectionClose()
		}
	}
}

func (s *Server) recover(ctx *fasthttp.RequestCtx) {
	r := recover()
	if r == nil {
		return
	}
	// Not the value: it may hold a part of the request.
	s.logger.Error("recovered from a panic in a handler", "stack", string(debug.Stack()))
	ctx.Response.Reset()
	s.refuse(ctx, http.StatusInternalServerError, "internal")
	ctx.SetConnectionClose()
}

// broken answers what the parser could not read.
func (s *Server) broken(ctx *fasthttp.RequestCtx, err error) {
	status, reason := http.StatusBadRequest, "http.malformed"
	var small *fasthttp.ErrSmallBuffer
	var timeout net.Error
	switch {
	case errors.As(err, &small):
		status, reason = http.StatusRequestHeaderFieldsTooLarge, "header.large"
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		status, reason = http.StatusRequestEntityTooLarge, "body.large"
		if c, ok := ctx.Conn().(*conn); ok {
			c.deaf.Store(true)
		}
	case errors.As(err, &timeout) && timeout.Timeout():
		status, reason = http.StatusRequestTimeout, "http.timeout"
		s.options.Closed(LimitSlowSender)
	}
	s.refuse(ctx, status, reason)
}

// Listen opens the address and gives the one that was got. The fault has fault.ServerListen.
func (s *Server) Listen() (net.Addr, error) {
	ln, err := net.Listen("tcp", s.options.Address)
	if err != nil {
		return nil, fault.Wrap(fault.ServerListen, err, "listening on %s", s.options.Address)
	}
	s.listener = newListener(ln, s.options)
	return ln.Addr(), nil
}

// Ready reports whether the server takes requests.
func (s *Server) Ready() bool { return s.ready.Load() }

// Draining is closed when Run begins to end: nothing should wait any longer.
func (s *Server) Draining() <-chan struct{} { return s.draining }

// Run serves until ctx ends, then lets the requests in work finish within the grace time, tells their
// connections to close, and closes what is left. Listen must have been called; Run is called once.
func (s *Server) Run(ctx context.Context) error {
	if s.listener == nil {
		return fault.New(fault.ServerListen, "the listener is not open")
	}
	ended := make(chan error, 1)
	s.ready.Store(true)
	go func() { ended <- s.app.Server().Serve(s.listener) }()
	var err error
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	s.ready.Store(false)
	close(s.draining)
	s.listener.Close() // it may be closed already
	s.listener.closeUnused()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.Grace)
	defer cancel()
	if late := s.app.Server().ShutdownWithContext(grace); late != nil {
		if n := s.listener.closeAll(); n > 0 {
			s.logger.Warn("closed connections that outlived the grace time", "connections", n)
			for range n {
				s.options.Closed(LimitGrace)
			}
		}
	}
	if err == nil && ctx.Err() != nil {
		err = <-ended
	}
	if err != nil {
		return fault.Wrap(fault.ServerListen, err, "serving")
	}
	return nil
}

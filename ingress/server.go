package ingress

import (
	"context"
	"net"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/internal/front"
)

// The paths of the door.
const (
	receivePath      = "/api/v3/command/webhook.receive"
	receiveColonPath = "/api/v3/command:webhook.receive"
	hooksPath        = "/hooks/"
	resultPath       = "/api/v3/result"
)

// Server is the public listener. Its methods may be called from many goroutines.
type Server struct {
	options Options
	deps    Deps
	front   *front.Server
	prefix  string // path of the public URL, in front of redirects
	budget  *budget
	holds   chan struct{}
	base    context.Context // of the work of all requests; set by Run
}

// New makes the public listener. It does not listen yet.
func New(o Options, d Deps) (*Server, error) {
	o = o.withDefaults()
	u, err := checkPublicURL(o.PublicURL)
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: o, deps: d, prefix: u.EscapedPath(),
		budget: newBudget(o.Failures, o.FailureRefill),
		holds:  make(chan struct{}, o.MaxHolds),
		base:   context.Background(),
	}
	s.front = front.New(o.front(), d.Logger, s.refuseEarly, s.routes)
	return s, nil
}

// routes binds the paths for all methods: a wrong method is refused by the handler like any other request.
func (s *Server) routes(app *fiber.App) {
	receive := func(c *fiber.Ctx) error { s.receive(c.Context(), nil); return nil }
	app.All(receivePath, receive)
	app.All(`/api/v3/command\:webhook.receive`, receive)
	app.All(hooksPath+"*", func(c *fiber.Ctx) error {
		ctx := c.Context()
		s.receive(ctx, ctx.URI().PathOriginal()[len(hooksPath):])
		return nil
	})
	app.All(resultPath, func(c *fiber.Ctx) error { s.result(c.Context()); return nil })
}

// Listen opens the address and gives the one that was got. The fault has fault.ServerListen.
func (s *Server) Listen() (net.Addr, error) { return s.front.Listen() }

// Ready reports whether the server takes requests: after Run began and before it began to end.
func (s *Server) Ready() bool { return s.front.Ready() }

// Run serves until ctx ends. Then the listener is closed, requests in work are answered with
// `Connection: close` within the grace time, and Run returns. It is called once, after Listen.
func (s *Server) Run(ctx context.Context) error {
	// Requests in work outlive ctx by the grace time.
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s.base = base
	return s.front.Run(ctx)
}

// isGetOrPost reports whether a webhook may be called with this method.
func isGetOrPost(ctx *fasthttp.RequestCtx) bool { return ctx.IsGet() || ctx.IsPost() }

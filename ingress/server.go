package ingress

import (
	"context"
	"net"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/decode"
	"github.com/penstock/penstock/ingress/internal/front"
	"github.com/penstock/penstock/ingress/internal/limit"
	"github.com/penstock/penstock/ingress/verify/netlist"
)

// The paths of the door.
const (
	receivePath      = "/api/v3/command/webhook.receive"
	receiveColonPath = "/api/v3/command:webhook.receive"
	hooksPath        = "/hooks/"
	resultPath       = "/api/v3/result"
	bodyPath         = "/api/v3/payload/"
)

const redirectParam = "pollingRedirectEnabled"

// Server is the public listener. Its methods may be called from many goroutines.
type Server struct {
	options  Options
	deps     Deps
	front    *front.Server
	prefix   string // path of the public URL, in front of redirects
	proxies  netlist.List
	failures *limit.Failures
	inflater decode.Inflater
	lists    sync.Pool // of *headerList
	holds    chan struct{}
	base     context.Context // of the work of all requests; set by Run
}

// New makes the public listener. It does not listen yet.
func New(o Options, d Deps) (*Server, error) {
	o = o.withDefaults()
	u, err := checkPublicURL(o.PublicURL)
	if err != nil {
		return nil, err
	}
	if d.Metrics == nil {
		d.Metrics = unmeasured{}
	}
	s := &Server{
		options: o, deps: d, prefix: u.EscapedPath(), proxies: netlist.Of(o.TrustedProxies...),
		failures: limit.NewFailures(o.Failures, o.FailureRefill, o.FailureProbes),
		holds:    make(chan struct{}, o.MaxHolds),
		base:     context.Background(),
	}
	s.lists.New = func() any { return &headerList{} }
	limits := o.front()
	limits.Closed, limits.Body, limits.Direct = d.Metrics.Closed, s.bodyLimit, s.direct
	s.front = front.New(limits, d.Logger, s.refuseEarly, s.routes)
	return s, nil
}

// direct takes the calls of webhooks, for all methods: a wrong one is refused like any other request.
func (s *Server) direct(ctx *fasthttp.RequestCtx) bool {
	token, ours := webhookPath(ctx.URI().PathOriginal())
	if ours {
		s.receive(ctx, token)
	}
	return ours
}

// routes binds the other paths.
func (s *Server) routes(app *fiber.App) {
	app.All(resultPath, func(c *fiber.Ctx) error { s.result(c.Context()); return nil })
	app.All(bodyPath+"*", func(c *fiber.Ctx) error {
		ctx := c.Context()
		s.body(ctx, string(ctx.URI().PathOriginal()[len(bodyPath):]))
		return nil
	})
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
	s.base = base
	var keeping sync.WaitGroup
	if s.deps.Kept != nil {
		keeping.Go(func() { s.deps.Kept.Run(base) })
	}
	err := s.front.Run(ctx)
	cancel()
	keeping.Wait()
	return err
}

package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/internal/front"
)

const (
	base          = "/api/v3/"
	metricsPath   = "/metrics"
	commandPrefix = "command/"
	commandColon  = "command:"
)

// Server is the admin listener. Its methods may be called from many goroutines.
type Server struct {
	options Options
	deps    Deps
	front   *front.Server
	token   [sha256.Size]byte
	metrics [sha256.Size]byte
	hosts   map[string]bool
	work    context.Context // of all requests; set by Run
	calls   chan struct{}   // one for each caller who waits for a pipeline
	open    context.Context // ends when Run is asked to end: waiting is over then
}

// New makes the admin listener; it does not listen yet. Settings that would open the API are faults with
// fault.ConfigValue.
func New(o Options, d Deps) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{
		options: o, deps: d, token: sha256.Sum256([]byte(o.Token)), metrics: sha256.Sum256([]byte(o.Metrics)), hosts: map[string]bool{"localhost": true},
		work: context.Background(), open: context.Background(), calls: make(chan struct{}, o.calls()),
	}
	for _, h := range o.Hosts {
		s.hosts[strings.ToLower(h)] = true
	}
	s.front = front.New(o.front(), d.Logger, s.refuse, func(app *fiber.App) {
		app.Use(func(c *fiber.Ctx) error { s.handle(c.Context()); return nil })
	})
	return s, nil
}

// Listen opens the address and gives the one that was got. The fault has fault.ServerListen.
func (s *Server) Listen() (net.Addr, error) { return s.front.Listen() }

// Ready reports whether the server takes requests.
func (s *Server) Ready() bool { return s.front.Ready() }

// Run serves until ctx ends, then lets requests in work finish within the grace time. It is called once,
// after Listen.
func (s *Server) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s.work, s.open = work, ctx
	return s.front.Run(ctx)
}

// handle guards every path, then finds the one that is meant.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	if !s.hostAllowed(ctx) {
		s.refuse(ctx, http.StatusMisdirectedRequest, "admin.host")
		return
	}
	path, ours := strings.CutPrefix(string(ctx.URI().PathOriginal()), base)
	if ours && path == "health" && ctx.IsGet() {
		s.health(ctx)
		return
	}
	if !s.sameSite(ctx) {
		s.refuse(ctx, http.StatusForbidden, "admin.origin")
		return
	}
	measures := string(ctx.URI().PathOriginal()) == metricsPath && ctx.IsGet()
	may, mayMeasure := s.authenticated(ctx)
	if !may && (!measures || !mayMeasure) {
		ctx.Response.Header.Set("WWW-Authenticate", "Bearer")
		s.refuse(ctx, http.StatusUnauthorized, "admin.token")
		return
	}
	if measures {
		s.measure(ctx)
		return
	}
	if !ours {
		s.refuse(ctx, http.StatusNotFound, "http.route")
		return
	}
	s.route(ctx, path)
}

func (s *Server) route(ctx *fasthttp.RequestCtx, path string) {
	for _, prefix := range []string{commandPrefix, commandColon} {
		if name, ok := strings.CutPrefix(path, prefix); ok && (ctx.IsGet() || ctx.IsPost()) {
			s.command(ctx, name)
			return
		}
	}
	if s.deps.Pipelines != nil && s.pipelines(ctx, path) {
		return
	}
	first, rest, _ := strings.Cut(path, "/")
	if first == "runs" && ctx.IsPost() {
		s.operate(ctx, rest)
		return
	}
	show := map[string]func(*fasthttp.RequestCtx, string){
		"events": s.events, "runs": s.runs, "rejects": s.rejects, "plugins": s.plugins, "status": s.status,
		"dlq": s.deadLetters,
	}[first]
	if show == nil || !ctx.IsGet() {
		s.refuse(ctx, http.StatusNotFound, "http.route")
		return
	}
	show(ctx, rest)
}

// authenticated reports what the request's token is good for: all, or the metrics only. It compares digests,
// so the time tells nothing about how much of a token is right.
func (s *Server) authenticated(ctx *fasthttp.RequestCtx) (all, metrics bool) {
	values := ctx.Request.Header.PeekAll("Authorization")
	if len(values) != 1 {
		return false, false
	}
	scheme, token, _ := strings.Cut(string(values[0]), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return false, false
	}
	got := sha256.Sum256([]byte(token))
	isAll := subtle.ConstantTimeCompare(got[:], s.token[:]) == 1
	isMetrics := subtle.ConstantTimeCompare(got[:], s.metrics[:]) == 1
	return isAll && s.options.Token != "", isMetrics && s.options.Metrics != ""
}

// measure shows what was counted.
func (s *Server) measure(ctx *fasthttp.RequestCtx) {
	contentType, text, ok := s.deps.Metrics(string(ctx.Request.Header.Peek("Accept")))
	if !ok {
		s.refuse(ctx, http.StatusInternalServerError, "internal")
		return
	}
	s.write(ctx, http.StatusOK, text)
	ctx.Response.Header.SetContentType(contentType)
}

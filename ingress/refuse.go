package ingress

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/store"
)

// refusedBody is the body of every refusal: it tells nothing.
const refusedBody = `{"status":"error","message":"the request was refused"}`

// refusal is what is known about a refused request. It holds no part of it.
type refusal struct {
	status  int
	reason  string
	detail  string
	hook    string // last six characters of a known token
	traceID string
}

// refuseEarly is for requests that did not reach a handler.
func (s *Server) refuseEarly(ctx *fasthttp.RequestCtx, status int, reason string) {
	s.refuse(ctx, refusal{status: status, reason: reason})
}

// refuse writes the constant answer and tells operators why. An address that used up its budget of
// refusals gets 429, and the log one line when that begins.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, r refusal) {
	remote := s.remote(ctx)
	quiet := false
	if r.status < http.StatusInternalServerError && r.status != http.StatusRequestTimeout {
		left, first := s.budget.take(remote, s.deps.Now())
		if !left {
			r.status, quiet = http.StatusTooManyRequests, !first
			r.reason, r.detail = "failures.many", "the address had too many refusals; further ones are not listed"
			ctx.Response.Header.Set("Retry-After", "60")
		}
	}
	if r.traceID == "" {
		r.traceID = requestID()
	}
	head := &ctx.Response.Header
	head.Set("X-Request-Id", r.traceID)
	head.SetContentType("application/json")
	secure(head)
	ctx.SetStatusCode(r.status)
	ctx.Response.SetBodyString(refusedBody)
	if quiet {
		return
	}
	size := len(ctx.Request.Body())
	s.deps.Logger.LogAttrs(s.base, slog.LevelWarn, "refused a request",
		slog.String("reason", r.reason), slog.Int("status", r.status), slog.String("trace_id", r.traceID),
		slog.String("webhook", r.hook), slog.String("remote", remote.String()), slog.Int("bytes", size))
	s.deps.Rejects.AddReject(store.Reject{
		Time: s.deps.Now().UTC(), TraceID: r.traceID, Webhook: r.hook, Reason: r.reason, Detail: r.detail,
		Status: r.status, Remote: remote.String(), Bytes: size,
	})
}

func requestID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

package ingress

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/store"
)

// refusedBody is the body of every refusal: it tells nothing.
const refusedBody = `{"status":"error","message":"the request was refused"}`

const (
	detailFailures = "the address had too many refusals; further ones are not listed"
	failuresPause  = time.Minute // after which an address that is used up may try again
)

// refusal is why a request goes no further; the zero refusal lets it pass. It holds no part of the request.
type refusal struct {
	status int
	reason string
	detail string        // for the owner
	retry  time.Duration // after which it may be sent again; 0 = not said
	spent  bool          // it cost what judging a proof costs
}

// refuseEarly is for requests that did not reach a handler.
func (s *Server) refuseEarly(ctx *fasthttp.RequestCtx, status int, reason string) {
	v := visit{ctx: ctx, now: s.deps.Now(), peer: peerOf(ctx)}
	v.caller, v.sure = s.caller(&v, nil)
	s.refuse(&v, refusal{status: status, reason: reason})
}

// refuse writes the constant answer and tells operators why.
//
// Who proves nothing is counted by his address, whatever was wrong, so that an answer of 429 tells no more
// than one of 401; the log has one line when an address is used up. A webhook whose token is known counts
// him too: that count is looked at before the next proof. A known token keeps its own count, so a good
// caller who shares the address of one that guesses is served.
func (s *Server) refuse(v *visit, r refusal) {
	quiet := false
	switch {
	case r.status >= http.StatusInternalServerError || r.status == http.StatusRequestTimeout:
	case v.proven:
		// The sender is who he says; only the list of refusals is spared.
		left, _ := s.failures.Fail(s.failures.Key(v.caller, "proven "+v.hook.webhook.ID), v.now)
		quiet = !left
	case r.reason == reasonRateExceeded:
		left, _ := s.failures.Fail(s.failures.Key(v.caller, "rate "+v.hook.webhook.ID), v.now)
		quiet = !left
	default:
		if v.known {
			s.failures.Fail(s.failures.Key(v.caller, v.hook.webhook.ID), v.now)
		}
		left, first := s.failures.Fail(s.failures.Key(v.caller, ""), v.now)
		switch {
		case !left && tellsNothing(r.status):
			quiet = !first
		case !left:
			r, quiet = refusal{status: http.StatusTooManyRequests, reason: reasonFailuresMany, detail: detailFailures, retry: failuresPause}, !first
		case r.status == http.StatusUnauthorized && v.hook != nil && !r.spent:
			v.hook.verifier.Spend(v.ctx.Request.Body()) // the time tells nothing either
		}
	}
	if v.traceID == "" {
		v.traceID = requestID()
	}
	s.deps.Metrics.Refused(r.reason)
	head := &v.ctx.Response.Header
	head.Set("X-Request-Id", v.traceID)
	if r.retry > 0 {
		head.Set("Retry-After", strconv.Itoa(int((r.retry+time.Second-1)/time.Second)))
	}
	head.SetContentType("application/json")
	secure(head)
	v.ctx.SetStatusCode(r.status)
	v.ctx.Response.SetBodyString(refusedBody)
	if !quiet {
		s.record(v, r)
	}
}

// tellsNothing reports whether a status speaks of the size of a request only, which its sender knows.
func tellsNothing(status int) bool {
	return status == http.StatusRequestEntityTooLarge || status == http.StatusRequestHeaderFieldsTooLarge
}

// record tells the log and the list of refusals. Neither gets a value of the header but the content type.
func (s *Server) record(v *visit, r refusal) {
	size := len(v.ctx.Request.Body())
	s.deps.Logger.LogAttrs(s.base, slog.LevelWarn, "refused a request",
		slog.String("reason", r.reason), slog.Int("status", r.status), slog.String("trace_id", v.traceID),
		slog.String("webhook", v.short), slog.String("remote", v.caller.String()), slog.Int("bytes", size))
	reject := store.Reject{
		Time: v.now.UTC(), TraceID: v.traceID, Webhook: v.short, Reason: r.reason, Detail: r.detail,
		Status: r.status, Remote: v.caller.String(), Method: methodText(v.header().Method()), Bytes: size,
		ContentType: mediaText(v.header().ContentType()), Headers: headerNames(v.header()),
	}
	if v.hook != nil {
		reject.Preset = v.preset()
	}
	if s.deps.Kept != nil {
		reject.Kept = s.deps.Kept.Add(v.traceID, rawRequest(&v.ctx.Request))
	}
	s.deps.Rejects.AddReject(reject)
}

// headerNames gives the names of the fields in their order.
func headerNames(h *fasthttp.RequestHeader) []string {
	const most = 100
	var out []string
	for name := range h.AllInOrder() {
		if len(out) == most {
			break
		}
		out = append(out, string(name))
	}
	return out
}

// rawRequest gives a copy of a request as it came, but for the letter case of the fields' names and the
// framing of the body.
func rawRequest(r *fasthttp.Request) []byte {
	h := &r.Header
	out := make([]byte, 0, len(h.RequestURI())+len(h.RawHeaders())+len(r.Body())+64)
	out = append(append(out, h.Method()...), ' ')
	out = append(append(out, h.RequestURI()...), ' ')
	out = append(append(out, h.Protocol()...), "\r\n"...)
	out = append(out, h.RawHeaders()...)
	return append(out, r.Body()...)
}

func requestID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

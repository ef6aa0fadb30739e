package ingress

import (
	"crypto/rand"
	"crypto/x509"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// receive takes one call of a webhook. pathToken is the token of a /hooks/ address, nil elsewhere.
func (s *Server) receive(ctx *fasthttp.RequestCtx, pathToken []byte) {
	v := visit{ctx: ctx, now: s.deps.Now()}
	s.deps.Metrics.Begin()
	defer s.leave(&v)
	if r := s.take(&v, pathToken); r.status != 0 {
		s.refuse(&v, r)
	}
}

func (s *Server) leave(v *visit) {
	s.deps.Metrics.End(s.deps.Now().Sub(v.now), len(v.ctx.Request.Body()))
}

// take brings a request as far as it comes. The order is that of the defence: each check is cheaper than
// those behind it, and nothing is parsed or inflated before it is proven.
func (s *Server) take(v *visit, pathToken []byte) refusal {
	if r := s.find(v, pathToken); r.status != 0 {
		return r
	}
	if r := s.bound(v); r.status != 0 {
		return r
	}
	if r := s.prove(v); r.status != 0 {
		v.hook.rate.Return() // who proves nothing does not use up the rate of those who do
		return r
	}
	if v.delivery.Handshake != nil {
		return s.shake(v)
	}
	if !v.hook.takesMethod(v.header().Method()) {
		return refusal{status: http.StatusUnauthorized, reason: reasonMethodRefused}
	}
	if r := s.open(v); r.status != 0 {
		return r
	}
	return s.emit(v)
}

// find names the webhook and the caller, and asks whether the caller may call it at all. Whoever may not
// learns no more than one who guesses.
func (s *Server) find(v *visit, pathToken []byte) refusal {
	v.peer = peerOf(v.ctx)
	var reason string
	v.call, reason = readHead(v.header(), pathToken, v.ctx.URI().QueryString())
	if reason == "" && v.call.inBody(v.header()) {
		v.caller, v.sure = s.caller(v, nil)
		if !s.failures.May(s.failures.Key(v.caller, ""), v.now) { // reading forms for anybody is work
			return refusal{status: http.StatusTooManyRequests, reason: reasonFailuresMany, detail: detailFailures}
		}
		reason = v.call.readForm(v.ctx)
	}
	if reason != "" {
		v.caller, v.sure = s.caller(v, nil)
		return refusal{status: statusOf(reason), reason: reason}
	}
	v.hook, v.short, reason = s.deps.Directory.lookup(v.call.token, v.now)
	v.known = reason == ""
	v.caller, v.sure = s.caller(v, v.hook)
	switch {
	case !v.known && len(v.ctx.Request.Body()) > v.hook.webhook.MaxPayloadLength:
		return tooLarge(v.hook) // as a webhook that is known would say
	case !v.known:
		return refusal{status: http.StatusUnauthorized, reason: reason}
	case v.hook.restricted && (!v.sure || !v.hook.allow.Contains(v.caller)):
		return refusal{
			status: http.StatusUnauthorized, reason: reasonAddressRefused,
			detail: "the address is not in the webhook's list; behind a proxy, see trusted_proxies",
		}
	case v.hook.verifier.TokenAlone() && !v.hook.takesMethod(v.header().Method()):
		return refusal{status: http.StatusUnauthorized, reason: reasonMethodRefused}
	}
	return refusal{}
}

func statusOf(reason string) int {
	if reason == reasonTokenAmbiguous {
		return http.StatusUnauthorized
	}
	return http.StatusBadRequest
}

// bound applies the limits that need no proof.
func (s *Server) bound(v *visit) refusal {
	if n := len(v.ctx.Request.Body()); n > v.hook.webhook.MaxPayloadLength {
		return tooLarge(v.hook)
	}
	if wait := v.hook.rate.Take(v.now); wait > 0 {
		return refusal{
			status: http.StatusTooManyRequests, reason: reasonRateExceeded, retry: wait,
			detail: "the webhook's rate is used up",
		}
	}
	if !s.failures.May(s.failures.Key(v.caller, v.hook.webhook.ID), v.now) {
		v.hook.rate.Return()
		return refusal{status: http.StatusTooManyRequests, reason: reasonFailuresMany, detail: detailFailures}
	}
	return refusal{}
}

func tooLarge(hook *entry) refusal {
	return refusal{
		status: http.StatusRequestEntityTooLarge, reason: reasonBodyLarge,
		detail: "the body is larger than maxPayloadLength, which is " + strconv.Itoa(hook.webhook.MaxPayloadLength),
	}
}

// prove judges the request over its bytes as they came.
func (s *Server) prove(v *visit) refusal {
	request := verify.Request{
		Method: methodText(v.header().Method()), Header: fields{v.header()}, Body: v.ctx.Request.Body(),
		Peer: v.peer, Certificates: certificates(v.ctx),
	}
	if v.hook.addressed {
		base := s.deps.Directory.base()
		address := base + string(v.header().RequestURI())
		request.Target = address[len(base):]
		if base != "" {
			request.URL = address
		}
	}
	d, err := v.hook.verifier.Verify(request, v.now)
	if err == nil {
		v.delivery, v.proven = d, true
		return refusal{}
	}
	r := refusal{status: http.StatusUnauthorized, reason: string(verify.SignatureMismatch), spent: true}
	if f, ok := err.(*verify.Refusal); ok { //nolint:errorlint // Verify gives it unwrapped
		r.reason, r.detail = string(f.Reason), f.Detail
	}
	return r
}

// certificates gives what the listener has proven about a TLS client.
func certificates(ctx *fasthttp.RequestCtx) []*x509.Certificate {
	state := ctx.TLSConnectionState()
	if state == nil || len(state.VerifiedChains) == 0 {
		return nil
	}
	return state.PeerCertificates
}

// emit makes the event durable and answers.
func (s *Server) emit(v *visit) refusal {
	e := event.New(v.hook.webhook.EventKey, v.now)
	e.Namespace = s.options.Namespace
	v.traceID = traceID(v.short)
	e.TraceID = v.traceID
	if r := s.fill(v, &e); r.status != 0 {
		return r
	}
	list, _ := s.lists.Get().(*headerList)
	e.HeaderText = v.eventHeaders(list)
	s.lists.Put(list)
	if v.misfit != "" && v.hook.webhook.Schema.Mode == webhook.Park {
		e.Parked = "the body does not fit the webhook's schema at " + v.misfit
	}
	key, r := s.dedupe(v)
	if r.status != 0 {
		return r
	}
	accepted, err := s.deps.Emitter.Emit(s.base, e, key)
	if err != nil {
		return s.unkept(v, err)
	}
	s.deps.Metrics.Accepted(v.preset(), !accepted.Fresh)
	if s.deps.Logger.Enabled(s.base, slog.LevelDebug) {
		s.deps.Logger.Debug("accepted a delivery", "event_id", accepted.EventID, "trace_id", e.TraceID, "fresh", accepted.Fresh)
	}
	s.answer(v, accepted.EventID)
	return refusal{}
}

// unkept refuses an event that could not be made durable. The sender will send it again.
func (s *Server) unkept(v *visit, err error) refusal {
	const patience = 5 * time.Second
	code := fault.CodeOf(err)
	r := refusal{status: http.StatusServiceUnavailable, reason: string(code), retry: patience}
	switch code {
	case fault.EventTooLarge:
		r.status, r.retry = http.StatusRequestEntityTooLarge, 0
	case fault.EventInvalid:
		r.status, r.retry = http.StatusBadRequest, 0
	default:
		if _, after := fault.Retryable(err); after > 0 {
			r.retry = after
		}
		s.deps.Logger.Error("refused a delivery, because its event could not be kept", "code", string(code), "trace_id", v.traceID, "error", err)
	}
	return r
}

// traceID names one call of a webhook: the end of its token and a random part.
func traceID(short string) string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // 32 characters, so that a byte maps evenly
	var random [8]byte
	rand.Read(random[:])
	var text [32]byte
	out := append(append(text[:0], short...), ':')
	for _, b := range random {
		out = append(out, alphabet[b%32])
	}
	return string(out)
}

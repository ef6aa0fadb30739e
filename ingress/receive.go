package ingress

import (
	"crypto/rand"
	"net/http"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

const redirectParam = "pollingRedirectEnabled"

// receive takes one call of a webhook. pathToken is the token of a /hooks/ address, nil elsewhere.
func (s *Server) receive(ctx *fasthttp.RequestCtx, pathToken []byte) {
	if !isGetOrPost(ctx) {
		s.refuse(ctx, refusal{status: http.StatusUnauthorized, reason: "http.method"})
		return
	}
	call, reason := readCall(ctx, pathToken)
	if reason != "" {
		status := http.StatusBadRequest
		if reason == "token.ambiguous" {
			status = http.StatusUnauthorized
		}
		s.refuse(ctx, refusal{status: status, reason: reason})
		return
	}
	now := s.deps.Now()
	hook, short, reason := s.deps.Directory.lookup(call.token, now)
	if reason != "" {
		hook.verifier.Spend(ctx.Request.Body())
		s.refuse(ctx, refusal{status: http.StatusUnauthorized, reason: reason, hook: short})
		return
	}
	delivery, r := s.prove(ctx, hook)
	if r.status == 0 {
		r = admit(ctx, hook)
	}
	if r.status != 0 {
		r.hook = short
		s.refuse(ctx, r)
		return
	}
	if delivery.Handshake != nil {
		s.shake(ctx, delivery.Handshake)
		return
	}
	text, reason := payload(ctx, hook.webhook.PayloadType, call.query)
	if reason != "" {
		s.refuse(ctx, refusal{status: http.StatusBadRequest, reason: reason, hook: short})
		return
	}
	e := event.New(hook.webhook.EventKey, now)
	e.Namespace = s.options.Namespace
	e.TraceID = traceID(short)
	e.Headers = eventHeaders(&ctx.Request.Header, hook.headers, hook.proofs)
	e.Payload = text
	var dedupe event.Dedupe
	if delivery.ID != "" {
		dedupe = event.Dedupe{Scope: hook.webhook.ID, Key: delivery.ID, Until: now.Add(delivery.Window)}
	}
	accepted, err := s.deps.Emitter.Emit(s.base, e, dedupe)
	if err != nil {
		s.refuseEmit(ctx, short, e.TraceID, err)
		return
	}
	s.deps.Logger.Debug("accepted a delivery", "event_id", accepted.EventID, "trace_id", e.TraceID, "fresh", accepted.Fresh)
	s.answer(ctx, accepted.EventID, e.TraceID, call.redirect)
}

// shake answers the sender's question whether this address is ours.
func (s *Server) shake(ctx *fasthttp.RequestCtx, h *verify.Handshake) {
	secure(&ctx.Response.Header)
	for _, f := range h.Headers {
		ctx.Response.Header.Set(f[0], f[1])
	}
	ctx.SetStatusCode(h.Status)
	ctx.SetContentType(h.Type)
	ctx.SetBody(h.Body)
}

// prove judges the request over its bytes as they came.
func (s *Server) prove(ctx *fasthttp.RequestCtx, hook *entry) (verify.Delivery, refusal) {
	// A signature covers the body. The query, which is the payload of a GET, would be unproven.
	if ctx.IsGet() && !hook.verifier.TokenAlone() {
		hook.verifier.Spend(ctx.Request.Body())
		return verify.Delivery{}, refusal{status: http.StatusUnauthorized, reason: "http.method"}
	}
	request := verify.Request{
		Method: string(ctx.Method()), Target: string(ctx.RequestURI()), Header: fields{&ctx.Request.Header}, Body: ctx.Request.Body(),
	}
	d, err := hook.verifier.Verify(request, s.deps.Now())
	if err == nil {
		return d, refusal{}
	}
	r := refusal{status: http.StatusUnauthorized, reason: "signature.mismatch"}
	if v, ok := err.(*verify.Refusal); ok { //nolint:errorlint // Verify gives it unwrapped
		r.reason, r.detail = string(v.Reason), v.Detail
	}
	return verify.Delivery{}, r
}

// admit applies the webhook's own limits to a proven request.
func admit(ctx *fasthttp.RequestCtx, hook *entry) refusal {
	if n := len(ctx.Request.Body()); n > hook.webhook.MaxPayloadLength {
		return refusal{
			status: http.StatusRequestEntityTooLarge, reason: "body.large",
			detail: "the body is larger than maxPayloadLength, which is " + strconv.Itoa(hook.webhook.MaxPayloadLength),
		}
	}
	// Nothing is inflated: a small body could become a huge one.
	for _, encoding := range ctx.Request.Header.PeekAll("Content-Encoding") {
		if string(encoding) != "identity" && hook.webhook.PayloadType != webhook.Ignore {
			return refusal{
				status: http.StatusUnsupportedMediaType, reason: "body.encoded",
				detail: "the body has a content encoding; let the sender send it plain",
			}
		}
	}
	return refusal{}
}

// refuseEmit answers an event that could not be made durable. The sender will send it again.
func (s *Server) refuseEmit(ctx *fasthttp.RequestCtx, short, traceID string, err error) {
	r := refusal{status: http.StatusServiceUnavailable, reason: string(fault.CodeOf(err)), hook: short, traceID: traceID}
	switch fault.CodeOf(err) {
	case fault.EventTooLarge:
		r.status = http.StatusRequestEntityTooLarge
	case fault.EventInvalid:
		r.status = http.StatusBadRequest
	default:
		const patience = 5 // seconds
		wait := patience
		if _, after := fault.Retryable(err); after > 0 {
			wait = int(after.Seconds()) + 1
		}
		ctx.Response.Header.Set("Retry-After", strconv.Itoa(wait))
		s.deps.Logger.Error("refused a delivery, because its event could not be kept", "code", string(fault.CodeOf(err)), "trace_id", traceID, "error", err)
	}
	s.refuse(ctx, r)
}

// answer tells the caller that the event is on disk.
func (s *Server) answer(ctx *fasthttp.RequestCtx, correlationID, traceID string, redirect bool) {
	head := &ctx.Response.Header
	head.Set("pipeforce-result-correlationid", correlationID)
	secure(head)
	if redirect {
		head.Set("Location", s.resultLocation(correlationID))
		ctx.SetStatusCode(http.StatusFound)
		return
	}
	head.SetContentType("application/json")
	// The ids are made here, of letters, digits, '-' and ':', so they need no escaping.
	r := &ctx.Response
	r.AppendBodyString(`{"statusCode":200,"status":"processing","value":null,"pollingRedirectEnabled":false,"correlationId":"`)
	r.AppendBodyString(correlationID)
	r.AppendBodyString(`","traceId":"`)
	r.AppendBodyString(traceID)
	r.AppendBodyString(`"}`)
}

func (s *Server) resultLocation(correlationID string) string {
	return s.prefix + resultPath + "?correlationId=" + correlationID + "&" + redirectParam + "=true"
}

// secure sets the fields that every answer carries.
func secure(h *fasthttp.ResponseHeader) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}

// traceID names one call of a webhook: the end of its token and a random part.
func traceID(short string) string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // 32 characters, so that a byte maps evenly
	var random [8]byte
	rand.Read(random[:])
	var text [len(random)]byte
	for i, b := range random {
		text[i] = alphabet[b%32]
	}
	return short + ":" + string(text[:])
}

package ingress

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/value"
)

// answer tells the caller that the event is on disk, in the form that the webhook asks for. The event is
// accepted, so whatever goes wrong here, the answer says so.
func (s *Server) answer(v *visit, correlationID string) {
	head := &v.ctx.Response.Header
	var id [64]byte
	head.SetCanonical(correlationHeader, append(id[:0], correlationID...))
	secure(head)
	if v.call.redirect {
		head.Set("Location", s.resultLocation(correlationID))
		v.ctx.SetStatusCode(http.StatusFound)
		return
	}
	custom := v.hook.response
	if custom == nil {
		s.answerProcessing(v.ctx, correlationID, v.traceID)
		return
	}
	result := run.Result{State: run.ResultProcessing}
	if wait := s.patience(v, custom.wait); wait > 0 {
		// An error here is one of reading the result; the caller may poll for it.
		if r, err := s.await(correlationID, wait); err == nil {
			result = r
		}
	}
	v.ctx.SetStatusCode(custom.status)
	var env expr.Env
	if custom.body != nil || len(custom.headers) > 0 {
		env = v.answerEnv(result, correlationID)
	}
	s.answerBody(v, custom, env, result, correlationID)
	s.answerHeaders(v, custom, env)
}

// answerProcessing is the answer of the reference: the result is not there yet.
func (s *Server) answerProcessing(ctx *fasthttp.RequestCtx, correlationID, traceID string) {
	ctx.Response.Header.SetContentType("application/json")
	// The ids are made here, of letters, digits, '-' and ':', so they need no escaping.
	r := &ctx.Response
	r.AppendBodyString(`{"statusCode":200,"status":"processing","value":null,"pollingRedirectEnabled":false,"correlationId":"`)
	r.AppendBodyString(correlationID)
	r.AppendBodyString(`","traceId":"`)
	r.AppendBodyString(traceID)
	r.AppendBodyString(`"}`)
}

// answerResult is the answer of the reference with the result in it. A failed run is said in the body: the
// status of HTTP says that the event is kept, so that the sender does not send it again.
func (s *Server) answerResult(ctx *fasthttp.RequestCtx, result run.Result, correlationID, traceID string) {
	if result.State == run.ResultProcessing {
		s.answerProcessing(ctx, correlationID, traceID)
		return
	}
	ctx.Response.Header.SetContentType("application/json")
	out := make([]byte, 0, 256+len(result.Value))
	if result.State == run.ResultError {
		out = append(out, `{"statusCode":500,"status":"error","value":null,"code":`...)
		out = append(value.AppendString(out, result.Code), `,"message":`...)
		out = value.AppendString(out, result.Message)
	} else {
		out = append(out, `{"statusCode":200,"status":"ok","value":`...)
		if len(result.Value) == 0 {
			out = append(out, "null"...)
		}
		out = append(out, result.Value...)
	}
	out = append(append(out, `,"pollingRedirectEnabled":false,"correlationId":"`...), correlationID...)
	out = append(append(append(out, `","traceId":"`...), traceID...), `"}`...)
	ctx.Response.SetBody(out)
}

// answerBody writes the webhook's own body: an object or a list as JSON, anything else as text.
func (s *Server) answerBody(v *visit, custom *response, env expr.Env, result run.Result, correlationID string) {
	if custom.status == http.StatusNoContent {
		v.ctx.Response.Header.SetNoDefaultContentType(true)
		return
	}
	if custom.body == nil {
		s.answerResult(v.ctx, result, correlationID, v.traceID)
		return
	}
	out, err := custom.body.Eval(s.base, env)
	if err != nil {
		s.deps.Logger.Warn("the body of an answer could not be made; the standard one is sent", "webhook", v.hook.webhook.ID, "error", err)
		s.answerResult(v.ctx, result, correlationID, v.traceID)
		return
	}
	v.ctx.Response.Header.SetContentType("text/plain; charset=utf-8")
	switch out.(type) {
	case map[string]any, []any:
		v.ctx.Response.Header.SetContentType("application/json")
	}
	v.ctx.Response.SetBodyString(expr.Text(out))
}

// answerHeaders sets the webhook's own header fields; one whose value cannot stand in a header is left out.
func (s *Server) answerHeaders(v *visit, custom *response, env expr.Env) {
	for _, h := range custom.headers {
		out, err := h.text.Eval(s.base, env)
		text := expr.Text(out)
		if err != nil || !isFieldValue(text) || len(text) > maxEventHeader {
			s.deps.Logger.Warn("a header of an answer could not be made", "webhook", v.hook.webhook.ID, "header", h.name)
			continue
		}
		v.ctx.Response.Header.Set(h.name, text)
	}
}

// answerEnv is what the expressions of an answer may read: the body and header of the request, the event,
// and as context how far its handling came.
func (v *visit) answerEnv(result run.Result, correlationID string) expr.Env {
	env := v.env()
	env["event"] = map[string]any{
		"id": correlationID, "eventKey": v.hook.webhook.EventKey, "correlationId": correlationID, "traceId": v.traceID,
	}
	var got any
	if result.State == run.ResultOK && len(result.Value) > 0 {
		got, _ = value.Decode(result.Value)
	}
	env["context"] = map[string]any{
		"status": string(result.State), "value": got, "code": result.Code, "message": result.Message,
	}
	return env
}

// patience is how long this answer may wait for its result: as long as the webhook says, or as the sender
// prefers (RFC 7240) where that is less.
func (s *Server) patience(v *visit, most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	wait := most
	for _, field := range v.header().PeekAll("Prefer") {
		for item := range strings.SplitSeq(string(field), ",") {
			name, text, _ := strings.Cut(strings.TrimSpace(item), "=")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "respond-async":
				v.ctx.Response.Header.Set("Preference-Applied", "respond-async")
				return 0
			case "wait":
				n, err := strconv.ParseUint(strings.Trim(text, ` "`), 10, 31)
				if err == nil && time.Duration(n)*time.Second < wait {
					wait = time.Duration(n) * time.Second
					v.ctx.Response.Header.Set("Preference-Applied", "wait="+strconv.FormatUint(n, 10))
				}
			}
		}
	}
	return wait
}

func (s *Server) resultLocation(correlationID string) string {
	return s.prefix + resultPath + "?correlationId=" + correlationID + "&" + redirectParam + "=true"
}

// correlationHeader is pipeforce-result-correlationid as the server writes names.
//
//nolint:gochecknoglobals // constant data
var correlationHeader = []byte("Pipeforce-Result-Correlationid")

// secure sets the fields that every answer carries.
func secure(h *fasthttp.ResponseHeader) {
	h.SetCanonical([]byte("X-Content-Type-Options"), []byte("nosniff"))
	h.SetCanonical([]byte("Cache-Control"), []byte("no-store"))
}

// shake answers the sender's question whether this address is ours. It makes no event.
func (s *Server) shake(v *visit) refusal {
	h := v.delivery.Handshake
	failed := func(detail string, err error) refusal {
		s.deps.Logger.Warn("a handshake failed", "webhook", v.hook.webhook.ID, "handshake", h.Name, "error", err)
		return refusal{status: http.StatusServiceUnavailable, reason: reasonHandshakeFailed, detail: detail, retry: time.Minute}
	}
	if h.Confirm != "" {
		if s.deps.Confirmer == nil {
			return refusal{status: http.StatusServiceUnavailable, reason: reasonHandshakeFailed, detail: "the server makes no outgoing requests"}
		}
		ctx, cancel := context.WithTimeout(s.base, confirmPatience)
		defer cancel()
		if err := s.deps.Confirmer.Confirm(ctx, h.Confirm); err != nil {
			return failed("the address that confirms the subscription did not answer well", err)
		}
	}
	if h.Learn != "" {
		if err := s.deps.Directory.Learn(s.base, v.hook.webhook.ID, h.Learn); err != nil {
			return failed("the sender's secret could not be kept", err)
		}
	}
	head := &v.ctx.Response.Header
	secure(head)
	for _, f := range h.Headers {
		if isFieldName(f[0]) && isFieldValue(f[1]) {
			head.Set(f[0], f[1])
		}
	}
	if len(h.Body) > 0 {
		head.SetContentType(h.Type)
	}
	v.ctx.SetStatusCode(h.Status)
	v.ctx.Response.SetBody(h.Body)
	s.deps.Metrics.Handshake(v.preset())
	s.deps.Logger.Info("answered a handshake", "webhook", v.hook.webhook.ID, "preset", v.preset(), "handshake", h.Name)
	return refusal{}
}

// confirmPatience is how long confirming a subscription may take while the sender waits.
const confirmPatience = 10 * time.Second

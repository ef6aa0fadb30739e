package ingress

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/store"
)

// body serves the kept body of an event of an outbound webhook: to whoever knows its address, for as long
// as Options.PayloadTTL. rest is <event id>/<key>.
func (s *Server) body(ctx *fasthttp.RequestCtx, rest string) {
	v := visit{ctx: ctx, now: s.deps.Now(), peer: peerOf(ctx)}
	v.caller, v.sure = s.caller(&v, nil)
	unknown := refusal{status: http.StatusNotFound, reason: reasonPayloadUnknown}
	id, key, _ := strings.Cut(rest, "/")
	if s.deps.Bodies == nil || !ctx.IsGet() && !ctx.IsHead() || !usableID(id) || len(key) != bodyKeyLength {
		s.refuse(&v, unknown)
		return
	}
	if !s.failures.May(s.failures.Key(v.caller, ""), v.now) { // before the store is asked
		s.refuse(&v, unknown)
		return
	}
	raw, err := s.readBody(v, id, bodyPath+rest)
	switch {
	case errors.Is(err, store.ErrNotFound):
		s.refuse(&v, unknown)
		return
	case err != nil:
		s.deps.Logger.Error("a kept body could not be read", "event_id", id, "error", err)
		s.refuse(&v, refusal{status: http.StatusServiceUnavailable, reason: reasonInternal, retry: failuresPause})
		return
	}
	head := &ctx.Response.Header
	secure(head)
	// The sender chose the bytes, so a browser must neither show nor run them.
	head.SetContentType("application/octet-stream")
	head.Set("Content-Disposition", "attachment")
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	ctx.Response.SetBody(raw)
}

// readBody gives the kept body when the event's payload holds this very address; store.ErrNotFound
// otherwise.
func (s *Server) readBody(v visit, id, path string) ([]byte, error) {
	kept, err := s.deps.Bodies.Event(s.base, id)
	if err != nil {
		return nil, err
	}
	if v.now.After(kept.Time.Add(s.options.PayloadTTL)) {
		return nil, store.ErrNotFound
	}
	_, object, err := event.Unmarshal(kept.Data)
	if err != nil {
		return nil, err
	}
	headers, _ := object["headers"].(map[string]any)
	payload, _ := object["payload"].(map[string]any)
	address, _ := payload["origin"].(string)
	at := len(address) - len(path)
	if headers[factPayload] != formOutbound || at < 0 || subtle.ConstantTimeCompare([]byte(address[at:]), []byte(path)) != 1 {
		return nil, store.ErrNotFound
	}
	return s.deps.Bodies.Raw(s.base, id)
}

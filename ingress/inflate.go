package ingress

import (
	"errors"
	"net/http"
	"strings"

	"github.com/penstock/penstock/ingress/decode"
	"github.com/penstock/penstock/runtime/webhook"
)

// inflate undoes the content encoding of a proven body, within limits. What the body of an event is, is the
// inflated one; the proof was made over the bytes as they came. A webhook that ignores bodies does not look
// into them, unless a schema or an expression does.
func (s *Server) inflate(v *visit) refusal {
	v.body = v.ctx.Request.Body()
	encodings := v.header().PeekAll("Content-Encoding")
	if len(encodings) == 0 || len(v.body) == 0 || v.hook.webhook.PayloadType == webhook.Ignore && !v.hook.looksInside() {
		return refusal{}
	}
	encoding := ""
	for _, text := range encodings {
		// Said of several fields is what is said of one with their values joined.
		if name := strings.Trim(string(text), " \t"); name != "" && !strings.EqualFold(name, "identity") {
			if encoding != "" {
				encoding += ","
			}
			encoding += name
		}
	}
	if encoding == "" {
		return refusal{}
	}
	out, err := s.inflater.Inflate(nil, encoding, v.body, decode.Limits{Max: s.options.MaxInflated, Ratio: s.options.MaxRatio})
	switch {
	case err == nil:
		v.body = out
		return refusal{}
	case errors.Is(err, decode.ErrTooLarge), errors.Is(err, decode.ErrRatio):
		return refusal{status: http.StatusRequestEntityTooLarge, reason: reasonEncodingLarge, detail: err.Error()}
	case errors.Is(err, decode.ErrMalformed):
		return refusal{status: http.StatusBadRequest, reason: reasonEncodingBroken, detail: err.Error()}
	default:
		return refusal{status: http.StatusUnsupportedMediaType, reason: reasonEncodingUnknown, detail: err.Error()}
	}
}

// looksInside reports whether anything but the payload is made of the body.
func (e *entry) looksInside() bool {
	return e.schema != nil || e.dedupe.key != nil || e.response != nil
}

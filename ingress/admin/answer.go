package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/value"
)

func (s *Server) refuse(ctx *fasthttp.RequestCtx, status int, reason string) {
	s.deps.Logger.Warn("refused an admin request", "reason", reason, "status", status, "remote", ctx.RemoteAddr().String())
	s.write(ctx, status, refusedBody(status))
}

// refusedBody is the body of every refusal without a code: it tells nothing beyond the status.
func refusedBody(status int) []byte {
	return []byte(`{"statusCode":` + strconv.Itoa(status) + `,"status":"error","message":"the request was refused"}`)
}

func (s *Server) write(ctx *fasthttp.RequestCtx, status int, body []byte) {
	head := &ctx.Response.Header
	head.SetContentType("application/json")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Cache-Control", "no-store")
	head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	ctx.SetStatusCode(status)
	ctx.Response.SetBody(body)
}

// show writes v, a struct or map of our own, as JSON.
func (s *Server) show(ctx *fasthttp.RequestCtx, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		s.fail(ctx, fault.Wrap(fault.Internal, err, "encoding an answer"))
		return
	}
	s.write(ctx, http.StatusOK, text)
}

// showClean is show for what may hold anything that a pipeline or a sender has seen: known secrets are replaced.
func (s *Server) showClean(ctx *fasthttp.RequestCtx, v any) {
	text, err := json.Marshal(v)
	if err == nil && s.deps.Scrub != nil {
		text, err = s.clean(text)
	}
	if err != nil {
		s.fail(ctx, fault.Wrap(fault.Internal, err, "encoding an answer"))
		return
	}
	s.write(ctx, http.StatusOK, text)
}

// clean takes secrets out of a JSON text.
func (s *Server) clean(text []byte) ([]byte, error) {
	clean := s.deps.Scrub(string(text))
	if clean == string(text) {
		return text, nil
	}
	if json.Valid([]byte(clean)) {
		return []byte(clean), nil
	}
	// Something outside of the texts looks like a secret, as a number may: the texts alone are cleaned.
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(s.cleanTexts(v))
}

func (s *Server) cleanTexts(v any) any {
	switch v := v.(type) {
	case string:
		return s.deps.Scrub(v)
	case []any:
		for i := range v {
			v[i] = s.cleanTexts(v[i])
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			out[s.deps.Scrub(name)] = s.cleanTexts(item)
		}
		return out
	}
	return v
}

// showValue writes the result of a command.
func (s *Server) showValue(ctx *fasthttp.RequestCtx, v any) {
	text, err := value.AppendJSON([]byte(`{"value":`), v)
	if err != nil {
		s.fail(ctx, fault.Wrap(fault.Internal, err, "encoding a result"))
		return
	}
	s.write(ctx, http.StatusOK, append(text, '}'))
}

// fail answers an error with its code, message and hint. An error without a code stays in the log.
func (s *Server) fail(ctx *fasthttp.RequestCtx, err error) { s.failWith(ctx, statusOf(err), err) }

// failWith answers an error with a status. Several faults, and one with a place in a text, are told one by one too.
func (s *Server) failWith(ctx *fasthttp.RequestCtx, status int, err error) {
	code := fault.CodeOf(err)
	out := struct {
		StatusCode int    `json:"statusCode"`
		Status     string `json:"status"`
		Code       string `json:"code"`
		Message    string `json:"message"`
		Hint       string `json:"hint,omitempty"`
		Errors     []flaw `json:"errors,omitempty"`
	}{status, "error", string(code), "an internal fault; see the server's log", "", nil}
	var f *fault.Error
	switch {
	case code == fault.Internal:
		s.deps.Logger.Error("an admin request failed", "code", string(code), "error", err)
	case errors.As(err, &f):
		plain := *f
		plain.Hint = ""
		out.Message, out.Hint, out.Errors = plain.Error(), fault.HintOf(err), flaws(err)
	}
	text, err := json.Marshal(out)
	if err != nil {
		text = refusedBody(status)
	}
	s.write(ctx, status, text)
}

// statusOf maps a fault to the status of HTTP.
func statusOf(err error) int {
	code := fault.CodeOf(err)
	switch {
	case isList(err):
		return http.StatusBadRequest
	case errors.Is(err, store.ErrNotFound), strings.HasSuffix(string(code), ".unknown"):
		return http.StatusNotFound
	case code == fault.PipelineChanged:
		return http.StatusPreconditionFailed
	case code == fault.PipelineUsed:
		return http.StatusConflict
	case code == fault.RunFinal, code == fault.RunReplay:
		return http.StatusConflict
	case code == fault.IAMDenied:
		return http.StatusForbidden
	case code == fault.ResultGone:
		return http.StatusGone
	}
	switch fault.InfoOf(code).Kind {
	case fault.Input:
		return http.StatusBadRequest
	case fault.Environment:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

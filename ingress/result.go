package ingress

import (
	"net/http"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/internal/front"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/value"
)

// How often a waiting request looks whether its result is there: soon at first, then less often.
const (
	firstLook = 2 * time.Millisecond
	lastLook  = 100 * time.Millisecond
)

// result answers a poll: 302 to itself while the runs go on, then 200 with the value, 500 with code and
// message of a failed run, or 410 when there is no such result (any more).
func (s *Server) result(ctx *fasthttp.RequestCtx) {
	if !ctx.IsGet() {
		s.refuseEarly(ctx, http.StatusUnauthorized, reasonMethodRefused)
		return
	}
	id, redirect := "", true
	walk := front.Pairs{Rest: ctx.URI().QueryString()}
	for {
		name, text, ok := walk.Next()
		if !ok {
			break
		}
		switch name {
		case "correlationId":
			id = text
		case redirectParam:
			redirect = text != "false"
		}
	}
	if walk.Broken {
		s.refuseEarly(ctx, http.StatusBadRequest, reasonQueryMalformed)
		return
	}
	if !usableID(id) {
		s.gone(ctx)
		return
	}
	hold := s.options.Hold
	if !redirect {
		hold = 0
	}
	r, err := s.await(id, hold)
	switch {
	case fault.CodeOf(err) == fault.ResultGone:
		s.gone(ctx)
	case err != nil:
		s.deps.Logger.Error("a result could not be read", "code", string(fault.CodeOf(err)), "error", err)
		ctx.Response.Header.Set("Retry-After", "5")
		s.refuseEarly(ctx, http.StatusServiceUnavailable, string(fault.CodeOf(err)))
	case r.State == run.ResultOK:
		text := r.Value
		if len(text) == 0 {
			text = []byte("null")
		}
		s.json(ctx, id, http.StatusOK, text)
	case r.State == run.ResultError:
		out := []byte(`{"statusCode":500,"status":"error","code":`)
		out = append(value.AppendString(out, r.Code), `,"message":`...)
		out = append(value.AppendString(out, r.Message), '}')
		s.json(ctx, id, http.StatusInternalServerError, out)
	case redirect:
		head := &ctx.Response.Header
		head.Set("pipeforce-result-correlationid", id)
		head.Set("Location", s.resultLocation(id))
		head.Set("Retry-After", "1")
		secure(head)
		ctx.SetStatusCode(http.StatusFound)
	default:
		s.json(ctx, id, http.StatusOK, []byte(`{"statusCode":200,"status":"processing","value":null,"pollingRedirectEnabled":false,"correlationId":"`+id+`"}`))
	}
}

func usableID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		if !plainByte(c) {
			return false
		}
	}
	return true
}

// await reads the result. It waits for one that is not there yet, unless too many wait already or the server
// ends.
func (s *Server) await(id string, wait time.Duration) (run.Result, error) {
	r, err := s.deps.Results.Result(s.base, id)
	if err != nil || r.State != run.ResultProcessing || wait <= 0 {
		return r, err
	}
	select {
	case s.holds <- struct{}{}:
		defer func() { <-s.holds }()
	default:
		return r, nil
	}
	end := time.NewTimer(wait)
	defer end.Stop()
	pause := firstLook
	tick := time.NewTimer(pause)
	defer tick.Stop()
	for {
		select {
		case <-s.front.Draining():
			return r, nil
		case <-end.C:
			return r, nil
		case <-tick.C:
			if r, err = s.deps.Results.Result(s.base, id); err != nil || r.State != run.ResultProcessing {
				return r, err
			}
			pause = min(2*pause, lastLook)
			tick.Reset(pause)
		}
	}
}

func (s *Server) gone(ctx *fasthttp.RequestCtx) {
	s.json(ctx, "", http.StatusGone, []byte(`{"statusCode":410,"status":"gone","message":"the result does not exist or is no longer kept"}`))
}

func (s *Server) json(ctx *fasthttp.RequestCtx, id string, status int, body []byte) {
	head := &ctx.Response.Header
	if id != "" {
		head.Set("pipeforce-result-correlationid", id)
	}
	head.SetContentType("application/json")
	secure(head)
	ctx.SetStatusCode(status)
	ctx.Response.SetBody(body)
}

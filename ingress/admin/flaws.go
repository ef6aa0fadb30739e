package admin

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/fault"
)

// flaw is one fault of a pipeline, with its place in the text and the step.
type flaw struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Step    string `json:"step,omitempty"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
}

func isList(err error) bool {
	var list fault.List
	return errors.As(err, &list)
}

// flaws tells several faults one by one, and one that has a place.
func flaws(err error) (out []flaw) {
	var list fault.List
	var one *fault.Error
	if !errors.As(err, &list) && errors.As(err, &one) && one.Pos != (fault.Position{}) {
		list = fault.List{one}
	}
	for _, f := range list {
		bare := *f
		bare.Pos, bare.Where, bare.Hint = fault.Position{}, "", ""
		out = append(out, flaw{
			Code: string(f.Code), Message: bare.Error(), Hint: fault.HintOf(f), Step: f.Where, File: f.Pos.File, Line: f.Pos.Line, Column: f.Pos.Column,
		})
	}
	return out
}

// failRun answers with what a run failed with.
func (s *Server) failRun(ctx *fasthttp.RequestCtx, err error) {
	s.failWith(ctx, statusOfRun(err), err)
	if retry, after := fault.Retryable(err); retry && after > 0 {
		ctx.Response.Header.Set("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second)))
	}
}

// statusOfRun maps what a run failed with to the status of HTTP: 422 where the same call fails again in the same way,
// 5xx where it may not.
func statusOfRun(err error) int {
	code := fault.CodeOf(err)
	switch code {
	case fault.IAMDenied:
		return http.StatusForbidden
	case fault.CommandTimeout, fault.PluginTimeout, fault.EgressTimeout:
		return http.StatusGatewayTimeout
	case fault.PipelineRaised, fault.PipelineAssert, fault.PipelineLimit, fault.ExprLimit:
		return http.StatusUnprocessableEntity
	case fault.CommandCanceled:
		return http.StatusServiceUnavailable
	}
	switch retry, _ := fault.Retryable(err); {
	case retry, fault.InfoOf(code).Kind == fault.Environment:
		return http.StatusServiceUnavailable
	case fault.InfoOf(code).Kind == fault.Input:
		return http.StatusUnprocessableEntity
	}
	return http.StatusInternalServerError
}

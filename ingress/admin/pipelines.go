package admin

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/internal/front"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

const (
	adHocPath      = "pipeline"
	pipelineColon  = "pipeline:"
	pipelinesPath  = "pipelines"
	pipelineType   = "application/yaml"
	retryAfterBusy = "1"
)

// pipelines serves the paths of pipelines; false for another path.
func (s *Server) pipelines(ctx *fasthttp.RequestCtx, path string) bool {
	if path == adHocPath {
		if s.allowed(ctx, http.MethodPost) {
			s.adHoc(ctx)
		}
		return true
	}
	if raw, ok := strings.CutPrefix(path, pipelineColon); ok {
		if s.allowed(ctx, http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete) {
			s.stored(ctx, raw)
		}
		return true
	}
	first, rest, _ := strings.Cut(path, "/")
	if first != pipelinesPath {
		return false
	}
	if s.allowed(ctx, http.MethodGet) {
		s.versions(ctx, rest)
	}
	return true
}

// allowed refuses every other method.
func (s *Server) allowed(ctx *fasthttp.RequestCtx, methods ...string) bool {
	for _, m := range methods {
		if string(ctx.Method()) == m {
			return true
		}
	}
	s.refuse(ctx, http.StatusMethodNotAllowed, "http.method")
	ctx.Response.Header.Set("Allow", strings.Join(methods, ", "))
	return false
}

// adHoc runs the pipeline that the request holds.
func (s *Server) adHoc(ctx *fasthttp.RequestCtx) {
	text, call, err := readAdHoc(ctx)
	if err != nil {
		s.fail(ctx, err)
		return
	}
	s.wait(ctx, "ad hoc", func(work context.Context) (Answer, error) {
		return s.deps.Pipelines.RunText(work, s.options.Identity, text, call)
	})
}

func (s *Server) stored(ctx *fasthttp.RequestCtx, raw string) {
	where, err := url.PathUnescape(raw)
	if err != nil || where == "" {
		s.refuse(ctx, http.StatusNotFound, "http.route")
		return
	}
	switch string(ctx.Method()) {
	case http.MethodGet:
		s.getPipeline(ctx, where)
	case http.MethodPut:
		s.putPipeline(ctx, where)
	case http.MethodDelete:
		s.deletePipeline(ctx, where)
	default:
		call, err := readCall(ctx)
		if err != nil {
			s.fail(ctx, err)
			return
		}
		s.wait(ctx, where, func(work context.Context) (Answer, error) {
			return s.deps.Pipelines.Run(work, s.options.Identity, where, call)
		})
	}
}

// wait has a run made while its caller waits: not longer than the caller stays, or may stay.
func (s *Server) wait(ctx *fasthttp.RequestCtx, name string, run func(context.Context) (Answer, error)) {
	select {
	case s.calls <- struct{}{}:
	default:
		s.fail(ctx, fault.New(fault.PipelineBusy, "%d callers wait for pipelines already", cap(s.calls)))
		ctx.Response.Header.Set("Retry-After", retryAfterBusy)
		return
	}
	defer func() { <-s.calls }()
	work, cancel := context.WithTimeout(s.work, s.options.callTimeout())
	defer cancel()
	stop := front.Gone(ctx, cancel)
	answer, err := run(work)
	stop()
	log := s.deps.Logger.With("pipeline", name, "identity", s.options.Identity, "run_id", answer.Run)
	if err != nil {
		log.Info("a pipeline that a caller waited for failed", "code", string(fault.CodeOf(err)))
		if answer.Ran {
			s.failRun(ctx, err)
		} else {
			s.fail(ctx, err)
		}
		setRun(ctx, answer)
		return
	}
	log.Info("ran a pipeline for a caller")
	s.answer(ctx, answer)
}

func setRun(ctx *fasthttp.RequestCtx, a Answer) {
	if a.Run != "" {
		ctx.Response.Header.Set("Pipeline-Run", a.Run)
	}
}

// answer writes the final body: a text as it is, everything else as JSON.
func (s *Server) answer(ctx *fasthttp.RequestCtx, a Answer) {
	kind := "text/plain; charset=utf-8"
	plain, isText := a.Body.(string)
	text := []byte(plain)
	if !isText {
		var err error
		if text, err = value.AppendJSON(nil, a.Body); err != nil {
			s.fail(ctx, fault.Wrap(fault.ExprType, err, "encoding the final body"))
			return
		}
		kind = "application/json"
	}
	status := a.Status
	if status == 0 {
		status = http.StatusOK
	}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		text = nil
	}
	s.write(ctx, status, text)
	ctx.Response.Header.SetContentType(kind)
	for name, v := range a.Header {
		ctx.Response.Header.Set(name, v)
	}
	setRun(ctx, a)
}

func (s *Server) getPipeline(ctx *fasthttp.RequestCtx, where string) {
	if _, err := query(ctx); err != nil {
		s.fail(ctx, err)
		return
	}
	text, version, err := s.deps.Pipelines.Get(s.work, s.options.Identity, where)
	if err != nil {
		s.fail(ctx, err)
		return
	}
	s.write(ctx, http.StatusOK, text.Text)
	ctx.Response.Header.SetContentType(typeOf(text.Form))
	ctx.Response.Header.Set("ETag", tag(version))
}

func typeOf(form string) string {
	if form == "json" {
		return "application/json"
	}
	return pipelineType
}

func tag(version string) string { return `"` + version + `"` }

func (s *Server) putPipeline(ctx *fasthttp.RequestCtx, where string) {
	text, err := readText(ctx)
	var match string
	if err == nil {
		_, err = query(ctx)
	}
	if err == nil {
		match, err = condition(ctx)
	}
	if err != nil {
		s.fail(ctx, err)
		return
	}
	version, created, err := s.deps.Pipelines.Put(s.work, s.options.Identity, where, text, match)
	if err != nil {
		s.fail(ctx, err)
		return
	}
	s.show(ctx, map[string]any{"version": version, "created": created})
	if created {
		ctx.SetStatusCode(http.StatusCreated)
	}
	ctx.Response.Header.Set("ETag", tag(version))
}

func (s *Server) deletePipeline(ctx *fasthttp.RequestCtx, where string) {
	params, err := query(ctx, "force")
	var match string
	if err == nil {
		match, err = condition(ctx)
	}
	if err == nil {
		err = s.deps.Pipelines.Delete(s.work, s.options.Identity, where, match, params["force"] == "true")
	}
	if err != nil {
		s.fail(ctx, err)
		return
	}
	s.show(ctx, map[string]any{"deleted": true})
}

// condition reads If-Match or If-None-Match: which version has to be there now.
func condition(ctx *fasthttp.RequestCtx) (string, error) {
	is, not := ctx.Request.Header.PeekAll("If-Match"), ctx.Request.Header.PeekAll("If-None-Match")
	switch {
	case len(is)+len(not) == 0:
		return "", nil
	case len(is) == 1 && len(not) == 0:
		text := strings.TrimSpace(string(is[0]))
		inner, quoted := strings.CutPrefix(text, `"`)
		inner, closed := strings.CutSuffix(inner, `"`)
		if text == "*" {
			return "*", nil
		}
		if quoted && closed && len(inner) > 1 && !strings.ContainsAny(inner, `",`) {
			return inner, nil
		}
	case len(is) == 0 && len(not) == 1 && strings.TrimSpace(string(not[0])) == "*":
		return "-", nil
	}
	return "", fault.New(fault.CommandType, "If-Match names one version in quotes, or is *; If-None-Match is *").In("header")
}

// versions lists pipelines, the kept versions of one, or shows one version.
func (s *Server) versions(ctx *fasthttp.RequestCtx, rest string) {
	if _, err := query(ctx); err != nil {
		s.fail(ctx, err)
		return
	}
	if rest == "" {
		s.show(ctx, map[string]any{"pipelines": s.deps.Pipelines.List()})
		return
	}
	rawName, version, one := strings.Cut(rest, "/")
	name, err := url.PathUnescape(rawName)
	if err != nil || name == "" || one && version == "" {
		s.refuse(ctx, http.StatusNotFound, "http.route")
		return
	}
	var out any
	if !one {
		if out, err = s.deps.Pipelines.History(s.work, name); err == nil {
			out = map[string]any{"name": name, "versions": out}
		}
	} else {
		if version == "loaded" {
			version = ""
		}
		out, err = s.deps.Pipelines.Version(s.work, s.options.Identity, name, version)
	}
	if err != nil {
		s.fail(ctx, err)
		return
	}
	s.show(ctx, out)
}

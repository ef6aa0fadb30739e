package admin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/ingress/internal/front"
	"github.com/penstock/penstock/ingress/kept"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

const (
	defaultLimit = 50
	maxLimit     = 1000
)

// query reads the parameters of a listing; an unknown one is a fault, so that a slip does not list all.
func query(ctx *fasthttp.RequestCtx, known ...string) (map[string]string, error) {
	out := map[string]string{}
	for params := (front.Pairs{Rest: ctx.URI().QueryString()}); ; {
		name, text, ok := params.Next()
		if !ok {
			if params.Broken {
				return nil, fault.New(fault.CommandType, "the parameters are not url-encoded")
			}
			return out, nil
		}
		if !contains(known, name) {
			return nil, fault.New(fault.CommandParam, "unknown parameter %q", name).WithHint("%s", fault.DidYouMean(name, known))
		}
		out[name] = text
	}
}

func contains(list []string, text string) bool {
	for _, t := range list {
		if t == text {
			return true
		}
	}
	return false
}

func limit(params map[string]string) (int, error) {
	text, given := params["limit"]
	if !given {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, fault.New(fault.CommandType, "limit is a number from 1 to %d", maxLimit).In("limit")
	}
	return n, nil
}

// eventLine is an event in a listing.
type eventLine struct {
	Seq     int64     `json:"seq"`
	ID      string    `json:"id"`
	Key     string    `json:"eventKey"`
	Time    time.Time `json:"time"`
	Settled time.Time `json:"settled,omitzero"`
}

func line(e store.Event) eventLine {
	return eventLine{Seq: e.Seq, ID: e.ID, Key: e.Key, Time: e.Time, Settled: e.Settled}
}

func (s *Server) events(ctx *fasthttp.RequestCtx, id string) {
	if id != "" {
		s.event(ctx, id)
		return
	}
	params, err := query(ctx, "limit", "key", "before")
	if err != nil {
		s.fail(ctx, err)
		return
	}
	q := store.EventQuery{Key: params["key"]}
	if q.Limit, err = limit(params); err != nil {
		s.fail(ctx, err)
		return
	}
	if text := params["before"]; text != "" {
		if q.Before, err = strconv.ParseInt(text, 10, 64); err != nil || q.Before < 1 {
			s.fail(ctx, fault.New(fault.CommandType, "before is the seq of an event").In("before"))
			return
		}
	}
	list, err := s.deps.Ledger.Events(s.work, q)
	if err != nil {
		s.fail(ctx, err)
		return
	}
	out := make([]eventLine, len(list))
	for i, e := range list {
		out[i] = line(e)
	}
	s.show(ctx, map[string]any{"events": out})
}

// body gives the body that an event of a webhook was made of, byte for byte.
func (s *Server) body(ctx *fasthttp.RequestCtx, id string) {
	if _, err := query(ctx); err != nil {
		s.fail(ctx, err)
		return
	}
	const none = "there is no such event, or it was made of no body"
	e, err := s.deps.Ledger.Event(s.work, id)
	if err != nil {
		s.missing(ctx, err, none)
		return
	}
	raw, err := s.deps.Ledger.Raw(s.work, id)
	if err != nil {
		s.missing(ctx, err, none)
		return
	}
	text, ok, err := ingress.Original(e.Data, raw)
	switch {
	case err != nil:
		s.fail(ctx, err)
	case !ok:
		s.missing(ctx, store.ErrNotFound, none)
	default:
		s.download(ctx, text)
	}
}

// download answers with bytes that somebody else chose: no browser shows or runs them.
func (s *Server) download(ctx *fasthttp.RequestCtx, text []byte) {
	s.write(ctx, http.StatusOK, text)
	ctx.Response.Header.SetContentType("application/octet-stream")
	ctx.Response.Header.Set("Content-Disposition", "attachment")
}

// event shows one event with its runs and their steps; its payload only with ?payload=true.
func (s *Server) event(ctx *fasthttp.RequestCtx, id string) {
	if id, asked := strings.CutSuffix(id, "/body"); asked {
		s.body(ctx, id)
		return
	}
	params, err := query(ctx, "payload")
	if err != nil {
		s.fail(ctx, err)
		return
	}
	e, err := s.deps.Ledger.Event(s.work, id)
	if err != nil {
		s.missing(ctx, err, "there is no such event")
		return
	}
	_, object, err := event.Unmarshal(e.Data)
	if err != nil {
		s.fail(ctx, err)
		return
	}
	if params["payload"] != "true" {
		delete(object, "payload")
	}
	runs, err := s.deps.Ledger.RunsOf(s.work, id)
	if err != nil {
		s.fail(ctx, err)
		return
	}
	s.showClean(ctx, struct {
		eventLine
		Event event.Object `json:"event"`
		Runs  []run.Run    `json:"runs"`
	}{line(e), object, listed(runs)})
}

// runs lists runs, or shows the one that <event id>/<pipeline> names.
func (s *Server) runs(ctx *fasthttp.RequestCtx, rest string) {
	switch rest {
	case "":
	case "updates":
		s.updates(ctx)
		return
	default:
		s.run(ctx, rest)
		return
	}
	q, err := runQuery(ctx, "limit", "pipeline", "status", "event", "eventKey", "since", "until", "code", "contains")
	if err != nil {
		s.fail(ctx, err)
		return
	}
	list, err := s.deps.Ledger.FindRuns(s.work, q)
	if err != nil {
		s.fail(ctx, err)
		return
	}
	s.showClean(ctx, map[string]any{"runs": listed(s.withRunning(list, q))})
}

// withRunning puts those runs to a listing that are executed now: the store knows of one when it first ended or waited.
func (s *Server) withRunning(list []run.Run, q store.RunQuery) []run.Run {
	if q.Status != "" && q.Status != run.Running || q.Code != "" || q.Text != "" || !q.Since.IsZero() || !q.Until.IsZero() {
		return list
	}
	for _, r := range s.deps.Operator.Running() {
		if q.EventID != "" && q.EventID != r.EventID || q.EventKey != "" && q.EventKey != r.EventKey || q.Pipeline != "" && q.Pipeline != r.Pipeline {
			continue
		}
		switch i := slices.IndexFunc(list, func(one run.Run) bool { return one.ID() == r.ID() }); {
		case i < 0:
			list = slices.Insert(list, 0, r)
		case !list[i].Status.Final(): // it may have ended since
			list[i].Status, list[i].Attempt, list[i].NextAt = r.Status, r.Attempt, r.NextAt
		}
	}
	return list[:min(len(list), max(q.Limit, 1))]
}

// runQuery reads the filters of a listing of runs; known names those that it takes.
func runQuery(ctx *fasthttp.RequestCtx, known ...string) (q store.RunQuery, err error) {
	params, err := query(ctx, known...)
	if err != nil {
		return q, err
	}
	q = store.RunQuery{
		EventID: params["event"], EventKey: params["eventKey"], Pipeline: params["pipeline"],
		Status: run.Status(params["status"]), Code: params["code"], Text: params["contains"],
	}
	statuses := []string{string(run.Running), string(run.Waiting), string(run.Done), string(run.Dead), string(run.Cancelled), string(run.Batched)}
	if q.Status != "" && !contains(statuses, string(q.Status)) {
		return q, fault.New(fault.CommandType, "%q is none of %s", string(q.Status), strings.Join(statuses, ", ")).In("status").
			WithHint("%s", fault.DidYouMean(string(q.Status), statuses))
	}
	for name, at := range map[string]*time.Time{"since": &q.Since, "until": &q.Until} {
		if text := params[name]; text != "" {
			if *at, err = time.Parse(time.RFC3339, text); err != nil {
				return q, fault.New(fault.CommandType, "%s is a time of RFC 3339", name).In(name)
			}
		}
	}
	q.Limit, err = limit(params)
	return q, err
}

func (s *Server) run(ctx *fasthttp.RequestCtx, rest string) {
	id, rawName, _ := strings.Cut(rest, "/")
	name, err := url.PathUnescape(rawName)
	if err != nil || name == "" {
		s.refuse(ctx, http.StatusNotFound, "http.route")
		return
	}
	params, err := query(ctx, "payload")
	if err != nil {
		s.fail(ctx, err)
		return
	}
	r, err := s.deps.Ledger.Run(s.work, id, name)
	if errors.Is(err, store.ErrNotFound) {
		if now := s.withRunning(nil, store.RunQuery{EventID: id, Pipeline: name}); len(now) > 0 {
			r, err = now[0], nil
		}
	}
	if err != nil {
		s.missing(ctx, err, "there is no such run")
		return
	}
	s.showClean(ctx, shown(r, params["payload"] == "true"))
}

func (s *Server) rejects(ctx *fasthttp.RequestCtx, rest string) {
	if rest != "" {
		s.reject(ctx, rest)
		return
	}
	params, err := query(ctx, "limit")
	if err != nil {
		s.fail(ctx, err)
		return
	}
	n, err := limit(params)
	if err != nil {
		s.fail(ctx, err)
		return
	}
	list, err := s.deps.Ledger.Rejects(s.work, n)
	if err != nil {
		s.fail(ctx, err)
		return
	}
	if list == nil {
		list = []store.Reject{}
	}
	s.show(ctx, map[string]any{"rejects": list})
}

// reject gives a refused request as it came, where it was kept, or says why it was refused.
func (s *Server) reject(ctx *fasthttp.RequestCtx, rest string) {
	rest, asked := strings.CutSuffix(rest, "/explain")
	traceID, err := url.PathUnescape(rest)
	if err == nil {
		err = kept.ErrUnknown
		switch {
		case s.deps.Kept == nil:
		case asked:
			var verdict any
			if verdict, err = s.deps.Explain(s.work, traceID); err == nil {
				s.show(ctx, verdict)
			}
		default:
			var text []byte
			if text, err = s.deps.Kept(traceID); err == nil {
				s.download(ctx, text)
			}
		}
	}
	switch {
	case errors.Is(err, kept.ErrUnknown):
		s.missing(ctx, store.ErrNotFound, "this request is not kept; see ingress.keep_rejected")
	case err != nil:
		s.fail(ctx, err)
	}
}

func (s *Server) plugins(ctx *fasthttp.RequestCtx, rest string) {
	if rest != "" {
		s.failOr404(ctx, nil)
		return
	}
	s.show(ctx, map[string]any{"plugins": s.deps.Plugins()})
}

func (s *Server) status(ctx *fasthttp.RequestCtx, rest string) {
	if rest != "" {
		s.failOr404(ctx, nil)
		return
	}
	v, err := s.deps.Status(s.work)
	if err != nil {
		s.fail(ctx, err)
		return
	}
	s.show(ctx, v)
}

// health says whether requests are accepted, and nothing else: it needs no token.
func (s *Server) health(ctx *fasthttp.RequestCtx) {
	if err := s.deps.Health(); err != nil {
		s.write(ctx, http.StatusServiceUnavailable, []byte(`{"status":"unavailable"}`))
		return
	}
	s.write(ctx, http.StatusOK, []byte(`{"status":"ok"}`))
}

func (s *Server) failOr404(ctx *fasthttp.RequestCtx, err error) {
	if err != nil {
		s.fail(ctx, err)
		return
	}
	s.refuse(ctx, http.StatusNotFound, "http.route")
}

// missing answers 404 with a message where the store has nothing under the name.
func (s *Server) missing(ctx *fasthttp.RequestCtx, err error, message string) {
	if errors.Is(err, store.ErrNotFound) {
		s.write(ctx, http.StatusNotFound, []byte(`{"statusCode":404,"status":"error","code":"store.not_found","message":"`+message+`"}`))
		return
	}
	s.fail(ctx, err)
}

func listed(runs []run.Run) []run.Run {
	if runs == nil {
		return []run.Run{}
	}
	return runs
}

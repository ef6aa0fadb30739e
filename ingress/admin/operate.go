package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/value"
)

// Operator changes runs for a person. Its faults carry codes; see package engine for the methods.
type Operator interface {
	Cancel(ctx context.Context, eventID, pipeline string) (run.Run, error)
	Replay(ctx context.Context, r run.Replay) (event.Accepted, error)
	Drop(ctx context.Context, eventID, pipeline string) error
	Running() []run.Run
	Rehearse(ctx context.Context, r run.Replay) (run.Rehearsal, error)
	Updates(ctx context.Context, after int64) (news []run.Update, last int64, missed bool)
}

// operate does what the last word of runs/<event id>/<pipeline>/<action> says.
func (s *Server) operate(ctx *fasthttp.RequestCtx, rest string) {
	id, rest, _ := strings.Cut(rest, "/")
	rawName, action, _ := strings.Cut(rest, "/")
	name, err := url.PathUnescape(rawName)
	act := map[string]func(*fasthttp.RequestCtx, string, string) (any, error){
		"cancel": s.cancel, "replay": s.replay, "drop": s.drop,
	}[action]
	if err != nil || name == "" || act == nil {
		s.refuse(ctx, http.StatusNotFound, "http.route")
		return
	}
	answer, err := act(ctx, id, name)
	log := s.deps.Logger.With("action", action, "event_id", id, "pipeline", name, "identity", s.options.Identity, "remote", ctx.RemoteAddr().String())
	if err != nil {
		log.Info("a change of a run was refused", "code", string(fault.CodeOf(err)))
		s.fail(ctx, err)
		return
	}
	if dry, ok := answer.(shownRehearsal); ok {
		log.Info("rehearsed a replay", "status", dry.Status)
	} else {
		log.Info("changed a run", "result", answer)
	}
	s.showClean(ctx, answer)
}

func (s *Server) cancel(ctx *fasthttp.RequestCtx, id, name string) (any, error) {
	if _, err := query(ctx); err != nil {
		return nil, err
	}
	r, err := s.deps.Operator.Cancel(s.work, id, name)
	return map[string]any{"status": r.Status}, err
}

// replay takes ?from=, ?version=, ?close=true and ?dry=true, and a JSON body where the payload, or the body at the
// step, is another one.
func (s *Server) replay(ctx *fasthttp.RequestCtx, id, name string) (any, error) {
	params, err := query(ctx, "from", "version", "close", "dry")
	if err != nil {
		return nil, err
	}
	q := run.Replay{EventID: id, Pipeline: name, From: params["from"], Version: params["version"], Close: params["close"] == "true"}
	if raw := ctx.Request.Body(); len(raw) > 0 {
		if len(ctx.Request.Header.PeekAll("Content-Encoding")) > 0 {
			return nil, fault.New(fault.CommandType, "a body with a content encoding is not accepted")
		}
		body, err := value.Decode(raw)
		if err != nil {
			return nil, fault.Wrap(fault.CommandType, err, "reading the request's body")
		}
		if q.Body, err = value.AppendJSON(nil, body); err != nil {
			return nil, fault.Wrap(fault.CommandType, err, "reading the request's body")
		}
	}
	if params["dry"] == "true" {
		r, err := s.deps.Operator.Rehearse(s.work, q)
		return shownRehearsal{r, shownSteps(r.Steps, true, r.Mocked), r.Body}, err
	}
	accepted, err := s.deps.Operator.Replay(s.work, q)
	return map[string]any{"eventId": accepted.EventID, "fresh": accepted.Fresh}, err
}

func (s *Server) drop(ctx *fasthttp.RequestCtx, id, name string) (any, error) {
	if _, err := query(ctx); err != nil {
		return nil, err
	}
	return map[string]any{"closed": run.ClosedDropped}, s.deps.Operator.Drop(s.work, id, name)
}

// deadLetters lists the open dead letters, newest event first.
func (s *Server) deadLetters(ctx *fasthttp.RequestCtx, rest string) {
	if rest != "" {
		s.failOr404(ctx, nil)
		return
	}
	q, err := runQuery(ctx, "limit", "pipeline", "eventKey", "since", "until", "code", "contains")
	if err != nil {
		s.fail(ctx, err)
		return
	}
	q.Status, q.Open = run.Dead, true
	list, err := s.deps.Ledger.FindRuns(s.work, q)
	if err != nil {
		s.fail(ctx, err)
		return
	}
	s.showClean(ctx, map[string]any{"dlq": listed(list)})
}

// shownRun is a run with the body where it stands and the values of its steps, which are shown only when asked for.
type shownRun struct {
	run.Run
	Steps []shownStep     `json:"steps,omitempty"`
	Body  json.RawMessage `json:"body,omitempty"`
	Vars  json.RawMessage `json:"vars,omitempty"`
}

type shownStep struct {
	run.Step
	Input  json.RawMessage `json:"input,omitempty"`
	Output json.RawMessage `json:"output,omitempty"`
	Mocked bool            `json:"mocked,omitempty"` // in a rehearsal: the command was not called
}

// shownRehearsal is what a replay would do. Its values are what it is asked for.
type shownRehearsal struct {
	run.Rehearsal
	Steps []shownStep     `json:"steps"`
	Body  json.RawMessage `json:"body"`
}

// shownSteps gives steps as they are shown; mocked tells of each whether its command was called, nil = they all were.
func shownSteps(steps []run.Step, payloads bool, mocked []bool) []shownStep {
	out := make([]shownStep, len(steps))
	for i, s := range steps {
		out[i].Step = s
		if payloads {
			out[i].Input, out[i].Output = s.Input, s.Output
		}
		if mocked != nil {
			out[i].Mocked = mocked[i]
		}
	}
	return out
}

// shown gives a run as it is shown, with payloads or without.
func shown(r run.Run, payloads bool) shownRun {
	out := shownRun{Run: r, Steps: shownSteps(r.Steps, payloads, nil)}
	if payloads {
		out.Body, out.Vars = r.Body, r.Vars
	}
	return out
}

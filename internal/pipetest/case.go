package pipetest

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/property"
	"github.com/penstock/penstock/runtime/trigger"
	"github.com/penstock/penstock/runtime/value"
)

// longestCase is how long one case may really take.
const longestCase = time.Minute

// eventID names the event of a case that says nothing of it, so that its ids are the same each time.
const eventID = "019c13f5-0000-7000-8000-000000000001"

// happened is what a case did.
type happened struct {
	event    event.Event
	object   map[string]any
	out      pipeline.Outcome
	err      *fault.Error
	status   string
	trace    *Trace
	answer   answer
	asked    bool // a request was sent
	refused  string
	unmocked []string // what would have acted on the outside
	took     time.Duration
}

// oneCase runs a case and compares.
func (r *Runner) oneCase(ctx context.Context, t *tested, c *Case) *CaseReport {
	cr := &CaseReport{File: t.file.Path, Name: c.Name, Line: c.At.Line, Outcome: Passed}
	if c.Skip != "" {
		cr.Outcome, cr.Why = Skipped, c.Skip
		return cr
	}
	began := r.params.Now()
	ctx, cancel := context.WithTimeout(ctx, longestCase)
	defer cancel()
	h, err := r.play(ctx, t, c)
	cr.Took = r.params.Now().Sub(began)
	if h != nil {
		cr.trace = h.trace
	}
	if err != nil {
		cr.fail(Problem{What: "the case cannot be run", At: asFault(err).Pos, Lines: []string{asFault(err).Error()}})
		return cr
	}
	r.judge(ctx, c, h, cr)
	return cr
}

// play runs the pipeline as a server would.
func (r *Runner) play(ctx context.Context, t *tested, c *Case) (*happened, error) {
	g := &c.given
	h := &happened{trace: &Trace{}}
	r.out.begin(g.now)
	if err := r.fillProperties(ctx, g); err != nil {
		return h, err
	}
	goes, err := r.start(ctx, t, g, h)
	if err != nil || !goes {
		return h, err
	}
	in, err := r.input(ctx, t, c, h)
	if err != nil {
		return h, err
	}
	begin := r.out.Now()
	for {
		in.Retries = in.Attempt < g.attempts
		out, err := t.plan.Run(ctx, in)
		h.out, h.err = out, nil
		if err != nil {
			h.err = asFault(err)
		}
		if err == nil || !h.err.Retry || !in.Retries {
			break
		}
		r.out.wait(ctx, r.out.Now().Add(max(h.err.RetryAfter, r.backoff(in.Attempt))))
		in.Attempt++
		in.Resume = nil
		if out.Vars != nil {
			in.Resume = &out.State
		}
		h.trace.attempt()
	}
	h.took = r.out.Now().Sub(begin)
	switch {
	case h.err != nil && h.err.Retry && g.attempts == 1:
		h.status = statusFailed
	case h.err != nil:
		h.status = statusDead
	case h.out.Skipped:
		h.status = statusSkipped
	default:
		h.status = statusDone
	}
	return h, nil
}

// backoff is the wait between two attempts, without the jitter of a server.
func (r *Runner) backoff(attempt int) time.Duration {
	e := r.params.Config.Engine
	if attempt < 30 {
		return min(e.MaxBackoff, e.Backoff<<(attempt-1))
	}
	return e.MaxBackoff
}

// start makes the event; false when the door refused the request.
func (r *Runner) start(ctx context.Context, t *tested, g *given, h *happened) (goes bool, err error) {
	listens := listensTo(t.plan.Trigger())
	switch {
	case g.request != nil:
		var e *event.Event
		if e, h.answer, h.refused, err = r.request(ctx, g.request, listens); err != nil {
			return false, err
		}
		h.asked = true
		if e == nil {
			h.status = statusRefused
			if h.refused == "" { // a handshake
				h.status = statusSkipped
			}
			return false, nil
		}
		h.event = *e
	default:
		if h.event, err = r.event(ctx, t, g, listens); err != nil {
			return false, err
		}
	}
	text := h.event.AppendJSON(nil)
	e, object, err := event.Unmarshal(text)
	if err != nil {
		return false, err
	}
	if h.event.Headers == nil {
		h.event.Headers = e.Headers
	}
	h.object = object
	if tr := t.plan.Trigger(); tr != nil && (g.request != nil || g.event != nil) {
		if fits, err := tr.Match(ctx, h.event, object); err != nil || !fits {
			if err != nil {
				return false, err
			}
			var at fault.Position
			if g.event != nil {
				at = g.event.at
			}
			if g.request != nil {
				at = g.request.at
			}
			return false, fault.New(fault.TestInvalid, "the pipeline does not start for the event %s: it has %s", h.event.Key, tr).At(at)
		}
	}
	return true, nil
}

// listensTo is the one key of the events that a trigger takes, empty when there are several.
func listensTo(tr *trigger.Trigger) string {
	if tr == nil {
		return ""
	}
	key := tr.Pattern
	if tr.Kind == trigger.MessageReceive {
		key = strings.TrimPrefix(key, tr.Prefix)
	}
	if event.CheckKey(key) != nil {
		return ""
	}
	return key
}

func (r *Runner) event(ctx context.Context, t *tested, g *given, listens string) (event.Event, error) {
	fields := map[string]any{"id": eventID}
	at := fault.Position{File: t.file.Path}
	if g.event != nil {
		maps.Copy(fields, g.event.fields)
		at = g.event.at
		if g.event.payload.given {
			v, err := g.event.payload.eval(ctx, expr.Env{})
			if err != nil {
				return event.Event{}, err
			}
			fields["payload"] = v
		}
	}
	if fields["eventKey"] == nil {
		if tr := t.plan.Trigger(); tr != nil && tr.Kind == trigger.MessageReceive && !strings.HasPrefix(tr.Pattern, tr.Prefix) {
			fields["message"] = true
		}
		if fields["eventKey"] = listens; listens == "" {
			if g.event != nil {
				return event.Event{}, fault.New(fault.TestInvalid, "the event needs a key: the pipeline listens to no single one").At(at)
			}
			fields["eventKey"] = "pipeline." + t.plan.Name()
		}
	}
	if len(g.headers) > 0 {
		headers, _ := fields["headers"].(map[string]any)
		all := map[string]any{}
		maps.Copy(all, headers)
		for name, text := range g.headers {
			all[name] = text
		}
		fields["headers"] = all
	}
	e, err := EventOf(fields, g.now)
	if err != nil {
		return e, asFault(err).At(at)
	}
	return e, nil
}

// input is what the first attempt begins with.
func (r *Runner) input(ctx context.Context, t *tested, c *Case, h *happened) (pipeline.Input, error) {
	g, config := &c.given, r.params.Config
	in := pipeline.Input{
		RunID: h.event.ID + ":" + t.plan.Name(), Event: h.event, Object: event.Object(h.object), Attempt: 1,
		Identity: g.as, Policy: r.tools.Policy(), Plans: t.library, Logger: slog.New(log{o: r.out}),
		Timeout: config.Engine.StepTimeout, MaxSteps: config.Engine.MaxSteps, Now: r.out.Now, Observe: h.trace,
		Trial: r.trial(t, c, h),
	}
	if in.Identity == "" {
		in.Identity = iam.Anonymous
	}
	var err error
	switch {
	case g.body.given:
		in.HasBody = true
		if in.Body, err = g.body.eval(ctx, expr.Env{"event": event.View(h.object)}); err != nil {
			return in, err
		}
	case g.event != nil || g.request != nil || t.plan.Trigger() != nil:
		in.Body, in.HasBody = t.plan.BodyOf(h.event, event.Object(h.object))
	}
	if g.vars.given {
		v, err := g.vars.eval(ctx, expr.Env{})
		if err != nil {
			return in, err
		}
		in.Vars, _ = v.(map[string]any)
	}
	return in, nil
}

// trial lets the mocks answer, and keeps what nobody stands in for from acting.
func (r *Runner) trial(t *tested, c *Case, h *happened) *pipeline.Trial {
	mocks := &Mocks{}
	for _, m := range c.mocks {
		m.used = 0
		mocks.Add(m)
	}
	var mu sync.Mutex
	return &pipeline.Trial{
		Wait: r.out.wait,
		Answer: func(ctx context.Context, at pipeline.Place, call command.Call) (command.Result, bool, error) {
			res, answers, err := mocks.Answer(ctx, at, call)
			if answers || err != nil {
				return res, answers, err
			}
			if isOneOf(at.Command, t.stubs) || r.acts(at.Command) && !isOneOf(at.Command, t.file.allow) {
				mu.Lock()
				defer mu.Unlock()
				h.unmocked = append(h.unmocked, fmt.Sprintf("%s in %s", at.Command, at.Pos))
				return res, false, fault.New(fault.TestUnmocked, "%s would act on the outside, and no mock stands in for it", at.Command).
					WithHint("add it under mocks, or name it under allow")
			}
			return res, false, nil
		},
	}
}

// acts reports whether a command acts on the outside of a test.
func (r *Runner) acts(name string) bool {
	def, err := r.tools.Registry().Lookup(name)
	return err == nil && (def.Spec.Effect || strings.HasPrefix(name, "http.") && name != "http.response.set") && !isOneOf(name, r.safe)
}

// fillProperties keeps what the case gives.
func (r *Runner) fillProperties(ctx context.Context, g *given) error {
	if !g.properties.given {
		return nil
	}
	v, err := g.properties.eval(ctx, expr.Env{})
	if err != nil {
		return err
	}
	all, _ := v.(map[string]any)
	for _, path := range sortedNames(all) {
		p := property.Property{Type: "application/json", Created: g.now, Updated: g.now}
		if p.Path, err = property.Clean(path, r.params.Config.Namespace); err != nil {
			return err
		}
		if p.Value, err = value.AppendJSON(nil, all[path]); err != nil {
			return err
		}
		if _, err := r.out.PutProperty(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

package engine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// deadLetters is the dedupe scope of dead letters that are replayed once.
const deadLetters = "dead-letter"

// Replay does the work of a run that is over once more, with the pipeline as it is loaded now. It accepts a new
// event, which has the key, headers and payload of the old one, names it in ReplayOf, and starts this one
// pipeline only; a parked event goes to every pipeline that listens. It gives the new event. The errors
// carry fault.RunUnknown, fault.RunReplay or fault.PipelineUnknown, or are the store's.
func (e *Engine) Replay(ctx context.Context, q run.Replay) (event.Accepted, error) {
	old, err := e.store.Run(ctx, q.EventID, q.Pipeline)
	if errors.Is(err, store.ErrNotFound) {
		return event.Accepted{}, unknownRun(run.ID(q.EventID, q.Pipeline))
	}
	if err != nil {
		return event.Accepted{}, err
	}
	if err := replayable(q, old); err != nil {
		return event.Accepted{}, err
	}
	ev, err := e.again(ctx, q, old)
	if err != nil {
		return event.Accepted{}, err
	}
	dedupe := event.Dedupe{}
	if q.Close { // two people may do it at once, or one again after a crash before CloseDead
		dedupe = event.Dedupe{Scope: deadLetters, Key: old.ID(), Until: ev.Time.Add(e.o.Retention)}
	}
	accepted, err := e.emitter.Emit(ctx, ev, dedupe)
	if err != nil || !q.Close {
		return accepted, err
	}
	if err := e.store.CloseDead(ctx, q.EventID, q.Pipeline, accepted.EventID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return accepted, err
	}
	return accepted, nil
}

// Drop puts a dead letter aside without replaying it. The error carries fault.RunUnknown when there is no
// such open dead letter, or is the store's.
func (e *Engine) Drop(ctx context.Context, eventID, pipeline string) error {
	err := e.store.CloseDead(ctx, eventID, pipeline, run.ClosedDropped)
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.RunUnknown, "there is no open dead letter %s", run.ID(eventID, pipeline))
	}
	return err
}

func replayable(q run.Replay, old run.Run) error {
	switch {
	case old.EventKey == CallKey:
		return fault.New(fault.RunReplay, "the run %s had a caller who waited for it", old.ID()).WithHint("call the pipeline again")
	case !old.Status.Final():
		return fault.New(fault.RunReplay, "the run %s is not over", old.ID()).WithHint("wait for its end, or cancel it first")
	case q.Close && old.Status != run.Dead:
		return fault.New(fault.RunReplay, "the run %s is no dead letter", old.ID()).WithHint("use `pi runs replay`")
	case q.Close && old.Closed == run.ClosedDropped:
		return fault.New(fault.RunReplay, "the dead letter %s was dropped", old.ID()).WithHint("use `pi runs replay`")
	case q.Close && old.Closed != "" && old.Attempt == 0:
		return fault.New(fault.RunReplay, "the event of %s is a member of a batch", old.ID()).
			WithHint("replay the run %s; `pi runs replay` repeats this event alone", run.ID(old.Closed, old.Pipeline))
	case q.Close && old.Closed != "":
		return fault.New(fault.RunReplay, "the dead letter %s was replayed already, by the event %s", old.ID(), old.Closed).
			WithHint("look at that event; `pi runs replay` replays it once more")
	case old.Pipeline == ParkedPipeline && q.Version != "":
		return fault.New(fault.RunReplay, "a parked event is of no pipeline, and so of no version")
	case old.Pipeline == ParkedPipeline && q.From != "" && q.From != run.FromFailed:
		return fault.New(fault.RunReplay, "a parked event has no steps").WithHint("replay it from its start")
	}
	return nil
}

// again makes the new event.
func (e *Engine) again(ctx context.Context, q run.Replay, old run.Run) (event.Event, error) {
	kept, err := e.store.Event(ctx, old.EventID)
	if err != nil {
		return event.Event{}, err
	}
	ev, object, err := event.Unmarshal(kept.Data)
	if err != nil {
		return event.Event{}, err
	}
	if ev.Payload, err = object.Payload(); err != nil {
		return event.Event{}, err
	}
	if ev.Raw, err = e.store.Raw(ctx, old.EventID); err != nil {
		return event.Event{}, err
	}
	fresh := event.New(ev.Key, e.o.Now())
	ev.ID, ev.Time, ev.CorrelationID, ev.Async = fresh.ID, fresh.Time, fresh.CorrelationID, true
	ev.ReplayOf, ev.Parked, ev.Replay = old.EventID, "", nil
	if old.Pipeline != ParkedPipeline {
		plan, err := e.PlanOf(ctx, old.Pipeline, q.Version)
		if err != nil {
			return ev, err
		}
		if ev.Replay, err = replayFrom(q, old, plan); err != nil {
			return ev, err
		}
	}
	switch {
	case q.Body == nil:
	case ev.Replay != nil && ev.Replay.From:
		ev.Replay.Body = q.Body
	default:
		ev.Payload, ev.Raw = q.Body, nil
	}
	return ev, nil
}

func (p *plans) names() []string {
	out := make([]string, 0, len(p.byName))
	for name := range p.byName {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// replayFrom finds the step to go on at.
func replayFrom(q run.Replay, old run.Run, plan *pipeline.Plan) (*event.Replay, error) {
	r := &event.Replay{Pipeline: old.Pipeline, Version: q.Version}
	began := old.Vars != nil
	if q.From == "" || q.From == run.FromFailed && !began {
		return r, nil
	}
	r.From, r.Step = true, old.StepIndex
	if q.From != run.FromFailed {
		var err error
		if r.Step, err = stepIndex(plan, q.From); err != nil {
			return nil, err
		}
	}
	_, recorded := recordedAt(old, r.Step, plan)
	switch changed := old.Version != plan.Version(); {
	case recorded && (r.Step != old.StepIndex || !began):
	case !began:
		return nil, fault.New(fault.RunReplay, "nothing is kept of the steps of %s", old.ID()).
			WithHint("only a dead letter or a cancelled run can go on at a step, or one whose values were recorded (engine.record: all); replay it from its start")
	case r.Step != old.StepIndex && q.Body == nil:
		return nil, fault.New(fault.RunReplay, "the body at step %q is not kept", q.From).
			WithHint("give the body, or replay from where it ended (%s), or from its start; engine.record: all keeps the body of every step", run.FromFailed)
	case changed && (r.Step >= len(topSteps(plan)) || q.From == run.FromFailed && !sameStep(old, plan)):
		return nil, fault.New(fault.RunReplay, "the pipeline changed, and the step where %s ended is another one now", old.ID()).
			WithHint("name the step and give its body, or replay it from its start")
	}
	return r, nil
}

// topSteps lists the parts of the pipeline's own list.
func topSteps(plan *pipeline.Plan) (out []pipeline.StepInfo) {
	for _, s := range plan.Steps() {
		if s.Depth == 0 {
			out = append(out, s)
		}
	}
	return out
}

// stepIndex finds a step by its id or its number from 1 in the order of the file.
func stepIndex(plan *pipeline.Plan, name string) (int, error) {
	for i, s := range topSteps(plan) {
		if s.ID == name || strconv.Itoa(s.Index+1) == name {
			return i, nil
		}
	}
	return 0, fault.New(fault.RunReplay, "the pipeline %q has no step %q in its own list", plan.Name(), name).
		WithHint("name a step that is not inside a block, by its id or by its number from 1")
}

// sameStep reports whether the step where an old run ended is still what it was in a changed pipeline.
// Nothing can be said of a place inside of blocks.
func sameStep(old run.Run, plan *pipeline.Plan) bool {
	steps := topSteps(plan)
	return plan.Flat() && old.Position == nil && old.StepIndex < len(steps) && len(old.Steps) > 0 &&
		old.Steps[len(old.Steps)-1].Command == steps[old.StepIndex].Command
}

// recordedAt gives what was recorded of the state before a step of the pipeline's own list, where that is all
// of it. A run of another version has none.
func recordedAt(old run.Run, step int, plan *pipeline.Plan) (in run.Input, ok bool) {
	own := topSteps(plan)
	if old.Version != plan.Version() || step >= len(own) {
		return in, false
	}
	for i := len(old.Steps) - 1; i >= 0; i-- { // the last attempt counts
		s := &old.Steps[i]
		switch {
		case ok:
		case s.Index != own[step].Index || s.Path != "" || s.Input == nil:
			continue
		default:
			if json.Unmarshal(s.Input, &in) != nil || !in.Exact {
				return in, false
			}
			ok = true
		}
		if in.Vars != nil {
			return in, true
		}
		var before run.Input // the nearest one that has the variables
		if s.Input == nil || json.Unmarshal(s.Input, &before) != nil || before.Vars == nil {
			continue
		}
		in.Vars = before.Vars
		return in, before.Exact
	}
	return in, false
}

// replayed gives the one pipeline that a replay or a batch is for. A pipeline that is gone gets an entry in known, so
// that it ends as a dead letter.
func (e *Engine) replayed(ctx context.Context, p *plans, ev event.Event, known map[string]run.Run) ([]match, error) {
	// What the broker brought is not trusted with the choice of a pipeline and a step.
	if kept, err := e.store.Event(ctx, ev.ID); err != nil {
		return nil, err
	} else if ev, _, err = event.Unmarshal(kept.Data); err != nil {
		return nil, err
	}
	switch {
	case ev.Replay != nil:
	case ev.Batch != nil:
		ev.Replay = &event.Replay{Pipeline: ev.Batch.Pipeline}
	default:
		return nil, nil
	}
	l, _, err := e.began(ctx, p, ev.Replay.Pipeline, ev.Replay.Version)
	if err != nil {
		return nil, err
	}
	if l == nil {
		if _, began := known[ev.Replay.Pipeline]; !began {
			known[ev.Replay.Pipeline] = run.Run{
				EventID: ev.ID, EventKey: ev.Key, Pipeline: ev.Replay.Pipeline, Status: run.Running, Started: e.o.Now(),
			}
		}
		return nil, nil
	}
	m := match{lane: l, first: run.Run{Version: ev.Replay.Version}}
	if v := ev.Replay.Version; v != "" && l.plan.Version() != v {
		m.err = fault.New(fault.PipelineUnknown, "version %s of the pipeline %q is no longer kept", v, ev.Replay.Pipeline)
		return []match{m}, nil
	}
	if _, began := known[ev.Replay.Pipeline]; began || !ev.Replay.From {
		return []match{m}, nil
	}
	old, err := e.store.Run(ctx, ev.ReplayOf, ev.Replay.Pipeline)
	switch {
	case errors.Is(err, store.ErrNotFound):
		m.err = fault.New(fault.RunReplay, "the run that is replayed is no longer kept")
	case err != nil:
		return nil, err
	default:
		m.first, m.err = goOn(ev.Replay, old, l.plan)
	}
	return []match{m}, nil
}

// goOn gives a run that stands where the old one ended, or at the beginning of another step.
func goOn(q *event.Replay, old run.Run, plan *pipeline.Plan) (run.Run, error) {
	r := run.Run{
		Version: plan.Version(), Identity: iam.Anonymous, StepIndex: q.Step, Body: old.Body, Vars: old.Vars, Position: old.Position,
	}
	ended := q.Step == old.StepIndex && old.Vars != nil
	if ended {
		r.Identity = old.Identity
	} else if in, ok := recordedAt(old, q.Step, plan); ok {
		r.Identity, r.Body, r.Vars = in.Identity, in.Body, in.Vars
	}
	if q.Body != nil {
		r.Body = q.Body
	}
	if ended && old.Version == plan.Version() || plan.Flat() {
		return r, nil
	}
	state := pipeline.State{Version: plan.Version(), Step: q.Step, Inside: &pipeline.Inside{}}
	var err error
	r.Position, err = state.Position()
	return r, err
}

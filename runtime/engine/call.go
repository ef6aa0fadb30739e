package engine

import (
	"context"
	"errors"
	"log/slog"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/value"
)

// CallKey is the key of the events under which the runs are kept that a caller waited for. No pipeline is started by
// such an event.
const CallKey = "pipeline.call"

// Call is a run for a caller who waits for it.
type Call struct {
	Identity string // at the beginning
	Body     any
	HasBody  bool              // false: the first body is the file's section body
	Vars     map[string]any    // on top of the file's section vars
	Request  map[string]any    // what expressions see as request; nil = nothing
	Response *command.Response // what the run says about the answer; may be nil
}

// Call runs a loaded pipeline once and returns when the run ended or ctx did, which ends the run. Nothing is tried
// again and nothing is resumed after a crash: that is the caller's to decide. The run is kept when it ended, under the
// id that Call gives. An error carries fault.PipelineUnknown when there is no such pipeline, else what the run failed
// with.
func (e *Engine) Call(ctx context.Context, name string, c Call) (out pipeline.Outcome, eventID string, err error) {
	set := e.plans.Load()
	l := set.byName[name]
	if l == nil {
		return out, "", fault.New(fault.PipelineUnknown, "the pipeline %q is not loaded", name).WithHint("%s", fault.DidYouMean(name, set.names()))
	}
	if !l.await(ctx) {
		return out, "", ended(ctx)
	}
	defer e.leave(l)
	ev := event.New(CallKey, e.o.Now())
	r := run.Run{
		EventID: ev.ID, EventKey: ev.Key, Pipeline: name, Version: l.plan.Version(), Status: run.Done, Attempt: 1,
		Identity: c.Identity, Started: e.o.Now(),
	}
	out, body, err := e.call(ctx, l.plan, set, ev, r.ID(), c)
	r.Ended, r.Steps, r.StepIndex, r.Identity, r.Body = e.o.Now(), appendSteps(nil, out.Steps), out.Step, out.Identity, body
	if err != nil {
		r.Status, r.Code, r.Message = run.Dead, string(fault.CodeOf(err)), err.Error()
		if fault.CodeOf(err) == fault.CommandCanceled {
			r.Status = run.Cancelled
		}
	}
	e.keepCall(context.WithoutCancel(ctx), ev, &r)
	return out, ev.ID, err
}

// CallPlan runs a plan that is not loaded, as Call does, and keeps nothing of it. What it calls is what is loaded.
func (e *Engine) CallPlan(ctx context.Context, plan *pipeline.Plan, c Call) (pipeline.Outcome, error) {
	ev := event.New(CallKey, e.o.Now())
	out, _, err := e.call(ctx, plan, e.plans.Load(), ev, run.ID(ev.ID, plan.Name()), c)
	return out, err
}

func (e *Engine) call(ctx context.Context, plan *pipeline.Plan, set *plans, ev event.Event, id string, c Call) (out pipeline.Outcome, body []byte, err error) {
	out, err = plan.Run(ctx, pipeline.Input{
		RunID: id, Event: ev, Body: c.Body, HasBody: c.HasBody, Vars: c.Vars, Attempt: 1, Identity: c.Identity,
		Policy: e.o.Policy, Timeout: e.o.StepTimeout, MaxSteps: e.o.MaxSteps, Now: e.o.Now, Plans: library{ctx, e, set},
		Logger: e.log.With(slog.String("event_id", ev.ID)), Request: c.Request, Response: c.Response,
		Record: pipeline.Recording{Of: e.o.Record, Limit: e.o.RecordLimit, Scrub: e.o.Scrub},
	})
	if err != nil && ctx.Err() != nil {
		return out, nil, ended(ctx)
	}
	if err != nil {
		return out, nil, err
	}
	if body, err = value.AppendJSON(nil, out.Body); err != nil {
		return out, nil, fault.Wrap(fault.ExprType, err, "the final body cannot be shown as JSON")
	}
	return out, body, nil
}

// ended says why ctx ended the run.
func ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fault.New(fault.CommandTimeout, "the pipeline took longer than its caller may wait")
	}
	return fault.New(fault.CommandCanceled, "the caller went away")
}

// keepCall records a run that is over, with an event that is settled already. Its failure was told to the caller, so
// it is no open dead letter. What cannot be recorded is only logged: the run happened.
func (e *Engine) keepCall(ctx context.Context, ev event.Event, r *run.Run) {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	err := e.store.Save(ctx, store.Change{Accept: &ev, Run: r, Settle: ev.ID, At: r.Ended})
	if err == nil && r.Status == run.Dead {
		err = e.store.CloseDead(ctx, r.EventID, r.Pipeline, run.ClosedAnswered)
	}
	if err != nil {
		e.log.Error("recording a run that a caller waited for", "event_id", r.EventID, "pipeline", r.Pipeline, "error", err)
	}
}

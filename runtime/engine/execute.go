package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/value"
)

// execute makes one attempt and records what came of it.
func (e *Engine) execute(ctx context.Context, j job, alone bool) outcome {
	r := j.run
	if !behindWait(r) {
		r.Attempt++
	}
	if j.fail != nil {
		return e.failed(ctx, &r, j.fail, alone)
	}
	switch j.lane.enter(ctx, j.run.Status == run.Waiting) {
	case stopped:
		return interrupted
	case full:
		return e.queue(ctx, j, r)
	}
	defer e.leave(j.lane)
	in, err := e.input(ctx, j, &r)
	if err != nil {
		return e.failed(ctx, &r, err, alone)
	}
	result, err := j.lane.plan.Run(ctx, in)
	r.Steps = appendSteps(r.Steps, result.Steps)
	r.Identity = result.Identity
	r.StepIndex = result.Step
	if err != nil {
		if ctx.Err() != nil {
			return interrupted // the engine stops: the run is resumed at the next start
		}
		if j.lane.manual() && result.Message != command.Ack {
			return e.givenBack(ctx, &r, err, alone)
		}
		if keep := keepState(&r, result.State); keep != nil {
			err = errors.Join(err, keep)
		}
		return e.failed(ctx, &r, err, alone)
	}
	if result.Message == command.Nack {
		return e.givenBack(ctx, &r, fault.New(fault.MessageNacked, "the pipeline gave the message back"), alone)
	}
	if !result.Until.IsZero() {
		return e.paused(ctx, &r, result, alone)
	}
	r.Status, r.Ended, r.Code, r.Message, r.Vars, r.Position = run.Done, e.o.Now(), "", "", nil, nil
	if result.Message == command.Drop {
		r.Code, r.Message = string(fault.MessageDropped), "the pipeline dropped the message"
	}
	if r.Body, err = value.AppendJSON(nil, result.Body); err != nil {
		return e.failed(ctx, &r, fault.Wrap(fault.ExprType, err, "the final body cannot be kept as JSON"), alone)
	}
	return e.record(context.WithoutCancel(ctx), &r, alone)
}

// behindWait reports whether a run goes on behind a wait, in the same attempt.
func behindWait(r run.Run) bool { return r.Status == run.Waiting && r.Code == "" }

// manual reports whether the pipeline acknowledges its messages itself.
func (l *lane) manual() bool {
	t := l.plan.Trigger()
	return t != nil && t.Manual
}

// paused records a run that waits. It goes on in the same attempt, whichever process takes it up then.
func (e *Engine) paused(ctx context.Context, r *run.Run, result pipeline.Outcome, alone bool) outcome {
	if err := keepState(r, result.State); err != nil {
		return e.failed(ctx, r, err, alone)
	}
	r.Status, r.NextAt, r.Code, r.Message = run.Waiting, result.Until, "", ""
	return e.record(context.WithoutCancel(ctx), r, alone)
}

// The longest record of steps: of more, the first and the last ones are kept.
const (
	mostSteps = 1000
	keptFirst = 500
)

func appendSteps(have, more []run.Step) []run.Step {
	have = append(have, more...)
	if over := len(have) - mostSteps; over > 0 {
		have = slices.Delete(have, keptFirst, keptFirst+over)
	}
	return have
}

// recorded is the size of the values that the steps hold.
func recorded(steps []run.Step) (n int) {
	for i := range steps {
		n += len(steps[i].Input) + len(steps[i].Output)
	}
	return n
}

// input prepares an attempt: from the event, or from where the last attempt stopped.
func (e *Engine) input(ctx context.Context, j job, r *run.Run) (pipeline.Input, error) {
	plan := j.lane.plan
	body, hasBody := plan.BodyOf(j.event, j.object)
	in := pipeline.Input{
		RunID: r.ID(), Event: j.event, Object: j.object, Body: body, HasBody: hasBody, Attempt: r.Attempt,
		Identity: iam.Anonymous, Policy: e.o.Policy, Timeout: e.o.StepTimeout, MaxSteps: e.o.MaxSteps, Now: e.o.Now,
		Logger: e.log.With("event_id", r.EventID), Plans: library{ctx, e, j.set}, Hold: longestHold, Retries: r.Attempt < e.o.Attempts,
		Record: pipeline.Recording{Of: e.o.Record, Limit: e.o.RecordLimit, Scrub: e.o.Scrub},
	}
	resumed := r.Version == plan.Version() && r.Vars != nil
	if !resumed {
		if r.Version != "" && r.Version != plan.Version() {
			e.log.Warn("a pipeline changed between two attempts; the run starts again from its first step",
				"event_id", r.EventID, "pipeline", r.Pipeline)
		}
		r.Steps = nil
	} else {
		state := pipeline.State{Version: r.Version, Step: r.StepIndex, Identity: r.Identity}
		if err := readPosition(&state, r, plan); err != nil {
			return in, err
		}
		var err error
		if state.Body, err = value.Decode(r.Body); err != nil {
			return in, fault.Wrap(fault.Internal, err, "reading the kept body of a run")
		}
		vars, err := value.Decode(r.Vars)
		if err != nil {
			return in, fault.Wrap(fault.Internal, err, "reading the kept vars of a run")
		}
		state.Vars, _ = vars.(map[string]any)
		in.Resume = &state
	}
	in.Record.Used = recorded(r.Steps)
	r.Version = plan.Version()
	in.Journal = func(ctx context.Context, s pipeline.State, steps []run.Step) error {
		kept := *r
		kept.Status, kept.StepIndex, kept.Identity = run.Running, s.Step, s.Identity
		if err := keepState(&kept, s); err != nil {
			return err
		}
		kept.Steps = appendSteps(slices.Clip(r.Steps), steps)
		err := e.store.Save(ctx, store.Change{Run: &kept})
		if err == nil {
			e.tell(&kept, j.lane)
		}
		return err
	}
	return in, nil
}

// longestHold is the longest wait for which a run holds its place; a longer one goes through the store.
const longestHold = time.Second

// readPosition reads where a run stands. A pipeline with blocks has that in a form of its own; a run of one
// that was kept without it cannot be gone on with, and is refused.
func readPosition(s *pipeline.State, r *run.Run, plan *pipeline.Plan) error {
	switch {
	case r.Position != nil:
		return s.SetPosition(r.Position)
	case plan.Flat():
		return nil
	}
	return fault.New(fault.PipelinePosition, "the run was kept without its place in the blocks of the pipeline").
		WithHint("replay it from its start")
}

// keepState writes the state at which a run can go on into r.
func keepState(r *run.Run, s pipeline.State) error {
	if s.Vars == nil { // nothing was evaluated yet: the next attempt begins like the first
		r.Body, r.Vars, r.Position = nil, nil, nil
		return nil
	}
	position, err := s.Position()
	if err != nil {
		return err
	}
	body, err := value.AppendJSON(nil, s.Body)
	if err != nil {
		return err
	}
	vars, err := value.AppendJSON(nil, s.Vars)
	if err != nil {
		return err
	}
	r.Body, r.Vars, r.Position = body, vars, position
	return nil
}

// failed records a failed attempt: as waiting for the next one, or as a dead letter.
func (e *Engine) failed(ctx context.Context, r *run.Run, err error, alone bool) outcome {
	retry, after := fault.Retryable(err)
	return e.failedThen(ctx, r, err, retry, after, alone)
}

// givenBack records that a pipeline which acknowledges did not take its message: whatever the reason is, the run begins
// anew when the message is delivered again, up to the last attempt.
func (e *Engine) givenBack(ctx context.Context, r *run.Run, err error, alone bool) outcome {
	r.Body, r.Vars, r.Position, r.StepIndex, r.Identity = nil, nil, nil, 0, iam.Anonymous
	_, after := fault.Retryable(err)
	return e.failedThen(ctx, r, err, true, after, alone)
}

// failedThen records a failed attempt, and the next one where retry allows it.
func (e *Engine) failedThen(ctx context.Context, r *run.Run, err error, retry bool, after time.Duration, alone bool) outcome {
	now := e.o.Now()
	r.Code, r.Message = string(fault.CodeOf(err)), e.o.Scrub(err.Error())
	if retry && r.Attempt < e.o.Attempts {
		r.Status, r.NextAt = run.Waiting, now.Add(max(after, e.backoff(r.Attempt)))
		e.log.Warn("a run failed and is tried again", "event_id", r.EventID, "pipeline", r.Pipeline,
			"attempt", r.Attempt, "next", r.NextAt, "code", r.Code, "error", r.Message)
	} else {
		r.Status, r.Ended, r.NextAt = run.Dead, now, time.Time{}
		e.log.Error("a run failed for good and is a dead letter", "event_id", r.EventID, "pipeline", r.Pipeline,
			"attempt", r.Attempt, "code", r.Code, "error", r.Message)
	}
	// The attempt was made, so its outcome is worth keeping even when the engine stops meanwhile.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	return e.record(keep, r, alone)
}

// backoff is the wait after the given attempt: doubled each time, with jitter of a quarter either way.
func (e *Engine) backoff(attempt int) time.Duration {
	wait := e.o.MaxBackoff
	if shift := attempt - 1; shift < 30 {
		wait = min(wait, e.o.Backoff<<shift)
	}
	return wait - wait/4 + rand.N(wait/2+1)
}

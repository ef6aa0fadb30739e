package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

// list executes the parts from x.at.index on.
func (x *execution) list(ctx context.Context, l *list) (signal, *thrown) {
	f := x.at
	for f.index < len(l.parts) {
		if x.lease == 0 && !x.budget.lend(&x.lease) {
			return goOn, x.exhausted(ctx, l.parts[f.index].about())
		}
		x.lease--
		sig, t := l.parts[f.index].run(ctx, x)
		if l.guarded && sig != paused && (sig != goOn || t != nil) {
			sig, t = x.divert(ctx, l, sig, t)
		}
		if sig != goOn || t != nil {
			return sig, t
		}
		f.index++
		if x.effect != nil {
			if t := x.journal(ctx, f.index == len(l.parts)); t != nil {
				return goOn, t
			}
		}
	}
	return goOn, nil
}

// divert takes a failure to the next except behind it, and what is left to the finally at the end.
func (x *execution) divert(ctx context.Context, l *list, sig signal, t *thrown) (signal, *thrown) {
	f := x.at
	x.effect = nil
	for i := f.index + 1; i < len(l.parts) && t != nil && !t.fatal; i++ {
		if e, ok := l.parts[i].(*except); ok && e.takes(t) {
			f.index = i
			if sig, t = e.handle(ctx, x, t); t == nil && sig == goOn || sig == paused {
				return sig, t
			}
		}
	}
	last := len(l.parts) - 1
	e, ok := l.parts[last].(*finally)
	if !ok || f.index == last || t != nil && (t.fatal || !x.final(t)) {
		return sig, t
	}
	f.index = last
	return e.handle(ctx, x, sig, t)
}

// journal records where the run stands after a step with an effect. At the very end of a run its outcome
// is the record.
func (x *execution) journal(ctx context.Context, atEnd bool) *thrown {
	h := x.effect
	x.effect, x.clock = nil, time.Time{}
	if atEnd && x.at == &x.root && x.join == nil {
		return nil
	}
	if err := x.save(ctx); err != nil {
		return x.end(x.lasting(ctx), h, fault.Wrap(fault.CodeOf(err), err, "recording the run").WithRetry(0))
	}
	return nil
}

func (x *execution) save(ctx context.Context) error {
	ctx = x.lasting(ctx)
	switch {
	case x.in.Journal == nil:
		return nil
	case x.join != nil:
		return x.join.save(ctx, x.slot, x.capture())
	}
	var steps []run.Step
	if x.recorder != nil {
		steps = x.recorder.journaled(x.trace)
	}
	return x.in.Journal(ctx, x.state(), steps)
}

// lasting is ctx without the time limits of blocks: what is done is recorded, also when their time is up.
func (x *execution) lasting(ctx context.Context) context.Context {
	if x.due.IsZero() {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// decides evaluates a condition.
func (x *execution) decides(ctx context.Context, o operand) (bool, error) {
	v, err := o.eval(ctx, x.env)
	if err != nil {
		return false, err
	}
	return expr.Truthy(v), nil
}

// settle ends a part that failed and is not repeated: as its author wished. f is the part's frame.
func (x *execution) settle(ctx context.Context, h *head, f *frame, t *thrown) (signal, *thrown) {
	switch {
	case t.fatal, h.failure.action == actThrow:
		return goOn, t
	case h.failure.action == actRollback:
		return x.rollBack(ctx, h, f, t)
	}
	level := slog.LevelWarn
	if h.failure.action == actLog {
		level = slog.LevelError
	}
	x.logger.LogAttrs(ctx, level, "step failed, going on", slog.String("pipeline", x.plan.name), slog.Int("step", h.index),
		slog.String("command", h.command), slog.String("code", string(t.err.Code)), slog.String("error", t.err.Error()))
	return goOn, nil
}

// statusOf is how a part that was settled is recorded.
func statusOf(sig signal, t *thrown, failed bool) run.StepStatus {
	switch {
	case t != nil:
		return run.StepFailed
	case sig == paused:
		return run.StepWaiting
	case failed:
		return run.StepIgnored
	}
	return run.StepDone
}

// hold waits until then. A wait that is longer than a run may hold on pauses the run; where it stands must
// be in x.at.
func (x *execution) hold(ctx context.Context, h *head, until time.Time) (signal, *thrown) {
	if until.IsZero() {
		return goOn, nil
	}
	x.clock = time.Time{}
	d := until.Sub(x.in.Now())
	switch {
	case d <= 0:
		return goOn, nil
	case ctx.Err() != nil:
		return goOn, x.end(ctx, h, canceled(ctx))
	case x.in.Hold > 0 && d > x.in.Hold:
		if !x.due.IsZero() && x.due.Before(until) {
			until = x.due
		}
		x.until, x.stopped = until, x.capture()
		return paused, nil
	case !x.wait(ctx, d):
		return goOn, x.end(ctx, h, canceled(ctx))
	}
	return goOn, nil
}

// sleep is false when ctx ended before d had passed.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// canceled is why nothing more is done once ctx ended.
func canceled(ctx context.Context) *fault.Error {
	if errors.Is(context.Cause(ctx), errLate) {
		return fault.New(fault.CommandCanceled, "the time of a block around it is up")
	}
	return fault.New(fault.CommandCanceled, "the run was cancelled")
}

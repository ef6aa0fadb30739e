package pipeline

import (
	"context"
	"log/slog"
)

// rollBack runs the pipeline that takes back what was done, and lets the failure go on: it is final now.
func (x *execution) rollBack(ctx context.Context, h *head, f *frame, t *thrown) (signal, *thrown) {
	if f.thrown == nil {
		f.restart()
		f.thrown = t
	}
	s := start{body: x.here.body, hasBody: true, vars: x.here.vars, identity: x.here.identity}
	c, sig, failed := x.callPlan(ctx, h, f, h.failure.rollback.name, s, t)
	if c != nil {
		sig, failed = x.returned(ctx, c, h, sig, failed, false)
	}
	switch {
	case sig == paused:
		return paused, nil
	case failed != nil && (failed.fatal || !x.final(failed)):
		failed.fatal = true // it is the rollback that is repeated, whatever excepts there are
		return goOn, failed
	case failed != nil:
		x.logger.LogAttrs(ctx, slog.LevelError, "a rollback failed", slog.String("pipeline", x.plan.name), slog.Int("step", h.index),
			slog.String("rollback", h.failure.rollback.name), slog.String("code", string(failed.err.Code)), slog.String("error", failed.err.Error()))
	}
	out, e := *t, *t.err
	e.Retry, e.RetryAfter = false, 0
	out.err = &e
	return goOn, &out
}

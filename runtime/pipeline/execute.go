package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

// step executes one step with everything its parameters ask for, and records it.
func (x *execution) step(ctx context.Context, s *step) error {
	rec := run.Step{Index: s.index, ID: s.id, Command: s.command, Status: run.StepDone}
	started := x.in.Now()
	err := x.tries(ctx, s, &rec)
	rec.Duration = x.in.Now().Sub(started)
	if err == nil {
		x.out.Steps = append(x.out.Steps, rec)
		return nil
	}
	if ctx.Err() != nil {
		err = canceled()
	}
	e := x.explain(s, err)
	rec.Code, rec.Message = string(e.Code), e.In("").At(fault.Position{}).Error()
	if e.Code == fault.CommandCanceled || s.failure.action == actThrow {
		rec.Status = run.StepFailed
		x.out.Steps = append(x.out.Steps, rec)
		return e
	}
	rec.Status = run.StepIgnored
	x.out.Steps = append(x.out.Steps, rec)
	level := slog.LevelWarn
	if s.failure.action == actLog {
		level = slog.LevelError
	}
	x.logger.LogAttrs(ctx, level, "step failed, going on", slog.String("pipeline", x.plan.name), slog.Int("step", s.index),
		slog.String("command", s.command), slog.String("code", string(e.Code)), slog.String("error", e.Error()))
	return nil
}

// tries repeats the step as long as its policy allows and the failure is retryable.
func (x *execution) tries(ctx context.Context, s *step, rec *run.Step) error {
	if ctx.Err() != nil {
		return canceled()
	}
	x.setContext(s)
	if s.when.dynamic != nil || s.when.constant != true {
		v, err := s.when.eval(ctx, x.env)
		if err != nil {
			return err
		}
		if !expr.Truthy(v) {
			rec.Status = run.StepSkipped
			return nil
		}
	}
	for {
		rec.Attempt++
		before := x.out.State
		err := x.try(ctx, s)
		if err == nil {
			return nil
		}
		x.restore(before)
		if ctx.Err() != nil {
			return err
		}
		retryable, after := fault.Retryable(err)
		wait := max(s.failure.wait, after)
		if !retryable || rec.Attempt > s.failure.repeats || wait > maxWait {
			return err
		}
		if !sleep(ctx, wait) {
			return err
		}
	}
}

// try calls the command once and hands its result on.
func (x *execution) try(ctx context.Context, s *step) error {
	if s.command != runAsCommand && !x.policy.MayRun(x.out.Identity, s.command) {
		return fault.New(fault.IAMDenied, "%s may not run %s", x.out.Identity, s.command)
	}
	args, err := x.arguments(ctx, s)
	if err != nil {
		return err
	}
	body := x.out.Body
	if s.input != nil {
		if body, err = s.input.eval(ctx, x.env); err != nil {
			return err
		}
	}
	res, err := x.invoke(ctx, s, command.Call{
		Args: args, Body: body, Vars: x.out.Vars, Event: x.in.Event, Identity: x.out.Identity, Pipeline: x.plan.name,
		RunID: x.in.RunID, Step: s.index, Attempt: x.in.Attempt, Logger: x.logger,
	})
	if err != nil {
		return err
	}
	if err := x.apply(ctx, s, &res); err != nil {
		return err
	}
	if s.after != nil {
		if _, err := s.after.eval(ctx, x.env); err != nil {
			return err
		}
	}
	return nil
}

// arguments evaluates what is not constant. A null counts as not given, except where any value is allowed.
func (x *execution) arguments(ctx context.Context, s *step) (map[string]any, error) {
	if len(s.dynamic) == 0 {
		return s.args, nil
	}
	args := make(map[string]any, len(s.args)+len(s.dynamic))
	maps.Copy(args, s.args)
	for i := range s.dynamic {
		a := &s.dynamic[i]
		v, err := a.value.eval(ctx, x.env)
		if err != nil {
			return nil, err
		}
		if a.param != nil {
			if v, err = a.param.Check(v); err != nil {
				return nil, at(err, a.pos)
			}
			if v == nil && a.param.Type != command.TypeAny {
				if a.param.Required && a.param.Default == nil {
					return nil, a.param.Missing().At(a.pos)
				}
				continue
			}
		}
		args[a.name] = v
	}
	return args, nil
}

// invoke calls the command within its time.
func (x *execution) invoke(ctx context.Context, s *step, call command.Call) (command.Result, error) {
	timeout := s.timeout
	if timeout == 0 {
		timeout = s.def.Spec.Timeout
	}
	if timeout == 0 {
		timeout = x.in.Timeout
	}
	if timeout == 0 {
		return s.def.Invoke(ctx, call)
	}
	d := &deadline{parent: ctx, timeout: timeout, started: x.in.Now(), now: x.in.Now}
	defer d.end()
	res, err := s.def.Invoke(d, call)
	if err != nil && ctx.Err() == nil && d.exceeded() {
		return res, fault.New(fault.CommandTimeout, "the command took longer than %s", timeout).WithRetry(0)
	}
	return res, err
}

// apply hands the result of a command on.
func (x *execution) apply(ctx context.Context, s *step, res *command.Result) error {
	if res.RunAs != "" {
		if err := x.runAs(ctx, s, res.RunAs); err != nil {
			return err
		}
	}
	if len(res.SetVars) > 0 {
		vars := make(map[string]any, len(x.out.Vars)+len(res.SetVars))
		maps.Copy(vars, x.out.Vars)
		maps.Copy(vars, res.SetVars)
		x.setVars(vars)
	}
	x.exit = res.Exit
	switch {
	case !res.HasValue:
		return nil
	case s.output == nil:
		x.setBody(res.Value)
		return nil
	case s.output.Root() == "body":
		body, err := s.output.Set(ctx, x.env, x.out.Body, res.Value)
		if err != nil {
			return err
		}
		x.setBody(body)
		return nil
	}
	root, err := s.output.Set(ctx, x.env, x.out.Vars, res.Value)
	if err != nil {
		return err
	}
	vars, ok := root.(map[string]any)
	if !ok {
		return fault.New(fault.ExprType, "vars must stay a map")
	}
	x.setVars(vars)
	return nil
}

// runAs switches the identity, if the rights in force still allow it.
func (x *execution) runAs(ctx context.Context, s *step, identity string) error {
	if s.command != runAsCommand || !x.policy.Known(identity) || !x.policy.MayActAs(x.plan.name, identity) {
		return fault.New(fault.IAMDenied, "the pipeline %s may not act as %s", x.plan.name, identity)
	}
	x.logger.LogAttrs(ctx, slog.LevelInfo, "identity switched", slog.String("pipeline", x.plan.name), slog.String("version", x.plan.version),
		slog.String("run_id", x.in.RunID), slog.Int("step", s.index), slog.String("from", x.out.Identity), slog.String("to", identity))
	x.out.Identity = identity
	return nil
}

// explain gives the fault with the step's name and place; one of an expression keeps its own place.
func (x *execution) explain(s *step, err error) *fault.Error {
	var e *fault.Error
	if !errors.As(err, &e) {
		e = fault.Wrap(fault.CommandFailed, err, "running the command")
	}
	where := s.where
	if e.Where != "" {
		where = fmt.Sprintf("%s: %s", s.where, e.Where)
	}
	pos := s.pos
	if e.Pos.File == x.plan.file && e.Pos.Line > 0 {
		pos = e.Pos
	}
	return e.In(where).At(pos)
}

func at(err error, pos fault.Position) error {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.At(pos)
	}
	return err
}

func canceled() *fault.Error { return fault.New(fault.CommandCanceled, "the run was cancelled") }

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

package pipeline

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

// step is a part without lists: a call of a command, or a command of the language that needs none.
type step struct {
	head
	def     *command.Definition // nil for a command of the language
	act     act                 // what that does; nil for a call
	args    map[string]any      // constants and defaults
	dynamic []argument          // evaluated on top of args for every call
	private bool                // the command takes secrets
	timeout time.Duration       // 0 = the command's own, else the run's
}

type argument struct {
	param *command.Param // nil for a free one
	name  string
	value operand
	pos   fault.Position
}

// act is what a command of the language does that is a step.
type act interface {
	do(ctx context.Context, x *execution, s *step) (signal, error)
}

func (s *step) lists() []*list { return nil }

func (s *step) fits(path []frame) bool {
	f := &path[0]
	return len(path) == 1 && f.part == s.command && f.list == 0 && f.tries >= 0
}

// run executes the step with everything its parameters ask for, and records it.
func (s *step) run(ctx context.Context, x *execution) (signal, *thrown) {
	sig, t := s.exec(ctx, x)
	if x.watch != nil {
		x.ended(sig, t)
	}
	return sig, t
}

func (s *step) exec(ctx context.Context, x *execution) (signal, *thrown) {
	rec, number := x.record(&s.head)
	if len(x.pending) > 0 {
		if sig, t, over := s.resume(ctx, x, rec, number); over {
			return sig, t
		}
	}
	x.noteStart()
	started := x.start()
	sig, err := s.tries(ctx, x, rec)
	x.clock = x.in.Now()
	rec.Duration = x.clock.Sub(started)
	if err == nil {
		x.keepValues(&s.head, s, rec, false)
		return sig, nil
	}
	return s.fail(ctx, x, rec, number, err)
}

// fail settles and records a step for which no try is left.
func (s *step) fail(ctx context.Context, x *execution, rec *run.Step, number int, err error) (signal, *thrown) {
	t := x.throw(ctx, &s.head, err)
	rec.Code, rec.Message, rec.Status = string(t.err.Code), x.clean(t.told()), run.StepFailed
	x.keepValues(&s.head, s, rec, true)
	number = x.keepFailure(rec, number)
	if x.restarts(&s.head, t) || t.fatal || s.failure.action == actThrow {
		return goOn, t
	}
	f, _ := x.enter(&s.head)
	defer x.leave(f)
	sig, t := x.settle(ctx, &s.head, f, t)
	if rec := x.trace.at(number); rec != nil {
		rec.Status = statusOf(sig, t, true)
	}
	return sig, t
}

// resume goes on with a step that was waiting; over tells that nothing of it is left to do.
func (s *step) resume(ctx context.Context, x *execution, rec *run.Step, number int) (sig signal, t *thrown, over bool) {
	f, _ := x.enter(&s.head)
	defer x.leave(f)
	rec.Attempt = f.tries
	if f.thrown != nil {
		f.thrown.own = &s.head
		rec.Status = run.StepFailed
		sig, t = x.rollBack(ctx, &s.head, f, f.thrown)
		return sig, t, true
	}
	if sig, t = x.hold(ctx, &s.head, f.until); sig == paused || t != nil {
		if rec.Status = statusOf(sig, t, t != nil); t != nil {
			rec.Code, rec.Message = string(t.err.Code), x.clean(t.told())
		}
		return sig, t, true
	}
	if f.tries > 0 || s.act == nil {
		return goOn, nil, false
	}
	rec.Attempt = 1 // of a wait that is over
	if s.after != nil {
		if _, err := s.after.eval(ctx, x.env); err != nil {
			x.leave(f)
			sig, t = s.fail(ctx, x, rec, number, err)
			return sig, t, true
		}
	}
	return goOn, nil, true
}

// tries repeats the step as long as its policy allows.
func (s *step) tries(ctx context.Context, x *execution, rec *run.Step) (signal, error) {
	if ctx.Err() != nil {
		return goOn, canceled(ctx)
	}
	x.setContext(&s.head)
	if rec.Attempt == 0 && (s.when.dynamic != nil || s.when.constant != true) {
		v, err := s.when.eval(ctx, x.env)
		if err != nil {
			return goOn, err
		}
		if !expr.Truthy(v) {
			rec.Status = run.StepSkipped
			return goOn, nil
		}
	}
	for {
		rec.Attempt++
		before := x.here
		sig, err := s.try(ctx, x)
		if err == nil {
			if sig == paused {
				rec.Status = run.StepWaiting
			}
			return sig, nil
		}
		x.restore(before)
		if ctx.Err() != nil {
			return goOn, err
		}
		wait, again := s.failure.retry.again(causeOf(err), rec.Attempt)
		switch {
		case !again:
			return goOn, err
		case x.in.Hold > 0 && wait > x.in.Hold:
			rec.Status = run.StepWaiting
			return x.waitAt(ctx, &s.head, rec.Attempt, x.in.Now().Add(wait))
		case x.tooLong(wait) || !x.wait(ctx, wait):
			return goOn, err
		}
		x.clock = time.Time{}
	}
}

// waitAt waits at a step: within the run, or by pausing it. tries is how often the step was tried.
func (x *execution) waitAt(ctx context.Context, h *head, tries int, until time.Time) (signal, error) {
	f, _ := x.enter(h)
	defer x.leave(f)
	f.tries, f.until = tries, until
	sig, t := x.hold(ctx, h, until)
	if t != nil {
		return goOn, t.err
	}
	return sig, nil
}

// try does once what the step does, and hands its result on.
func (s *step) try(ctx context.Context, x *execution) (sig signal, err error) {
	if s.def == nil {
		sig, err = s.act.do(ctx, x, s)
	} else {
		sig, err = s.call(ctx, x)
	}
	if err == nil && s.after != nil && sig != paused {
		_, err = s.after.eval(ctx, x.env)
	}
	return sig, err
}

// call calls the command.
func (s *step) call(ctx context.Context, x *execution) (signal, error) {
	if s.command != runAsCommand && !x.policy.MayRun(x.here.identity, s.command) {
		return goOn, fault.New(fault.IAMDenied, "%s may not run %s", x.here.identity, s.command)
	}
	args, err := s.arguments(ctx, x)
	if err != nil {
		return goOn, err
	}
	body := x.here.body
	if s.input != nil {
		if body, err = s.input.eval(ctx, x.env); err != nil {
			return goOn, err
		}
	}
	if s.def.Spec.Effect {
		x.effect = &s.head
	}
	if x.watch != nil {
		x.watch.given(s, args, body)
	}
	private := x.discreet(s, args)
	if x.used != nil {
		x.used.params, x.used.input, x.used.hasInput = args, body, s.input != nil
	}
	res, err := s.invoke(ctx, x, command.Call{
		Args: args, Body: body, Vars: x.here.vars, Event: x.in.Event, Identity: x.here.identity, Pipeline: x.plan.name,
		RunID: x.runID, Step: s.index, Attempt: x.in.Attempt, Response: x.in.Response, Logger: private.logger(x.logger),
	})
	if err != nil {
		return goOn, private.err(err)
	}
	if x.used != nil {
		x.used.result, x.used.gave = res.Value, res.HasValue
	}
	if err := x.apply(ctx, s, &res); err != nil {
		return goOn, err
	}
	if res.Exit {
		return exited, nil
	}
	return goOn, nil
}

// arguments evaluates what is not constant. A null counts as not given, except where any value is allowed.
func (s *step) arguments(ctx context.Context, x *execution) (map[string]any, error) {
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
func (s *step) invoke(ctx context.Context, x *execution, call command.Call) (command.Result, error) {
	if x.in.Trial != nil {
		if res, answers, err := x.in.Trial.ask(ctx, x, &s.head, call); answers || err != nil {
			return res, err
		}
		if s.def.Spec.Effect && x.in.Trial.Dry != nil {
			x.watch.mocked()
			return x.in.Trial.Dry(x.place(&s.head), call), nil
		}
	}
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
	d := x.deadline()
	d.parent, d.timeout, d.started, d.now = ctx, timeout, x.start(), x.in.Now
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
	if res.Acknowledge != "" {
		if x.join != nil {
			return fault.New(fault.PipelineTrigger, "the pipeline is run by another one, and has no message to acknowledge")
		}
		if x.acknowledged != "" && x.acknowledged != res.Acknowledge {
			return fault.New(fault.PipelineInvalid, "it is settled already what becomes of the message: %s", x.acknowledged)
		}
		x.acknowledged = res.Acknowledge
	}
	x.addVars(res.SetVars)
	if !res.HasValue {
		return nil
	}
	return x.hand(ctx, &s.head, res.Value)
}

func (x *execution) addVars(more map[string]any) {
	if len(more) == 0 {
		return
	}
	vars := make(map[string]any, len(x.here.vars)+len(more))
	maps.Copy(vars, x.here.vars)
	maps.Copy(vars, more)
	x.setVars(vars)
}

// hand puts a result where `output` says, or into the body.
func (x *execution) hand(ctx context.Context, h *head, v any) error {
	switch {
	case h.output == nil:
		x.setBody(v)
		return nil
	case h.output.Root() == "body":
		body, err := h.output.Set(ctx, x.env, x.here.body, v)
		if err != nil {
			return err
		}
		x.setBody(body)
		return nil
	}
	root, err := h.output.Set(ctx, x.env, x.here.vars, v)
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
		slog.String("run_id", x.in.RunID), slog.Int("step", s.index), slog.String("from", x.here.identity), slog.String("to", identity))
	x.here.identity = identity
	return nil
}

func at(err error, pos fault.Position) error {
	if e := asFault(err); e != nil {
		return e.At(pos)
	}
	return err
}

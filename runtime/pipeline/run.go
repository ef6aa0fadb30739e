package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/run"
)

// Input is one use of a plan. Only Now is required.
type Input struct {
	RunID    string
	Event    event.Event    // that started the run; its payload is not used
	Object   event.Object   // the event as expressions see it; nil = made from Event, without a payload
	Body     any            // the first body
	HasBody  bool           // false: the first body is the file's section body
	Vars     map[string]any // on top of the file's section vars
	Resume   *State         // go on there; Body, Vars and Identity come from it
	Attempt  int            // of the run, from 1; 0 is 1
	Identity string         // at the beginning; empty = iam.Anonymous
	Policy   *iam.Policy    // the rights in force; nil = those the plan was compiled with
	Instance string         // for expressions: context.instance
	Logger   *slog.Logger   // carries what identifies the run; nil = that of Deps
	Timeout  time.Duration  // for one try of a step that has no other; 0 = none
	Now      func() time.Time

	// Journal records where the run stands: after every command with an effect, before the next step
	// begins. An error ends the run. nil records nothing.
	Journal func(ctx context.Context, s State) error
}

// State is where a run stands: everything that is needed to go on.
type State struct {
	Step     int // index of the next step; the number of steps at the end
	Body     any
	Vars     map[string]any // nil at step 0: the sections vars and body were not evaluated yet
	Identity string
}

// Outcome is what a run did. After a failure the State is that of the failing step.
type Outcome struct {
	State
	Steps  []run.Step // what was executed in this attempt
	Exited bool       // ended early by the command exit
}

// execution is one run in progress.
type execution struct {
	plan   *Plan
	in     *Input
	policy *iam.Policy
	logger *slog.Logger
	env    expr.Env
	out    Outcome
	exit   bool
}

// Run executes the steps from the beginning, or from in.Resume. It returns when the last step ended, a
// step failed for good, or ctx ended. The error is a *fault.Error that names the step and its place in the
// file and keeps code and retryability of the cause; a run that ctx ended has fault.CommandCanceled.
func (p *Plan) Run(ctx context.Context, in Input) (Outcome, error) {
	x := &execution{plan: p, in: &in, policy: in.Policy, logger: in.Logger}
	if x.policy == nil {
		x.policy = p.policy
	}
	if x.logger == nil {
		x.logger = p.logger
	}
	if in.Attempt == 0 {
		in.Attempt = 1
	}
	if err := x.begin(ctx); err != nil {
		return x.out, err
	}
	for x.out.Step < len(p.steps) && !x.exit {
		s := &p.steps[x.out.Step]
		if err := x.step(ctx, s); err != nil {
			return x.out, err
		}
		x.out.Step++
		last := x.exit || x.out.Step == len(p.steps)
		skipped := x.out.Steps[len(x.out.Steps)-1].Status == run.StepSkipped
		if s.def.Spec.Effect && !skipped && !last && in.Journal != nil {
			if err := in.Journal(ctx, x.out.State); err != nil {
				return x.out, fault.Wrap(fault.CodeOf(err), err, "recording the run").WithRetry(0).In(s.where).At(s.pos)
			}
		}
	}
	x.out.Step, x.out.Exited = len(p.steps), x.exit
	return x.out, nil
}

// begin sets up what expressions see.
func (x *execution) begin(ctx context.Context) error {
	p, in := x.plan, x.in
	x.env = make(expr.Env, 8)
	x.env["headers"] = p.headers
	x.out.Steps = make([]run.Step, 0, len(p.steps))
	x.out.State = State{Body: in.Body, Identity: in.Identity}
	if in.Resume != nil {
		x.out.State = *in.Resume
		if x.out.Step < 0 || x.out.Step > len(p.steps) {
			return fault.New(fault.Internal, "the run cannot go on at step %d of %d", x.out.Step+1, len(p.steps)).At(fault.Position{File: p.file})
		}
	}
	if x.out.Identity == "" {
		x.out.Identity = iam.Anonymous
	}
	x.setBody(x.out.Body)
	if p.usesEvent {
		x.env["event"] = x.eventView()
	}
	x.setContext(nil)
	if in.Resume != nil && (x.out.Step > 0 || x.out.Vars != nil) {
		x.setVars(x.out.Vars)
		return nil
	}
	vars, err := x.firstVars(ctx)
	if err != nil {
		return err
	}
	if !in.HasBody {
		body, err := p.body.eval(ctx, x.env)
		if err != nil {
			return err
		}
		x.setBody(body)
	}
	x.setVars(vars)
	return nil
}

// firstVars evaluates the section vars in its order; each may use those above it.
func (x *execution) firstVars(ctx context.Context) (map[string]any, error) {
	vars := make(map[string]any, len(x.plan.vars)+len(x.in.Vars))
	maps.Copy(vars, x.in.Vars)
	x.env["vars"] = vars
	for _, v := range x.plan.vars {
		if _, given := x.in.Vars[v.name]; given {
			continue
		}
		value, err := v.value.eval(ctx, x.env)
		if err != nil {
			return nil, err
		}
		vars = maps.Clone(vars) // the value may be the map itself
		vars[v.name] = value
		x.env["vars"] = vars
	}
	return vars, nil
}

func (x *execution) setBody(body any) {
	x.out.Body = body
	x.env["body"] = event.View(body)
}

// setVars replaces the variables; a map that a step has seen is never changed.
func (x *execution) setVars(vars map[string]any) {
	if vars == nil {
		vars = map[string]any{}
	}
	x.out.Vars, x.env["vars"] = vars, vars
}

func (x *execution) eventView() any {
	if x.in.Object != nil {
		return event.View(map[string]any(x.in.Object))
	}
	e := &x.in.Event
	if e.ID == "" {
		return nil
	}
	headers := make(map[string]any, len(e.Headers))
	for name, v := range e.Headers {
		headers[name] = v
	}
	return event.View(map[string]any{
		"id": e.ID, "eventKey": e.Key, "namespace": e.Namespace, "time": e.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00"),
		"traceId": e.TraceID, "correlationId": e.CorrelationID, "async": e.Async, "hops": e.Hops, "headers": headers, "payload": nil,
	})
}

// setContext shows an expression where it stands. Each step has its own map, because a value that a step
// has seen is never changed; files that never say "context" do without.
func (x *execution) setContext(s *step) {
	if !x.plan.usesContext {
		return
	}
	c := map[string]any{
		"pipeline": x.plan.name, "run": x.in.RunID, "identity": x.out.Identity, "attempt": x.in.Attempt, "instance": x.in.Instance,
	}
	if s != nil {
		c["step"] = s.index
		if s.id != "" {
			c["stepId"] = s.id
		}
	}
	x.env["context"] = c
}

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
	e := x.explain(s, err)
	rec.Code, rec.Message = string(e.Code), e.In("").At(fault.Position{}).Error()
	if e.Code == fault.CommandCanceled || s.policy.action == actThrow {
		rec.Status = run.StepFailed
		x.out.Steps = append(x.out.Steps, rec)
		return e
	}
	rec.Status = run.StepIgnored
	x.out.Steps = append(x.out.Steps, rec)
	level := slog.LevelWarn
	if s.policy.action == actLog {
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
		err := x.try(ctx, s)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return canceled()
		}
		retryable, after := fault.Retryable(err)
		wait := max(s.policy.wait, after)
		if !retryable || rec.Attempt > s.policy.repeats || wait > maxWait {
			return err
		}
		if !sleep(ctx, wait) {
			return canceled()
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

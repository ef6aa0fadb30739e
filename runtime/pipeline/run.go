package pipeline

import (
	"context"
	"log/slog"
	"maps"
	"time"

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
		if ctx.Err() != nil {
			err = canceled()
		}
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

// restore takes back what a step did that failed in the end, so that it may be tried again or passed over.
func (x *execution) restore(before State) {
	x.exit, x.out.Identity = false, before.Identity
	x.setBody(before.Body)
	x.setVars(before.Vars)
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

package pipeline

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"github.com/penstock/penstock/runtime/fault"
)

// callCommand is the right that running another pipeline takes, whatever the spelling.
const callCommand = "pipeline.run"

// called names a pipeline that another one runs. The name is always written out: what an event carries
// must not choose what is executed.
type called struct {
	name string
	pos  fault.Position
}

// pipelineRun is the body of pipeline.run and of a call.
type pipelineRun struct {
	called
	vars, headers map[string]operand
}

func (p *pipelineRun) inside() []*list     { return nil }
func (p *pipelineRun) sound(f *frame) bool { return f.list == 0 && len(f.branches) <= 1 }

func (p *pipelineRun) exec(ctx context.Context, x *execution, b *block, f *frame) (signal, *thrown) {
	s, err := p.start(ctx, x, b)
	if err != nil {
		return goOn, x.throw(ctx, &b.head, err)
	}
	if answers, err := p.askFor(ctx, x, b, s); answers || err != nil {
		if err != nil {
			return goOn, x.throw(ctx, &b.head, err)
		}
		return goOn, nil
	}
	c, sig, t := x.callPlan(ctx, &b.head, f, p.name, s, nil)
	if c == nil {
		return goOn, t
	}
	return x.returned(ctx, c, &b.head, sig, t, true)
}

// start gives what the called pipeline begins with.
func (p *pipelineRun) start(ctx context.Context, x *execution, b *block) (s start, err error) {
	s = start{body: x.here.body, hasBody: true, identity: x.here.identity}
	if b.input != nil {
		if s.body, err = b.input.eval(ctx, x.env); err != nil {
			return s, err
		}
	}
	if s.vars, err = evalAll(ctx, x, p.vars); err != nil {
		return s, err
	}
	s.headers, err = evalAll(ctx, x, p.headers)
	return s, err
}

func evalAll(ctx context.Context, x *execution, operands map[string]operand) (map[string]any, error) {
	if len(operands) == 0 {
		return nil, nil
	}
	out := make(map[string]any, len(operands))
	for _, name := range slices.Sorted(maps.Keys(operands)) {
		v, err := operands[name].eval(ctx, x.env)
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

// callPlan executes another pipeline inside the part h, from where it stands in f or from its beginning.
// Its identity begins as the caller's and ends with it. exception is what it sees under that name.
func (x *execution) callPlan(ctx context.Context, h *head, f *frame, name string, s start, exception *thrown) (*execution, signal, *thrown) {
	if !x.policy.MayRun(x.here.identity, callCommand) {
		return nil, goOn, x.throw(ctx, h, fault.New(fault.IAMDenied, "%s may not run %s", x.here.identity, callCommand))
	}
	if err := x.tooDeep(); err != nil {
		return nil, goOn, x.throw(ctx, h, err)
	}
	if f.branches == nil {
		f.branches = make([]branch, 1)
	}
	s.resume = f.branches[0].state
	plan, err := x.find(name, s.resume)
	if err != nil {
		return nil, goOn, x.throw(ctx, h, err)
	}
	if s.resume != nil && s.resume.Version != plan.version {
		x.logger.LogAttrs(ctx, slog.LevelWarn, "a called pipeline changed while a run was inside it; it starts again from its first step",
			slog.String("pipeline", name), slog.String("run_id", x.in.RunID), slog.Int("step", h.index))
		s.resume, f.branches[0].state = nil, nil
	}
	c := x.within(&join{outer: x, frame: f}, 0, x.trace)
	defer c.giveBack()
	c.plan = plan
	c.enterCall(h, name)
	goes, err := c.begin(ctx, s)
	if err != nil {
		t := c.throw(ctx, h, err)
		t.err, t.by.Pipeline = t.err.In(""), x.plan.name // the sections of the other file are no step of it
		return nil, goOn, x.through(t, h)
	}
	if exception != nil && plan.mentions.exception {
		c.env["exception"] = x.exception(exception)
	}
	if !goes {
		x.logger.LogAttrs(ctx, slog.LevelInfo, "the header runWhen says no; nothing is run", slog.String("pipeline", name))
		return c, goOn, nil
	}
	sig, t := c.list(ctx, &plan.root)
	switch {
	case t != nil:
		f.branches[0].state = t.at
	case sig == paused:
		f.branches[0].state = c.stopped
	default:
		f.branches[0] = branch{done: true}
	}
	return c, sig, t
}

// find finds the plan; of a version that a run is inside of, if it is still there.
func (x *execution) find(name string, resume *State) (*Plan, error) {
	version := ""
	if resume != nil {
		version = resume.Version
	}
	if x.in.Plans != nil {
		if plan := x.in.Plans.Plan(name, version); plan != nil {
			return plan, nil
		}
	}
	return nil, fault.New(fault.PipelineUnknown, "there is no pipeline %q here", name).WithHint("load it beside this one")
}

// returned ends the part h whose execution inside was c: it hands the result on, or what else happened.
func (x *execution) returned(ctx context.Context, c *execution, h *head, sig signal, t *thrown, hand bool) (signal, *thrown) {
	switch {
	case t != nil:
		return goOn, x.through(t, h)
	case sig == paused:
		x.until, x.stopped = c.until, x.capture()
		return paused, nil
	case !hand:
		return goOn, nil
	}
	if err := x.hand(ctx, h, c.here.body); err != nil {
		return goOn, x.throw(ctx, h, err)
	}
	return goOn, nil
}

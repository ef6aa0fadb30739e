package pipeline

import (
	"context"
	"maps"
	"strconv"
	"sync"

	"github.com/penstock/penstock/runtime/fault"
)

// maxCalls is how deep executions may lie in each other: macros, called pipelines and branches.
const maxCalls = 16

// join is a part with executions inside. Each tells it where it stands before a step with an effect is
// recorded, so that a record always shows all branches.
type join struct {
	mu    sync.Mutex
	outer *execution
	frame *frame
}

// save records the run, with branch number slot standing at s.
func (j *join) save(ctx context.Context, slot int, s *State) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.frame.branches[slot].state = s
	return j.outer.save(ctx)
}

// within makes an execution inside this one, in the name and with the body and variables of this one. It
// shares the record of steps when nothing else runs meanwhile.
func (x *execution) within(j *join, slot int, t *trace) *execution {
	c := &execution{
		plan: x.plan, in: x.in, policy: x.policy, logger: x.logger, here: x.here, env: maps.Clone(x.env),
		path: x.path, called: x.called, runID: x.runID, calls: x.calls + 1, budget: x.budget, trace: t, recorder: x.recorder, join: j, slot: slot, due: x.due,
	}
	c.at, c.watch = &c.root, x.watch.inner()
	return c
}

// enterCall makes the execution one of a macro or a called pipeline, which the part h is.
func (x *execution) enterCall(h *head, name string) {
	path := x.path + "/" + strconv.Itoa(h.index)
	if name != "" {
		path += ":" + name
	}
	x.setPath(path)
	x.called = len(path)
}

// tooDeep is the fault of executions that lie in each other without end.
func (x *execution) tooDeep() error {
	if x.calls < maxCalls {
		return nil
	}
	return fault.New(fault.PipelineLimit, "calls nest deeper than %d", maxCalls).
		WithHint("look for pipelines that run each other in a circle")
}

// branchOf executes a list as one branch of a part, from where it stands or from its beginning, and notes
// in the branch what came of it. begin sets up what is special when the branch does begin.
func (c *execution) branchOf(ctx context.Context, l *list, begin func() error, h *head) (signal, *thrown) {
	j, b := c.join, &c.join.frame.branches[c.slot]
	defer c.giveBack()
	var err error
	if b.state != nil {
		err = c.goOnAt(b.state, l)
		c.setBody(c.here.body)
		c.setVars(c.here.vars)
	} else {
		err = begin()
	}
	if err != nil {
		return goOn, c.throw(ctx, h, err)
	}
	sig, t := c.list(ctx, l)
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case t != nil:
		b.state = t.at
	case sig == paused:
		b.state = c.stopped
	default:
		*b = branch{done: true, body: c.here.body}
	}
	return sig, t
}

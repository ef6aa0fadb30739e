package engine

import (
	"context"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/trigger"
)

// plans is a loaded set of pipelines. It never changes.
type plans struct {
	byName map[string]*lane
	index  *trigger.Index[*lane]
}

// Plan implements pipeline.Plans: every version is the present one.
func (p *plans) Plan(name, _ string) *pipeline.Plan {
	if l := p.byName[name]; l != nil {
		return l.plan
	}
	return nil
}

// lane is one pipeline with its own concurrency limit, so that a slow one holds up nobody else.
type lane struct {
	plan  *pipeline.Plan
	slots chan struct{}
}

func newPlans(set []*pipeline.Plan, perPipeline int) (*plans, error) {
	p := &plans{byName: make(map[string]*lane, len(set)), index: &trigger.Index[*lane]{}}
	for _, plan := range set {
		if _, taken := p.byName[plan.Name()]; taken {
			return nil, fault.New(fault.PipelineDuplicate, "two pipelines are called %q", plan.Name())
		}
		l := &lane{plan: plan, slots: make(chan struct{}, perPipeline)}
		p.byName[plan.Name()] = l
		if plan.Trigger() != nil {
			p.index.Add(plan.Trigger().Pattern, l)
		}
	}
	return p, nil
}

// matching lists the pipelines that listen to the event. A selector that fails counts as a match: the
// run then fails with the selector's error, so that nothing is lost in silence.
func (p *plans) matching(ctx context.Context, e event.Event, object event.Object) []match {
	var out []match
	p.index.Match(e.Key, func(l *lane) bool {
		ok, err := l.plan.Trigger().Selects(ctx, object)
		if ok || err != nil {
			out = append(out, match{l, err})
		}
		return true
	})
	return out
}

type match struct {
	lane *lane
	err  error // of the selector
}

// enter waits for a free slot; false when ctx ended first.
func (l *lane) enter(ctx context.Context) bool {
	select {
	case l.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *lane) leave() { <-l.slots }

package engine

import (
	"cmp"
	"context"
	"slices"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/trigger"
)

// plans is a loaded set of pipelines. It never changes.
type plans struct {
	byName   map[string]*lane
	events   trigger.Index[*lane] // by the keys of events
	messages trigger.Index[*lane] // by the keys of messages
	receive  bool                 // there is anything in messages
	jobs     []*lane              // by name
}

// lane is one version of a pipeline.
type lane struct {
	plan *pipeline.Plan
	*turns
}

// newPlans makes a set. What did not change since old is taken over, and so are the limits.
func newPlans(set []*pipeline.Plan, perPipeline int, old *plans) (*plans, error) {
	p := &plans{byName: make(map[string]*lane, len(set))}
	for _, plan := range set {
		if _, taken := p.byName[plan.Name()]; taken {
			return nil, fault.New(fault.PipelineDuplicate, "two pipelines are called %q", plan.Name())
		}
		l := &lane{plan: plan}
		switch before := old.byName[plan.Name()]; {
		case before == nil:
			l.turns = newTurns(perPipeline)
		case before.plan.Version() == plan.Version():
			l = before
		default:
			l.turns = before.turns
		}
		p.byName[plan.Name()] = l
		switch t := l.plan.Trigger(); {
		case t == nil:
		case t.Kind == trigger.MessageReceive:
			p.messages.Add(t.Pattern, l)
			p.receive = true
		default:
			p.events.Add(t.Pattern, l)
			if t.Kind == trigger.Job {
				p.jobs = append(p.jobs, l)
			}
		}
	}
	slices.SortFunc(p.jobs, func(a, b *lane) int { return cmp.Compare(a.plan.Name(), b.plan.Name()) })
	return p, nil
}

// matching lists the pipelines that listen to the event. A selector that fails counts as a match: the
// run then fails with the selector's error, so that nothing is lost in silence. prefix stands in front of an
// event's key in the key of its message.
func (p *plans) matching(ctx context.Context, prefix string, e event.Event, object event.Object) []match {
	var out []match
	take := func(l *lane) bool {
		ok, err := l.selects(ctx, object)
		if ok || err != nil {
			out = append(out, match{lane: l, err: err})
		}
		return true
	}
	if e.Message {
		p.messages.Match(e.Key, take)
		return out
	}
	p.events.Match(e.Key, take)
	if p.receive {
		p.messages.Match(prefix+e.Key, take)
	}
	return out
}

// selects asks the pipeline's selector; its panic is its failure, because one event must not end the process.
func (l *lane) selects(ctx context.Context, object event.Object) (ok bool, err error) {
	defer func() {
		if recover() != nil {
			ok, err = false, fault.New(fault.Internal, "the selector panicked").At(fault.Position{File: l.plan.File()})
		}
	}()
	return l.plan.Trigger().Selects(ctx, object)
}

type match struct {
	lane  *lane
	err   error   // of the selector
	first run.Run // what a run begins with that has not begun; its key is set by whoever begins it
}

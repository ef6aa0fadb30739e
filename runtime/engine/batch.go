package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/trigger"
	"github.com/penstock/penstock/runtime/value"
)

// A pipeline that takes batches gathers matching events in memory; they stay unsettled meanwhile, so that a crash loses
// nothing. A full batch is stored as an event of its own, together with a run of each member that says which batch it
// is in, in one transaction: from then on no member is gathered again. The batch's event goes the way of any event. When
// its run is over, the runs of the members end with it, again in one transaction, and the members are settled.

func (l *lane) batch() *trigger.Batch {
	if t := l.plan.Trigger(); t != nil {
		return t.Batch
	}
	return nil
}

// forBatches takes the pipelines out of matches that take the event as a member of a batch, and whose batch is not known
// yet.
func forBatches(matches []match, known map[string]run.Run, e event.Event) (others []match, gathering []*lane) {
	others = slices.DeleteFunc(matches, func(m match) bool {
		_, began := known[m.lane.plan.Name()]
		member := m.lane.batch() != nil && !began && m.err == nil && e.Batch == nil && m.first.Version == ""
		if member {
			gathering = append(gathering, m.lane)
		}
		return member
	})
	return others, gathering
}

// gather adds an event to the next batch of a pipeline, and stores what is full. shared tells that other pipelines have to
// do with the event too. It is false when the event has to be handled anew.
func (e *Engine) gather(ctx context.Context, l *lane, ev event.Event, object event.Object, data []byte, shared bool) bool {
	m := member{id: ev.ID, key: ev.Key, trace: ev.TraceID, hops: ev.Hops, shared: shared, body: data}
	if ev.Message || ev.Replay != nil { // what is replayed has a field that is for the engine alone
		body, _ := l.plan.BodyOf(ev, object)
		var err error
		if m.body, err = value.AppendJSON(nil, body); err != nil {
			e.log.Error("encoding a member of a batch", "event_id", ev.ID, "error", err)
			return false
		}
	}
	for _, members := range e.batches.add(l.plan.Name(), l.batch(), m, e.o.Now()) {
		e.form(ctx, l.plan, members)
	}
	return true
}

// batchLoop stores batches that were not filled in time.
func (e *Engine) batchLoop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-e.batches.wake:
		}
		full, wait := e.batches.due(e.o.Now())
		for name, members := range full {
			if l := e.plans.Load().byName[name]; l != nil && l.batch() != nil {
				e.form(ctx, l.plan, members)
			} else {
				e.handleAnew(name, members)
			}
		}
		if wait >= 0 {
			timer.Reset(max(wait, time.Millisecond))
		}
	}
}

// regather gives back what pipelines gathered that take no batches any more.
func (e *Engine) regather() {
	p := e.plans.Load()
	for _, name := range e.batches.names() {
		if l := p.byName[name]; l == nil || l.batch() == nil {
			e.handleAnew(name, e.batches.takeAll(name))
		}
	}
}

// handleAnew has gathered events handled as if they had just come.
func (e *Engine) handleAnew(name string, members []member) {
	e.batches.forget(name, members)
	for _, m := range members {
		e.window.revisit(m.id)
	}
}

// form stores a batch and sends its event on its way.
func (e *Engine) form(ctx context.Context, plan *pipeline.Plan, members []member) {
	batch := e.batchOf(plan, members)
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	if err := e.store.Save(keep, store.Change{Form: batch}); err != nil {
		if !errors.Is(err, store.ErrFinished) { // else another process has one of them
			e.held.Store(true)
			e.log.Error("storing a batch; it is tried again", "pipeline", plan.Name(), "events", len(members), "error", err)
		}
		e.handleAnew(plan.Name(), members)
		return
	}
	e.batches.forget(plan.Name(), members)
	e.emitter.hand(batch.Event)
}

// batchOf makes the event of a batch and the runs of its members.
func (e *Engine) batchOf(plan *pipeline.Plan, members []member) *store.Batch {
	slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.id, b.id) }) // as they came, to the millisecond
	now := e.o.Now()
	ev := event.New(event.BatchKey, now)
	ev.Message, ev.Namespace, ev.TraceID = true, e.o.Namespace, members[0].trace
	ev.Batch = &event.Batch{Pipeline: plan.Name(), Members: make([]string, len(members))}
	ev.Payload = append(ev.Payload, '[')
	runs := make([]run.Run, len(members))
	for i, m := range members {
		if i > 0 {
			ev.Payload = append(ev.Payload, ',')
		}
		ev.Payload = append(ev.Payload, m.body...)
		ev.Hops = max(ev.Hops, m.hops)
		ev.Batch.Members[i] = m.id
		if m.shared {
			ev.Batch.Shared = append(ev.Batch.Shared, m.id)
		}
		runs[i] = run.Run{
			EventID: m.id, EventKey: m.key, Pipeline: plan.Name(), Version: plan.Version(), Status: run.Batched, Started: now, Closed: ev.ID,
		}
	}
	ev.Payload = append(ev.Payload, ']')
	return &store.Batch{Event: ev, Runs: runs}
}

// batchEnd is what ends with the run of a batch.
type batchEnd struct {
	members []string // all of them
	alone   []string // have to do with no other pipeline, and are settled with the batch
	shared  []string
}

// endsWith gives the members of the batch whose run r is; none for any other run, and for one that repeats a batch.
func (e *Engine) endsWith(ctx context.Context, r *run.Run) (batchEnd, error) {
	if r.EventKey != event.BatchKey || !r.Status.Final() {
		return batchEnd{}, nil
	}
	kept, err := e.store.Event(ctx, r.EventID)
	if err != nil {
		return batchEnd{}, err
	}
	ev, _, err := event.Unmarshal(kept.Data)
	if err != nil || ev.Batch == nil || ev.ReplayOf != "" {
		return batchEnd{}, err
	}
	out := batchEnd{members: ev.Batch.Members, shared: ev.Batch.Shared, alone: ev.Batch.Members}
	if len(out.shared) > 0 {
		out.alone = slices.DeleteFunc(slices.Clone(out.members), func(id string) bool { return slices.Contains(out.shared, id) })
	}
	return out, nil
}

// release lets go of the members of a batch whose run is over. Those that other pipelines have to do with are looked at
// once more: what has no other run to wait for is settled.
func (e *Engine) release(b batchEnd) {
	for _, id := range b.alone {
		e.window.settledElsewhere(id)
	}
	e.settleMembers(b.shared)
}

// settlingAtOnce is how many members of a batch are looked at at the same time.
const settlingAtOnce = 16

// settleMembers looks at events whose batch is over.
func (e *Engine) settleMembers(ids []string) {
	next := make(chan string, len(ids))
	for _, id := range ids {
		next <- id
	}
	close(next)
	for range min(settlingAtOnce, len(ids)) {
		e.busy.Go(func() {
			for id := range next {
				if e.work.Err() == nil {
					e.settleMember(id)
				}
			}
		})
	}
}

func (e *Engine) settleMember(id string) {
	if !e.window.retake(id) {
		return
	}
	ev, err := e.store.Event(e.work, id)
	if err != nil {
		e.log.Error("reading a member of a batch; it is looked at again", "event_id", id, "code", fault.CodeOf(err), "error", err)
		e.window.revisit(id)
		return
	}
	e.handle(e.work, id, ev.Data)
}

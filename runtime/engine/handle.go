package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// handle brings one event as far as it can be brought now: every matching pipeline that is not finished
// and not waiting for a later attempt gets its run, then the event is settled, parked until the next
// attempt, or left to the sweep when something kept its outcome from being recorded.
func (e *Engine) handle(ctx context.Context, id string, data []byte) {
	fresh, ok := e.window.begin(id)
	if !ok {
		return
	}
	switch e.process(ctx, data, fresh) {
	case settled:
		e.window.leave(id)
	case waiting:
		e.window.park(id)
	case interrupted:
		e.window.leave(id)
		e.window.rescan()
	}
}

type outcome int

const (
	settled outcome = iota
	waiting
	interrupted
)

func (e *Engine) process(ctx context.Context, data []byte, fresh bool) outcome {
	ev, object, err := event.Unmarshal(data)
	if err != nil {
		e.log.Error("a message is not an event and is dropped", "code", fault.CodeOf(err), "error", err)
		return settled
	}
	known := map[string]run.Run{}
	if !fresh {
		runs, err := e.store.RunsOf(ctx, ev.ID)
		if err != nil {
			e.log.Error("reading the runs of an event; it is tried again", "event_id", ev.ID, "error", err)
			return interrupted
		}
		for _, r := range runs {
			known[r.Pipeline] = r
		}
	}
	if ev.Parked != "" {
		return e.park(ctx, ev, known)
	}
	p := e.plans.Load()
	var matches []match
	if ev.Replay == nil && ev.Batch == nil {
		matches = p.matching(ctx, e.emitter.prefix, ev, object)
	} else if matches, err = e.replayed(ctx, p, ev, known); err != nil {
		e.log.Error("reading what is replayed; it is tried again", "event_id", ev.ID, "error", err)
		return interrupted
	}
	matches, gathering := forBatches(matches, known, ev)
	jobs, wait, err := e.jobs(ctx, p, matches, known, ev, object)
	if err != nil {
		e.log.Error("reading the versions that runs began with; it is tried again", "event_id", ev.ID, "error", err)
		return interrupted
	}
	shared := wait || len(gathering)+len(jobs)+len(known) > 1
	for _, l := range gathering {
		wait = true
		if !e.gather(ctx, l, ev, object, data, shared) {
			return interrupted
		}
	}

	// The common case, one run and nothing else to wait for, settles in the same transaction.
	alone := len(jobs) == 1 && !wait
	results := make([]outcome, len(jobs))
	var group sync.WaitGroup
	for i, j := range jobs {
		if i == len(jobs)-1 {
			results[i] = e.attempt(ctx, j, alone)
			break
		}
		group.Go(func() { results[i] = e.attempt(ctx, j, false) })
	}
	group.Wait()
	for _, r := range results {
		if r == interrupted {
			return interrupted
		}
		wait = wait || r == waiting
	}
	switch {
	case wait:
		return waiting
	case alone:
		return settled
	}
	if err := e.store.Save(ctx, store.Change{Settle: ev.ID, At: e.o.Now()}); err != nil {
		e.held.Store(true)
		e.log.Error("settling an event; it is tried again", "event_id", ev.ID, "error", err)
		return interrupted
	}
	return settled
}

// park records an event that no pipeline may run for as a dead letter.
func (e *Engine) park(ctx context.Context, ev event.Event, known map[string]run.Run) outcome {
	if _, again := known[ParkedPipeline]; again {
		return settled
	}
	now := e.o.Now()
	return e.record(ctx, &run.Run{
		EventID: ev.ID, EventKey: ev.Key, Pipeline: ParkedPipeline, Status: run.Dead, Started: now, Ended: now,
		Code: string(fault.EventParked), Message: ev.Parked,
	}, true)
}

// job is one run that is due.
type job struct {
	lane   *lane  // nil when the pipeline is gone
	set    *plans // that the lane was loaded with
	event  event.Event
	object event.Object
	run    run.Run
	fail   error // known before the run begins
}

// jobs lists the runs that are due now; wait tells that others wait for a later attempt, or for their batch.
func (e *Engine) jobs(ctx context.Context, p *plans, matches []match, known map[string]run.Run, ev event.Event, object event.Object) (due []job, wait bool, err error) {
	now := e.o.Now()
	for _, m := range matches {
		r, began := known[m.lane.plan.Name()]
		delete(known, m.lane.plan.Name())
		switch {
		case began && r.Status.Final():
			continue
		case began && (r.Status == run.Batched || r.Status == run.Waiting && r.NextAt.After(now)):
			wait = true
			continue
		case !began:
			r = m.first
			r.EventID, r.EventKey, r.Pipeline, r.Started = ev.ID, ev.Key, m.lane.plan.Name(), now
		}
		j := job{lane: m.lane, set: p, event: ev, object: object, run: r, fail: m.err}
		if j.fail == nil {
			if j.lane, j.set, err = e.began(ctx, p, r.Pipeline, r.Version); err != nil {
				return nil, false, err
			}
		}
		due = append(due, j)
	}
	// What is left in known belongs to pipelines that no longer listen to this event.
	for name, r := range known {
		if r.Status.Final() {
			continue
		}
		if r.Status == run.Batched {
			wait = true
			continue
		}
		j := job{event: ev, object: object, run: r}
		if j.lane, j.set, err = e.began(ctx, p, name, r.Version); err != nil {
			return nil, false, err
		}
		if j.lane == nil {
			j.fail = fault.New(fault.PipelineInvalid, "the pipeline %q is no longer loaded", name).
				WithHint("load it again, then replay the run")
		}
		due = append(due, j)
	}
	return due, wait, nil
}

// record saves a run that ended or paused, and settles its event when asked to.
func (e *Engine) record(ctx context.Context, r *run.Run, settle bool) outcome {
	batch, err := e.endsWith(ctx, r)
	if err != nil {
		e.held.Store(true)
		e.log.Error("reading the members of a batch; it is tried again", "event_id", r.EventID, "pipeline", r.Pipeline, "error", err)
		return interrupted
	}
	change := store.Change{Run: r, At: e.o.Now(), Members: batch.members, Settles: batch.alone}
	if settle && r.Status.Final() {
		change.Settle = r.EventID
	}
	err = e.store.Save(ctx, change)
	if errors.Is(err, store.ErrFinished) { // cancelled meanwhile; what the store says holds
		e.log.Info("a run was ended by somebody else", "event_id", r.EventID, "pipeline", r.Pipeline)
		return interrupted
	}
	if err != nil {
		e.held.Store(true)
		e.log.Error("recording a run; it is tried again", "event_id", r.EventID, "pipeline", r.Pipeline, "error", err)
		return interrupted
	}
	e.tell(r, nil)
	if r.Status.Final() {
		e.release(batch)
		return settled
	}
	return waiting
}

// tell has followers learn of a run; l says where it stands, nil does not.
func (e *Engine) tell(r *run.Run, l *lane) {
	switch {
	case !e.updates.wanted.Load():
	case l == nil:
		e.updates.add(e.o.Now(), r, nil)
	default:
		e.updates.add(e.o.Now(), r, l.plan)
	}
}

// saveTimeout bounds the recording of an outcome that is worth keeping although the engine stops.
const saveTimeout = 5 * time.Second

package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// underway knows the attempts that this process makes now. The zero value is empty.
type underway struct {
	mu   sync.Mutex
	runs map[string]attempt // by run id
}

type attempt struct {
	run    run.Run // as it was before
	cancel context.CancelFunc
}

func (u *underway) add(id string, a attempt) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.runs == nil {
		u.runs = map[string]attempt{}
	}
	u.runs[id] = a
}

func (u *underway) remove(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.runs, id)
}

func (u *underway) find(id string) (attempt, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	a, ok := u.runs[id]
	return a, ok
}

// attempt executes a job so that a person can cancel it, and keeps its version for the next attempt.
func (e *Engine) attempt(ctx context.Context, j job, alone bool) outcome {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	id := j.run.ID()
	now := attempt{run: j.run, cancel: cancel}
	if now.run.Version == "" && j.lane != nil {
		now.run.Version = j.lane.plan.Version()
	}
	e.underway.add(id, now)
	defer e.underway.remove(id)
	if e.updates.wanted.Load() {
		begun := begun(j.run)
		e.tell(&begun, j.lane)
	}
	out := e.execute(ctx, j, alone)
	if out != settled {
		e.retain(j)
	}
	return out
}

// begun is a run whose attempt has begun.
func begun(r run.Run) run.Run {
	if !behindWait(r) {
		r.Attempt++
	}
	r.Status, r.NextAt = run.Running, time.Time{}
	return r
}

// Running lists the runs that this process executes now, those that began first in front, without payloads.
// The store need not know of a run in its first attempt.
func (e *Engine) Running() []run.Run {
	e.underway.mu.Lock()
	defer e.underway.mu.Unlock()
	out := make([]run.Run, 0, len(e.underway.runs))
	for _, a := range e.underway.runs {
		r := begun(a.run)
		r.Body, r.Vars, r.Position, r.Steps = nil, nil, nil, nil
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b run.Run) int {
		return cmp.Or(a.Started.Compare(b.Started), strings.Compare(a.ID(), b.ID()))
	})
	return out
}

// Cancel ends a run that is not over: it is recorded as cancelled, and an attempt that this process makes
// is stopped at its next chance; one of another process ends when it next records something. The errors
// carry fault.RunUnknown or fault.RunFinal, or are the store's.
func (e *Engine) Cancel(ctx context.Context, eventID, pipeline string) (run.Run, error) {
	id := run.ID(eventID, pipeline)
	now, running := e.underway.find(id)
	r, err := e.store.Run(ctx, eventID, pipeline)
	switch {
	case errors.Is(err, store.ErrNotFound) && running:
		r = now.run // nothing of it was worth recording yet
	case errors.Is(err, store.ErrNotFound):
		return run.Run{}, unknownRun(id)
	case err != nil:
		return run.Run{}, err
	}
	if r.Status == run.Batched {
		return run.Run{}, fault.New(fault.RunFinal, "the event is a member of a batch").
			WithHint("cancel the run %s", run.ID(r.Closed, pipeline))
	}
	var batch batchEnd
	if !r.Status.Final() {
		r.Status, r.Ended = run.Cancelled, e.o.Now()
		r.NextAt = time.Time{}
		r.Code, r.Message = string(fault.CommandCanceled), "a person cancelled the run"
		if batch, err = e.endsWith(ctx, &r); err == nil {
			err = e.store.Save(ctx, store.Change{Run: &r, At: e.o.Now(), Members: batch.members, Settles: batch.alone})
		}
	} else {
		err = store.ErrFinished
	}
	switch {
	case errors.Is(err, store.ErrFinished):
		return run.Run{}, fault.New(fault.RunFinal, "the run %s is over", id)
	case err != nil:
		return run.Run{}, err
	}
	e.tell(&r, nil)
	if running {
		now.cancel()
	}
	e.window.revisit(eventID)
	for _, id := range batch.alone {
		e.window.settledElsewhere(id)
	}
	for _, id := range batch.shared {
		e.window.revisit(id)
	}
	return r, nil
}

func unknownRun(id string) error { return fault.New(fault.RunUnknown, "there is no run %s", id) }

package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// turns is the limit of runs at once, one for all versions of a pipeline. A run that waits for its turn keeps its
// event on its way, of which there are only so many; so it waits here for a short time only. A pipeline for
// which that was not enough is behind: its other runs wait in the store, where they hold up nobody, and are taken from
// there as there is room.
type turns struct {
	slots  chan struct{}
	behind atomic.Bool
}

// patience is how long a run waits for its turn in memory.
const patience = time.Second

func newTurns(most int) *turns { return &turns{slots: make(chan struct{}, most)} }

// entry says how an attempt to enter ended.
type entry int

const (
	entered entry = iota
	full          // wait in the store
	stopped       // ctx ended
)

// enter waits for a turn. kept tells that the run waits in the store already: it takes a turn that is free, and is
// left there otherwise.
func (t *turns) enter(ctx context.Context, kept bool) entry {
	if kept || !t.behind.Load() {
		select {
		case t.slots <- struct{}{}:
			return entered
		default:
		}
	}
	if kept || t.behind.Load() {
		return full
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case t.slots <- struct{}{}:
		return entered
	case <-ctx.Done():
		return stopped
	case <-timer.C:
		return full
	}
}

// await waits for a turn as long as it takes, for a caller who waits himself; false when ctx ended first.
func (t *turns) await(ctx context.Context) bool {
	select {
	case t.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// free is how many runs may begin now.
func (t *turns) free() int { return cap(t.slots) - len(t.slots) }

// lagging knows the pipelines that are behind, also those that are no longer loaded.
type lagging struct {
	mu     sync.Mutex
	byName map[string]*turns
}

func (l *lagging) add(name string, t *turns) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.behind.Store(true)
	l.byName[name] = t
}

func (l *lagging) remove(name string, t *turns) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.behind.Store(false)
	delete(l.byName, name)
}

// room gives how many runs each pipeline that is behind may begin now.
func (l *lagging) room() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]int{}
	for name, t := range l.byName {
		if n := t.free(); n > 0 {
			out[name] = n
		}
	}
	return out
}

func (l *lagging) find(name string) *turns {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byName[name]
}

// queue has a run wait for its turn in the store. r is what it will begin with, where it does not wait there already.
func (e *Engine) queue(ctx context.Context, j job, r run.Run) outcome {
	name := j.lane.plan.Name()
	e.lagging.add(name, j.lane.turns)
	switch {
	case j.run.Status != run.Waiting:
		r.Status, r.Code, r.Message = run.Waiting, "", ""
	case j.run.NextAt.IsZero():
		return waiting
	default: // an attempt that is due, or the end of a wait
		r = j.run
	}
	r.NextAt = time.Time{}
	out := e.record(context.WithoutCancel(ctx), &r, false)
	e.lagging.add(name, j.lane.turns) // who looked in between found nothing and took it for caught up
	e.signalTurn()
	return out
}

// leave ends a turn, and has the next ones begin that wait in the store.
func (e *Engine) leave(l *lane) {
	<-l.slots
	if l.behind.Load() {
		e.signalTurn()
	}
}

func (e *Engine) signalTurn() {
	select {
	case e.turn <- struct{}{}:
	default:
	}
}

// nextTurns takes up what waits for a turn, for each pipeline as much as it has room for.
func (e *Engine) nextTurns(ctx context.Context) {
	for name, room := range e.lagging.room() {
		t := e.lagging.find(name)
		if t != nil && e.takeUp(ctx, store.DueQuery{Turn: name, Limit: room}) < room {
			e.lagging.remove(name, t)
		}
	}
}

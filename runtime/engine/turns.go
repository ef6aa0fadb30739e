package engine

import (
	"context"
	"sync/atomic"
	"time"
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
		t.behind.Store(true)
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
		t.behind.Store(true)
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

// leave ends a turn and reports whether runs wait for it in the store.
func (t *turns) leave() (awaited bool) {
	<-t.slots
	return t.behind.Load()
}

// free is how many runs may begin now.
func (t *turns) free() int { return cap(t.slots) - len(t.slots) }

package engine

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/store"
)

// sweepLoop publishes what is accepted, unsettled and not on its way: after a start, after a failed
// publish, and what found the window full.
func (e *Engine) sweepLoop(ctx context.Context) {
	every(ctx, e.o.Poll, e.window.wake, func() { e.sweep(ctx) })
}

func (e *Engine) sweep(ctx context.Context) {
	if !e.mayRepeat() {
		return
	}
	from, behind := e.window.next()
	if !behind {
		return
	}
	const page = 256
	for {
		events, err := e.store.Unsettled(ctx, from, page)
		if err != nil {
			e.log.Error("looking for unsettled events; it is tried again", "error", err)
			e.window.swept(from, true)
			return
		}
		for _, ev := range events {
			if moving, _ := e.window.load(); moving >= e.window.size {
				e.window.swept(from, true)
				return
			}
			if e.window.enter(ev.ID, false) {
				e.emitter.publish(ev.ID, e.emitter.keptKey(ev), ev.Data)
			}
			from = ev.Seq
		}
		e.window.swept(from, false)
		if len(events) < page || ctx.Err() != nil {
			return
		}
	}
}

// retryLoop takes up runs whose next attempt or turn is due.
func (e *Engine) retryLoop(ctx context.Context) {
	tick := time.NewTicker(e.o.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.turn:
			if e.mayRepeat() {
				e.nextTurns(ctx)
			}
		case <-tick.C:
			if e.mayRepeat() {
				e.nextTurns(ctx)
				e.takeUp(ctx, store.DueQuery{Limit: 256})
			}
		}
	}
}

// takeUp handles events with runs that are due, and gives the number of those runs.
func (e *Engine) takeUp(ctx context.Context, q store.DueQuery) int {
	q.Now = e.o.Now()
	due, err := e.store.Due(ctx, q)
	if err != nil {
		e.log.Error("looking for due runs; it is tried again", "error", err)
		return q.Limit
	}
	seen := map[string]bool{}
	for _, r := range due {
		if seen[r.EventID] {
			continue
		}
		seen[r.EventID] = true
		ev, err := e.store.Event(ctx, r.EventID)
		if err != nil {
			e.log.Error("reading the event of a due run", "event_id", r.EventID, "error", err)
			continue
		}
		e.busy.Go(func() { e.handle(e.work, ev.ID, ev.Data) })
	}
	return len(due)
}

// pruneLoop forgets what is past its time.
func (e *Engine) pruneLoop(ctx context.Context) {
	every(ctx, time.Minute, nil, func() {
		now := e.o.Now()
		n, err := e.store.Prune(ctx, store.Prune{SettledBefore: now.Add(-e.o.Retention), Now: now, MaxRejects: e.o.MaxRejects})
		if err != nil && ctx.Err() == nil {
			e.log.Warn("pruning the store; it is tried again", "error", err)
		}
		e.retire(ctx)
		e.pruneVersions(ctx, now)
		if n > 0 {
			e.log.Info("pruned the store", "rows", n)
		}
	})
}

package engine

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
)

const (
	mostUpdates = 1024            // that are kept for followers who ask late
	forgetAfter = 2 * time.Minute // without anybody asking, news is no longer collected
)

// updates tells followers what happens to runs, without asking the store. Nothing is collected while nobody
// follows. The zero value is ready.
type updates struct {
	wanted atomic.Bool // somebody has asked lately

	mu    sync.Mutex
	asked time.Time
	last  int64 // number of the newest
	ring  []run.Update
	more  chan struct{} // closed when the next one comes; nil = nobody waits
}

// add tells of a run; plan may be nil.
func (u *updates) add(now time.Time, r *run.Run, plan *pipeline.Plan) {
	if !u.wanted.Load() {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.last++ // also when it is not kept, so that a follower learns of the gap
	if now.Sub(u.asked) > forgetAfter {
		u.wanted.Store(false)
		u.ring = nil
		return
	}
	n := run.Update{Number: u.last, Time: now, Run: *r}
	n.Run.Body, n.Run.Vars, n.Run.Position, n.Run.Steps = nil, nil, nil, nil
	if plan != nil && !r.Status.Final() {
		n.Step = stepAt(plan, r.StepIndex)
	}
	if len(u.ring) >= mostUpdates {
		u.ring = append(u.ring[:0:0], u.ring[mostUpdates/2:]...)
	}
	u.ring = append(u.ring, n)
	if u.more != nil {
		close(u.more)
		u.more = nil
	}
}

// since gives the news after the given number, and the number of the newest. missed tells that there was
// some that is no longer kept. wait is closed when there is more.
func (u *updates) since(now time.Time, after int64) (news []run.Update, last int64, missed bool, wait <-chan struct{}) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asked = now
	u.wanted.Store(true)
	first := u.last - int64(len(u.ring)) // before the oldest one that is kept
	switch {
	case after < 0 || after > u.last: // from another start of the server
		return nil, u.last, after >= 0, nil
	case after < first:
		news, missed = u.ring, true
	default:
		news = u.ring[after-first:]
	}
	if len(news) == 0 {
		if u.more == nil {
			u.more = make(chan struct{})
		}
		wait = u.more
	}
	return append([]run.Update(nil), news...), u.last, missed, wait
}

// Updates gives what happened to runs of this process after the update with the given number, in its order;
// when there is nothing yet it waits for something until ctx ends, which is no error. A negative number
// begins: it gives nothing but the number to go on with. missed tells that the caller was away for too long,
// or the process began anew, and has to look at the store.
func (e *Engine) Updates(ctx context.Context, after int64) (news []run.Update, last int64, missed bool) {
	for {
		news, last, missed, wait := e.updates.since(e.o.Now(), after)
		if after < 0 || missed || len(news) > 0 {
			return news, last, missed
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, last, false
		}
	}
}

// stepAt names a step of the pipeline's own list as people number it.
func stepAt(plan *pipeline.Plan, index int) string {
	steps := topSteps(plan)
	if index < 0 || index >= len(steps) {
		return ""
	}
	return fmt.Sprintf("%d (%s)", steps[index].Index+1, steps[index].Command)
}

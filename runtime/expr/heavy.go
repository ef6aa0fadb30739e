package expr

import (
	"context"
	"runtime"
	"time"
)

// An evaluation that takes more than heavySteps is heavy. Only so many are at work at once that one processor is
// left to all else, and those rest every so often: else one expression that computes until its limit, in many
// runs at once, would take every processor for milliseconds at a time from runs that have little to do. Giving way
// without rest is not enough, because a processor that always has work does not look at what others cannot get to.
const (
	heavySteps = 8 * pauseEvery
	restEvery  = 4 * pauseEvery
	rest       = 100 * time.Microsecond
)

func heavySlots() chan struct{} { return make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)) }

// giveWay waits for a slot, and rests. None of that is counted as time of the evaluation.
func (st *state) giveWay(ctx context.Context) error {
	if st.heavy && st.steps < st.rested+restEvery {
		return nil
	}
	began := st.lang.options.Now()
	if !st.heavy {
		select {
		case st.lang.heavy <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		st.heavy = true
	}
	st.rested = st.steps
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	if !st.began.IsZero() {
		st.began = st.began.Add(st.lang.options.Now().Sub(began))
	}
	return nil
}

// lighten gives the slot back, at the end and while the evaluation waits for the world.
func (st *state) lighten() {
	if st.heavy {
		st.heavy = false
		<-st.lang.heavy
	}
}

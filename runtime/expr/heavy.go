package expr

import (
	"context"
	"runtime"
)

// An evaluation that goes on for longer than heavySteps is heavy. Only so many are at work at once that one
// processor is left to all else, and those give way often: else one expression that computes until its limit,
// in many runs at once, would take every processor for milliseconds at a time from runs that have little to do.
const heavySteps = 8 * pauseEvery

func heavySlots() chan struct{} { return make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)) }

// giveWay lets others have the processor, and first waits for a slot. The wait is not counted as time of the
// evaluation.
func (st *state) giveWay(ctx context.Context) error {
	if !st.heavy {
		began := st.lang.options.Now()
		select {
		case st.lang.heavy <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		st.heavy = true
		if !st.began.IsZero() {
			st.began = st.began.Add(st.lang.options.Now().Sub(began))
		}
	}
	runtime.Gosched()
	return nil
}

// lighten gives the slot back, at the end and while the evaluation waits for the world.
func (st *state) lighten() {
	if st.heavy {
		st.heavy = false
		<-st.lang.heavy
	}
}

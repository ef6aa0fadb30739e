package limit

import (
	"math"
	"sync/atomic"
	"time"
)

// Rate lets a number of calls through per second, and a burst of them at once. It may be used from many
// goroutines and takes no lock. A nil Rate lets everything through.
type Rate struct {
	interval int64        // nanoseconds that one call takes up
	slack    int64        // how far ahead of the time calls may be
	free     atomic.Int64 // Unix nanoseconds at which everything is given back
}

// NewRate makes a Rate. A burst below 1 is one second's worth, 1 at least. A perSecond of 0 or less is no
// limit, which is nil.
func NewRate(perSecond float64, burst int) *Rate {
	if !(perSecond > 0) {
		return nil
	}
	if burst < 1 {
		burst = int(max(1, min(perSecond, math.MaxInt32)))
	}
	const longest = float64(24 * time.Hour) // one call a day is the lowest rate
	interval := int64(max(1, min(longest, float64(time.Second)/perSecond)))
	slack := int64(math.MaxInt64 / 4)
	if int64(burst-1) < slack/interval {
		slack = interval * int64(burst-1)
	}
	return &Rate{interval: interval, slack: slack}
}

// Take takes one call. The wait is 0 when it was taken, else how long until there is one again.
func (r *Rate) Take(now time.Time) (wait time.Duration) {
	if r == nil {
		return 0
	}
	at := now.UnixNano()
	for {
		old := r.free.Load()
		next := max(old, at)
		if ahead := next - at; ahead > r.slack {
			return time.Duration(ahead - r.slack)
		}
		if r.free.CompareAndSwap(old, next+r.interval) {
			return 0
		}
	}
}

// Return gives back a call that was taken.
func (r *Rate) Return() {
	if r != nil {
		r.free.Add(-r.interval)
	}
}

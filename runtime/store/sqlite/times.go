package sqlite

import (
	"math"
	"time"
)

// open stands in events.settled while the event is not settled.
const open = math.MinInt64

func toMicros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 || us == open {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

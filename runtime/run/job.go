package run

import "time"

// Job is a pipeline that starts at certain times, for listings.
type Job struct {
	Pipeline string
	Schedule string        // as it is written
	Cron     string        // what it means in five fields; empty for an interval
	TimeZone string        // in which the schedule is read
	Missed   string        // what becomes of times at which no process ran: skip, once or all
	Overlap  bool          // starts also while the run of the time before goes on
	Jitter   time.Duration // most by which a run may begin later
	Next     time.Time     // when it is due, in its time zone; zero = not known yet
	Last     time.Time     // for which it last fired; zero = never
	Running  bool          // the run of that time is not over
}

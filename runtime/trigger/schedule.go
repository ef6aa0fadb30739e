package trigger

import (
	"hash/fnv"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must be known on a machine that has no such files

	"github.com/penstock/penstock/runtime/fault"
)

// maxSchedule bounds the text of a schedule, in bytes.
const maxSchedule = 256

// Schedule says when a job is due: at whole minutes, again and again. It never changes and may be used from
// many goroutines.
type Schedule struct {
	text  string
	cron  string // five fields; empty for an interval
	zone  *time.Location
	every time.Duration // aligned to midnight UTC; 0 = fields
	at    fields

	// Deprecated says what is wrong with the text, which works all the same; empty = nothing.
	Deprecated string
}

// Intervals names the schedules that are words, for documentation and completion.
func Intervals() []string {
	return []string{
		"EVERY_1_MIN", "EVERY_2_MIN", "EVERY_5_MIN", "EVERY_15_MIN", "EVERY_30_MIN", "EVERY_45_MIN",
		"HOURLY", "DAILY", "WEEKLY", "MONTHLY",
	}
}

// ParseSchedule reads one of [Intervals], a cron expression with five fields, or a word such as @daily. zone is
// a name of the IANA list; empty is UTC. name is that of the pipeline: the minute of HOURLY and the time between two
// and four in the night of DAILY, WEEKLY and MONTHLY follow from it, so that many jobs do not start at once and each
// keeps its time. A schedule that is never due is refused. The errors carry fault.ScheduleInvalid.
func ParseSchedule(text, zone, name string) (*Schedule, error) {
	s := &Schedule{text: text}
	var err error
	if s.zone, err = ParseZone(zone); err != nil {
		return nil, err
	}
	if len(text) > maxSchedule {
		return nil, fault.New(fault.ScheduleInvalid, "a schedule has at most %d bytes", maxSchedule)
	}
	word := strings.ToUpper(text)
	switch word {
	case "EVERY_1_MIN":
		s.every = time.Minute
	case "EVERY_2_MIN":
		s.every, s.Deprecated = 5*time.Minute, "EVERY_2_MIN is due every five minutes: write EVERY_5_MIN"
	case "EVERY_5_MIN":
		s.every = 5 * time.Minute
	case "EVERY_15_MIN":
		s.every = 15 * time.Minute
	case "EVERY_30_MIN":
		s.every = 30 * time.Minute
	case "EVERY_45_MIN":
		s.every = 45 * time.Minute
	case "HOURLY", "DAILY", "WEEKLY", "MONTHLY":
		s.cron = spread(word, name)
	default:
		s.cron = text
	}
	if s.every > 0 {
		return s, nil
	}
	if s.at, err = parseFields(s.cron); err != nil {
		return nil, err
	}
	if s.Next(time.Unix(0, 0)).IsZero() {
		return nil, fault.New(fault.ScheduleInvalid, "the schedule %q is never due", text).WithHint("no year has such a day")
	}
	return s, nil
}

// ParseZone finds a time zone by its name in the IANA list; empty is UTC. The error carries fault.ScheduleInvalid.
func ParseZone(name string) (*time.Location, error) {
	unknown := fault.New(fault.ScheduleInvalid, "there is no time zone %q", name).WithHint("write a name such as Europe/Berlin, or UTC")
	if len(name) > 64 || strings.EqualFold(name, "local") { // what is local is another thing on each machine
		return nil, unknown
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, unknown
	}
	return zone, nil
}

// spread gives a pipeline its own time.
func spread(word, name string) string {
	h := fnv.New64a()
	h.Write([]byte(name))
	n := h.Sum64()
	take := func(most uint64) int {
		v := int(n % most)
		n /= most
		return v
	}
	minute := take(60)
	if word == "HOURLY" {
		return strconv.Itoa(minute) + " * * * *"
	}
	at := strconv.Itoa(minute) + " " + strconv.Itoa(2+take(2))
	switch word {
	case "WEEKLY":
		return at + " * * " + strconv.Itoa(take(7))
	case "MONTHLY":
		return at + " " + strconv.Itoa(1+take(28)) + " * *"
	}
	return at + " * * *"
}

// String is the schedule as it was written.
func (s *Schedule) String() string { return s.text }

// Cron is the schedule in five fields; empty for an interval that has no such form.
func (s *Schedule) Cron() string { return s.cron }

// Zone is the time zone in which it is read.
func (s *Schedule) Zone() *time.Location { return s.zone }

// Next gives the first time later than t at which the job is due, in the zone of the schedule; the zero time
// when there is none, which a parsed schedule has not.
//
// When clocks are put forward, a time that is left out counts as the moment of the change. When they are put back, a
// time that comes twice counts the first time only, unless the schedule names every hour.
func (s *Schedule) Next(t time.Time) time.Time {
	if s.every > 0 {
		past := time.Duration(t.Unix()%int64(s.every/time.Second)) * time.Second
		if past < 0 {
			past += s.every
		}
		return t.Truncate(time.Second).Add(s.every - past).In(s.zone)
	}
	if s.at.everyHour {
		return s.nextOfMany(t.In(s.zone))
	}
	// Clocks are put back by three hours at most, so that an earlier time of the day may still be to come.
	for wall := wallClock(t.In(s.zone)).Add(-3 * time.Hour); ; {
		if wall = s.at.next(wall); wall.IsZero() {
			return wall
		}
		if due := instant(wall, s.zone); due.After(t) {
			return due
		}
	}
}

// nextOfMany is Next for a schedule that names every hour: it follows the clock through every change.
func (s *Schedule) nextOfMany(t time.Time) time.Time {
	wall := wallClock(t)
	for {
		_, offset := t.Zone()
		_, change := t.ZoneBounds()
		if wall = s.at.next(wall); wall.IsZero() {
			return wall
		}
		due := wall.Add(-time.Duration(offset) * time.Second).In(s.zone)
		if change.IsZero() || due.Before(change) {
			return due
		}
		t, wall = change, wallClock(change).Add(-time.Nanosecond)
	}
}

// wallClock gives what a clock on the wall shows at t, as a time in UTC.
func wallClock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// instant gives the first moment at which a clock in the zone shows wall. Where clocks are put forward and none does,
// it is the moment of the change.
func instant(wall time.Time, zone *time.Location) time.Time {
	guess := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, zone)
	begin, end := guess.ZoneBounds()
	shows := func(near time.Time) (time.Time, bool) { // with the offset that is in force there
		_, offset := near.In(zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		return t, wallClock(t).Equal(wall)
	}
	if !begin.IsZero() {
		if t, ok := shows(begin.Add(-time.Second)); ok {
			return t
		}
	}
	switch at := wallClock(guess); {
	case at.Equal(wall):
		return guess
	case at.Before(wall): // guess lies before the change
		return end
	}
	return begin
}

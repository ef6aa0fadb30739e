package trigger

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/penstock/penstock/runtime/fault"
)

// fields is a cron expression: the n-th bit stands for the value n.
type fields struct {
	minute, hour, day, month, weekday uint64
	anyDay, anyWeekday                bool // written as *: then the other one alone decides
	everyHour                         bool
}

const (
	starBit  = 1 << 63
	allHours = 1<<24 - 1
)

// parseFields reads five fields, or one of the words with an @.
func parseFields(text string) (fields, error) {
	for _, c := range text {
		if !cronRune(c) {
			return fields{}, notCron(text, "write one of %s, or five fields as in %q; the time zone is a parameter of its own",
				strings.Join(Intervals(), ", "), "30 6 * * MON-FRI")
		}
	}
	switch n := len(strings.Fields(text)); {
	case strings.HasPrefix(strings.TrimSpace(text), "@every"):
		return fields{}, notCron(text, "an interval that begins at each start would not survive one: write EVERY_5_MIN, or \"*/10 * * * *\"")
	case n == 6 || n == 7:
		return fields{}, notCron(text, "a job is due at whole minutes: leave out the field for seconds or years")
	}
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	parsed, err := parser.Parse(strings.TrimSpace(text))
	spec, ok := parsed.(*cron.SpecSchedule)
	if err != nil || !ok {
		return fields{}, notCron(text, "write five fields: minute, hour, day of the month, month, day of the week (0 is Sunday), as in %q", "30 6 * * MON-FRI")
	}
	return fields{
		minute: spec.Minute, hour: spec.Hour, day: spec.Dom, month: spec.Month, weekday: spec.Dow,
		anyDay: spec.Dom&starBit != 0, anyWeekday: spec.Dow&starBit != 0, everyHour: spec.Hour&allHours == allHours,
	}, nil
}

func cronRune(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("*/,-?@ \t", c)
}

func notCron(text, hint string, args ...any) error {
	return fault.New(fault.ScheduleInvalid, "%q is no schedule", text).WithHint(hint, args...)
}

// longestGap bounds the search: every fourth year has a 29 February, but 2100 and its like have none.
const longestGap = 9 * 366

// next gives the first minute of a wall clock later than t that the fields name; the zero time when there is none.
func (f *fields) next(t time.Time) time.Time {
	t = t.Truncate(time.Minute).Add(time.Minute)
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	from := int(t.Sub(day) / time.Minute)
	for range longestGap {
		if f.onDay(day) {
			for hour := from / 60; hour < 24; hour++ {
				if f.hour&(1<<hour) == 0 {
					continue
				}
				for minute := max(from-hour*60, 0); minute < 60; minute++ {
					if f.minute&(1<<minute) != 0 {
						return day.Add(time.Duration(hour*60+minute) * time.Minute)
					}
				}
			}
		}
		day, from = day.AddDate(0, 0, 1), 0
	}
	return time.Time{}
}

func (f *fields) onDay(day time.Time) bool {
	if f.month&(1<<day.Month()) == 0 {
		return false
	}
	onDay, onWeekday := f.day&(1<<day.Day()) != 0, f.weekday&(1<<day.Weekday()) != 0
	if f.anyDay || f.anyWeekday {
		return onDay && onWeekday
	}
	return onDay || onWeekday
}

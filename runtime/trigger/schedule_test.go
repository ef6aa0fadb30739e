package trigger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/trigger"
)

const stamp = "2006-01-02T15:04Z07:00"

// due lists the next times behind from.
func due(t *testing.T, s *trigger.Schedule, from string, n int) []string {
	t.Helper()
	at, err := time.Parse(time.RFC3339, from)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for range n {
		at = s.Next(at)
		out = append(out, at.Format(stamp))
	}
	return out
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	const from = "2026-03-04T05:06:07Z" // a Wednesday
	for _, c := range []struct {
		text, zone string
		want       []string
	}{
		{"EVERY_1_MIN", "", []string{"2026-03-04T05:07Z", "2026-03-04T05:08Z"}},
		{"EVERY_2_MIN", "", []string{"2026-03-04T05:10Z", "2026-03-04T05:15Z"}},
		{"every_15_min", "Asia/Kolkata", []string{"2026-03-04T10:45+05:30", "2026-03-04T11:00+05:30"}},
		{"EVERY_45_MIN", "", []string{"2026-03-04T05:15Z", "2026-03-04T06:00Z", "2026-03-04T06:45Z"}},
		{"30 6 * * *", "", []string{"2026-03-04T06:30Z", "2026-03-05T06:30Z"}},
		{"30 6 * * *", "Europe/Berlin", []string{"2026-03-04T06:30+01:00", "2026-03-05T06:30+01:00"}},
		{"6 5 * * *", "", []string{"2026-03-05T05:06Z"}},
		{"7 5 * * *", "", []string{"2026-03-04T05:07Z"}},
		{"*/20 9-10 * * MON-FRI", "", []string{"2026-03-04T09:00Z", "2026-03-04T09:20Z", "2026-03-04T09:40Z", "2026-03-04T10:00Z"}},
		{"0 0 13 * 5", "", []string{"2026-03-06T00:00Z", "2026-03-13T00:00Z", "2026-03-20T00:00Z"}}, // either
		{"0 0 13 * *", "", []string{"2026-03-13T00:00Z", "2026-04-13T00:00Z"}},
		{"0 0 29 2 *", "", []string{"2028-02-29T00:00Z", "2032-02-29T00:00Z"}},
		{"0 12 31 * ?", "", []string{"2026-03-31T12:00Z", "2026-05-31T12:00Z"}},
		{"@daily", "", []string{"2026-03-05T00:00Z", "2026-03-06T00:00Z"}},
		{"@weekly", "", []string{"2026-03-08T00:00Z", "2026-03-15T00:00Z"}},
		{"@monthly", "America/New_York", []string{"2026-04-01T00:00-04:00", "2026-05-01T00:00-04:00"}},
		{"@yearly", "", []string{"2027-01-01T00:00Z"}},
		{"@hourly", "", []string{"2026-03-04T06:00Z"}},
	} {
		s, err := trigger.ParseSchedule(c.text, c.zone, "p")
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if diff := cmp.Diff(c.want, due(t, s, from, len(c.want))); diff != "" {
			t.Errorf("%s in %q: %s", c.text, c.zone, diff)
		}
		if (s.Deprecated != "") != (c.text == "EVERY_2_MIN") {
			t.Errorf("%s is deprecated: %q", c.text, s.Deprecated)
		}
	}
}

// TestScheduleOverClockChanges: Berlin goes from 2 to 3 on 29 March 2026 and from 3 back to 2 on 25 October 2026; Lord
// Howe changes by half an hour; the Samoan 30 December 2011 does not exist.
func TestScheduleOverClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, zone, from string
		want             []string
	}{
		{"30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", []string{"2026-03-28T02:30+01:00", "2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"}},
		{"*/20 2 * * *", "Europe/Berlin", "2026-03-28T23:00:00Z", []string{"2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00"}},
		{"*/30 * * * *", "Europe/Berlin", "2026-03-29T00:15:00Z", []string{"2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00"}},
		{"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"}},
		{"30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", []string{"2026-10-26T02:30+01:00"}}, // between the two
		{"*/30 * * * *", "Europe/Berlin", "2026-10-25T00:15:00Z", []string{"2026-10-25T02:30+02:00", "2026-10-25T02:00+01:00", "2026-10-25T02:30+01:00", "2026-10-25T03:00+01:00"}},
		{"0 3 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", []string{"2026-10-25T03:00+01:00"}},
		{"EVERY_30_MIN", "Europe/Berlin", "2026-10-25T00:15:00Z", []string{"2026-10-25T02:30+02:00", "2026-10-25T02:00+01:00", "2026-10-25T02:30+01:00"}},
		{"45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", []string{"2026-04-05T01:45+11:00", "2026-04-06T01:45+10:30"}},
		{"15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", []string{"2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"}},
		{"0 12 30 * *", "Pacific/Apia", "2011-12-20T00:00:00Z", []string{"2011-12-31T00:00+14:00", "2012-01-30T12:00+14:00"}},
		{"0 0 * * *", "America/Sao_Paulo", "2017-10-14T12:00:00Z", []string{"2017-10-15T01:00-02:00", "2017-10-16T00:00-02:00"}}, // the gap is at midnight
	} {
		s, err := trigger.ParseSchedule(c.text, c.zone, "p")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, due(t, s, c.from, len(c.want))); diff != "" {
			t.Errorf("%s in %s: %s", c.text, c.zone, diff)
		}
	}
}

func TestScheduleRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0 0 31 2 *":                  `the schedule "0 0 31 2 *" is never due; no year has such a day`,
		"0 0 30,31 2 *":               `the schedule "0 0 30,31 2 *" is never due; no year has such a day`,
		"0 0 31 4,6,9,11 *":           `the schedule "0 0 31 4,6,9,11 *" is never due; no year has such a day`,
		", 0 1 1 *":                   `the schedule ", 0 1 1 *" is never due; no year has such a day`,
		"0 0 6 * * *":                 `"0 0 6 * * *" is no schedule; a job is due at whole minutes: leave out the field for seconds or years`,
		"@every 5m":                   `"@every 5m" is no schedule; an interval that begins at each start would not survive one: write EVERY_5_MIN, or "*/10 * * * *"`,
		"61 * * * *":                  "is no schedule; write five fields",
		"* * *":                       "is no schedule; write five fields",
		"":                            "is no schedule; write five fields",
		"@reboot":                     "is no schedule; write five fields",
		"EVERY_3_MIN":                 "is no schedule; write one of EVERY_1_MIN",
		"TZ=Europe/Berlin":            "the time zone is a parameter of its own",
		"TZ=Europe/Berlin 0 6 * * *":  "the time zone is a parameter of its own",
		"CRON_TZ=UTC 0 6 * * *":       "the time zone is a parameter of its own",
		strings.Repeat("*", 300):      "a schedule has at most 256 bytes",
		"0 6 * * *\n":                 "is no schedule",
		"9999999999999999999 * * * *": "is no schedule",
	} {
		_, err := trigger.ParseSchedule(text, "", "p")
		if err == nil || !strings.Contains(err.Error(), want) || fault.CodeOf(err) != fault.ScheduleInvalid {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
	for _, zone := range []string{"Local", "local", "Europe/Nowhere", "../etc/passwd", "+02:00", strings.Repeat("a", 100)} {
		if _, err := trigger.ParseSchedule("HOURLY", zone, "p"); fault.CodeOf(err) != fault.ScheduleInvalid {
			t.Errorf("zone %q: %v", zone, err)
		}
	}
}

// TestScheduleSpreads: each name has its own time, always the same, and many names are spread.
func TestScheduleSpreads(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"HOURLY", "DAILY", "WEEKLY", "MONTHLY"} {
		minutes := map[int]int{}
		for i := range 600 {
			name := fmt.Sprintf("sales.lead-%d", i)
			s, err := trigger.ParseSchedule(word, "Europe/Berlin", name)
			if err != nil {
				t.Fatal(err)
			}
			again, err := trigger.ParseSchedule(word, "Europe/Berlin", name)
			if err != nil || again.Cron() != s.Cron() {
				t.Fatalf("%s has two times: %s and %s, %v", name, s.Cron(), again.Cron(), err)
			}
			next := s.Next(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
			if hour := next.Hour(); word != "HOURLY" && hour != 2 && hour != 3 {
				t.Errorf("%s of %s is due at %s", word, name, next)
			}
			minutes[next.Minute()]++
		}
		if len(minutes) != 60 {
			t.Errorf("%s: %d different minutes", word, len(minutes))
		}
		for m, n := range minutes {
			if n > 40 {
				t.Errorf("%s: %d of 600 at minute %d", word, n, m)
			}
		}
	}
}

// FuzzSchedule: what is taken is due again and again, strictly later each time; anything else is a fault.
func FuzzSchedule(f *testing.F) {
	for _, text := range append(trigger.Intervals(), "0 6 * * *", "*/7 1-5/2 ? JAN-mar MON,5", "@daily", "@every 1s", "TZ=", "CRON_TZ=x", "0 0 31 2 *", "0 0 29 2 *", ",") {
		f.Add(text, "Europe/Berlin", int64(1774746000))
		f.Add(text, "", int64(0))
	}
	f.Add("30 2 * * *", "America/New_York", int64(1793494800))
	f.Fuzz(func(t *testing.T, text, zone string, at int64) {
		s, err := trigger.ParseSchedule(text, zone, "p")
		if err != nil {
			if fault.CodeOf(err) != fault.ScheduleInvalid {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		now := time.Unix(at&(1<<33-1), 0) // 1970 to 2242
		for range 5 {
			next := s.Next(now)
			if !next.After(now) || next.Second() != 0 || next.Nanosecond() != 0 {
				t.Fatalf("%q in %q: after %s comes %s", text, zone, now, next)
			}
			now = next
		}
	})
}

func BenchmarkScheduleNext(b *testing.B) {
	for _, text := range []string{"EVERY_5_MIN", "30 6 * * MON-FRI", "0 0 29 2 *"} {
		b.Run(text, func(b *testing.B) {
			s, err := trigger.ParseSchedule(text, "Europe/Berlin", "p")
			if err != nil {
				b.Fatal(err)
			}
			now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
			b.ReportAllocs()
			for b.Loop() {
				if s.Next(now).IsZero() {
					b.Fatal("never")
				}
			}
		})
	}
}

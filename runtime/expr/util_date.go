package expr

import (
	"strconv"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

const isoFormat = "2006-01-02T15:04:05.000Z07:00"

func dateFunctions() []function {
	return []function{
		{
			name: "@date.now", params: "pattern or (zone, locale)", most: 2, changing: true, run: dateNow,
			summary: "the time now, in ISO 8601, by a Java date pattern, or in a zone", example: `@date.now('yyyy').length()`, want: `4`,
		},
		{
			name: "@date.nowIso8601", changing: true, summary: "the time now in ISO 8601",
			run:     func(st *state, _ []any) (any, error) { return st.now().Format(isoFormat), st.grow(64) },
			example: `@date.nowIso8601().contains('T')`, want: `true`,
		},
		{
			name: "@date.timestamp", changing: true, summary: "the time now in milliseconds since 1970",
			run:     func(st *state, _ []any) (any, error) { return int(st.now().UnixMilli()), nil },
			example: `@date.timestamp() > 0`, want: `true`,
		},
		{
			name: "@date.format", params: "date, [inputPattern,] pattern", least: 2, most: 3, run: dateFormat,
			summary: "a date (ISO 8601, milliseconds, or by inputPattern) by a Java date pattern",
			example: `@date.format('2026-03-09T14:05:00Z', 'dd.MM.yyyy HH:mm')`, want: `"09.03.2026 14:05"`,
		},
		{
			name: "@date.guessAndFormat", params: "date, pattern", least: 2, most: 2, run: dateGuess,
			summary: "a date in one of the usual forms, by a Java date pattern; 01/02/2026 is read day first",
			example: `@date.guessAndFormat('9.3.2026', 'yyyy-MM-dd')`, want: `"2026-03-09"`,
		},
		{
			name: "@date.year", params: "date", least: 1, most: 1,
			run: func(st *state, a []any) (any, error) {
				t, err := dateArg(st, a, 0)
				return strconv.Itoa(t.Year()), err
			},
			summary: "the year of a date, as text", example: `@date.year('2026-03-09')`, want: `"2026"`,
		},
		{
			name: "@date.isOverdue", params: "dueDate, currentDate", least: 1, most: 2, changing: true, run: dateOverdue,
			summary: "whether the due date lies before the current date, which is now unless given",
			example: `@date.isOverdue('2026-01-01', '2026-01-02')`, want: `true`,
		},
		{
			name: "@date.isExpired", params: "start, end, percent, currentDate", least: 3, most: 4, changing: true, run: dateExpired,
			summary: "whether that much of the time from start to end is over",
			example: `@date.isExpired('2026-01-01', '2026-01-11', 50, '2026-01-07')`, want: `true`,
		},
		{
			name: "@date.beginOfDay", params: "[timestamp,] days", least: 1, most: 2, changing: true, run: dateBegin(beginDay),
			summary: "milliseconds of the first moment of a day, so many days from now or the timestamp",
			example: `@date.beginOfDay(1773065100000, 1)`, want: `1773100800000`,
		},
		{
			name: "@date.beginOfWeek", params: "weekStartDay, weeks", least: 2, most: 2, changing: true, run: dateWeek,
			summary: "milliseconds of the beginning of a week, so many weeks from now; the first day is 1 for Monday to 7, or a name",
			example: `@date.beginOfWeek('MONDAY', 0) <= @date.timestamp()`, want: `true`,
		},
		{
			name: "@date.beginOfMonth", params: "[timestamp,] months", least: 1, most: 2, changing: true, run: dateBegin(beginMonth),
			summary: "milliseconds of the beginning of a month, so many months from now or the timestamp",
			example: `@date.beginOfMonth(1773065100000, 0)`, want: `1772323200000`,
		},
		{
			name: "@date.beginOfYear", params: "[timestamp,] years", least: 1, most: 2, changing: true, run: dateBegin(beginYear),
			summary: "milliseconds of the beginning of a year, so many years from now or the timestamp",
			example: `@date.beginOfYear(1773065100000, -1)`, want: `1735689600000`,
		},
	}
}

func (st *state) now() time.Time {
	return st.lang.options.Now().In(st.lang.options.Zone)
}

func dateNow(st *state, a []any) (any, error) {
	t := st.now()
	switch len(a) {
	case 0:
		return t.Format(isoFormat), st.grow(64)
	case 1:
		return formatDate(st, t, a, 0)
	}
	name, err := textArg(st, a, 0)
	if err != nil {
		return nil, err
	}
	if err := st.step(2000); err != nil { // a zone is read from a file
		return nil, err
	}
	zone, err := time.LoadLocation(name)
	if err != nil || len(name) > 64 {
		return nil, fault.New(fault.ExprEval, "the time zone is not known").WithHint("use a name such as Europe/Berlin")
	}
	return t.In(zone).Format(isoFormat), st.grow(64)
}

func formatDate(st *state, t time.Time, a []any, i int) (any, error) {
	pattern, err := textArg(st, a, i)
	if err != nil {
		return nil, err
	}
	if err := st.grow(4<<10 + 32*min(len(pattern), maxDatePattern)); err != nil {
		return nil, err
	}
	p, err := parseDatePattern(pattern)
	if err != nil {
		return nil, err
	}
	return p.format(t), nil
}

// dateArg reads a date: milliseconds since 1970, or ISO 8601, where a missing zone is that of the options.
func dateArg(st *state, a []any, i int) (time.Time, error) {
	zone := st.lang.options.Zone
	if err := st.grow(128); err != nil {
		return time.Time{}, err
	}
	switch v := a[i].(type) {
	case int, float64:
		ms, ok := whole(v)
		if !ok {
			return time.Time{}, badArgument{i, "whole number of milliseconds", "number"}
		}
		return inYears(time.UnixMilli(int64(ms)).In(zone))
	case string:
		s := strings.TrimSpace(v)
		for _, layout := range []string{
			time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04",
			"2006-01-02 15:04:05", "2006-01-02T15:04:05Z0700", "2006-01-02",
		} {
			if len(s) > 40 {
				break
			}
			if t, err := time.ParseInLocation(layout, s, zone); err == nil {
				return t, nil
			}
		}
		return time.Time{}, fault.New(fault.ExprEval, "the date is not in ISO 8601").
			WithHint("name its pattern: @date.format(date, inputPattern, pattern)")
	}
	return time.Time{}, badArgument{i, "date", typeName(a[i])}
}

func inYears(t time.Time) (time.Time, error) {
	if t.Year() < -9999 || t.Year() > 9999 {
		return time.Time{}, fault.New(fault.ExprEval, "the date lies outside the years -9999 to 9999")
	}
	return t, nil
}

func dateFormat(st *state, a []any) (any, error) {
	if len(a) == 2 {
		t, err := dateArg(st, a, 0)
		if err != nil {
			return nil, err
		}
		return formatDate(st, t, a, 1)
	}
	s, pattern, err := two(st, a)
	if err != nil {
		return nil, err
	}
	if err := st.grow(8 << 10); err != nil {
		return nil, err
	}
	p, err := parseDatePattern(pattern)
	if err != nil {
		return nil, err
	}
	t, err := p.parse(s, st.lang.options.Zone)
	if err != nil {
		return nil, err
	}
	return formatDate(st, t, a, 2)
}

func dateGuess(st *state, a []any) (any, error) {
	if t, err := dateArg(st, a, 0); err == nil {
		return formatDate(st, t, a, 1)
	}
	s, err := textArg(st, a, 0)
	if err != nil {
		return nil, err
	}
	if err := st.grow(64 << 10); err != nil {
		return nil, err
	}
	for _, date := range []string{"d.M.y", "d/M/y", "y/M/d", "d-M-y", "d MMM y", "MMM d, y", "d MMMM y", "MMMM d, y", "E, d MMM y"} {
		for _, clock := range []string{"", " H:m", " H:m:s", " H:m:s Z"} {
			p, err := parseDatePattern(date + clock)
			if err != nil {
				return nil, err
			}
			if t, err := p.parse(strings.TrimSpace(s), st.lang.options.Zone); err == nil && t.Year() > 31 {
				return formatDate(st, t, a, 1)
			}
		}
	}
	return nil, fault.New(fault.ExprEval, "the date is in no known form").
		WithHint("name its pattern: @date.format(date, inputPattern, pattern)")
}

func dateOverdue(st *state, a []any) (any, error) {
	due, err := dateArg(st, a, 0)
	if err != nil {
		return nil, err
	}
	now := st.now()
	if len(a) > 1 {
		if now, err = dateArg(st, a, 1); err != nil {
			return nil, err
		}
	}
	return due.Before(now), nil
}

func dateExpired(st *state, a []any) (any, error) {
	start, err := dateArg(st, a, 0)
	if err != nil {
		return nil, err
	}
	end, err := dateArg(st, a, 1)
	if err != nil {
		return nil, err
	}
	percent, ok := number(a[2])
	if !ok {
		return nil, badArgument{2, "number", typeName(a[2])}
	}
	now := st.now()
	if len(a) > 3 {
		if now, err = dateArg(st, a, 3); err != nil {
			return nil, err
		}
	}
	passed := float64(now.UnixMilli() - start.UnixMilli())
	return passed*100 >= percent*float64(end.UnixMilli()-start.UnixMilli()), nil
}

func beginDay(t time.Time, n int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+n, 0, 0, 0, 0, t.Location())
}

func beginMonth(t time.Time, n int) time.Time {
	return time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, t.Location())
}

func beginYear(t time.Time, n int) time.Time {
	return time.Date(t.Year()+n, 1, 1, 0, 0, 0, 0, t.Location())
}

const maxOffset = 4_000_000 // days, months or years: what stays within the years of a date

func dateBegin(begin func(time.Time, int) time.Time) func(*state, []any) (any, error) {
	return func(st *state, a []any) (any, error) {
		t, offset := st.now(), len(a)-1
		if len(a) == 2 {
			var err error
			if t, err = dateArg(st, a, 0); err != nil {
				return nil, err
			}
			t = t.In(st.lang.options.Zone)
		}
		n, err := intArg(a, offset)
		if err != nil {
			return nil, err
		}
		t, err = inYears(begin(t, min(max(n, -maxOffset), maxOffset)))
		return int(t.UnixMilli()), err
	}
}

func dateWeek(st *state, a []any) (any, error) {
	first, ok := whole(a[0])
	if name, isText := a[0].(string); isText {
		for d := time.Sunday; d <= time.Saturday; d++ {
			if len(name) >= 3 && strings.EqualFold(d.String()[:min(len(name), len(d.String()))], name) {
				first, ok = int(d), true
			}
		}
	}
	if !ok || first < 0 || first > 7 {
		return nil, badArgument{0, "weekday", typeName(a[0])}
	}
	weeks, err := intArg(a, 1)
	if err != nil {
		return nil, err
	}
	t := st.now()
	back := (int(t.Weekday()) - first%7 + 7) % 7
	t, err = inYears(beginDay(t, 7*min(max(weeks, -maxOffset/7), maxOffset/7)-back))
	return int(t.UnixMilli()), err
}

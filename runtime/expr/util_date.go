package expr

import (
	"strconv"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

const isoFormat = "2006-01-02T15:04:05.000Z07:00"

func dateUtil() []function {
	return []function{
		{
			name: "@date.now", params: params{text("pattern").opt()}, other: []params{{text("zone"), text("locale")}},
			changing: true, run: dateNow,
			summary: "the time now, in ISO 8601 or by a Java date pattern; with two arguments in ISO 8601 in a zone",
			examples: []Example{
				gives(`@date.now('yyyy').length()`, `4`), gives(`@date.now('UTC', 'en').endsWith('Z')`, `true`),
				fails(`@date.now('b')`, "pattern of @date.now([pattern]) has an unknown letter"),
			},
		},
		{
			name: "@date.nowIso8601", changing: true,
			run:      func(st *state, _ args) (any, error) { return st.now().Format(isoFormat), st.grow(64) },
			summary:  "the time now in ISO 8601",
			examples: []Example{gives(`@date.nowIso8601().contains('T')`, `true`), gives(`@date.nowIso8601() == @date.now()`, `true`)},
		},
		{
			name: "@date.timestamp", changing: true,
			run:      func(st *state, _ args) (any, error) { return int(st.now().UnixMilli()), nil },
			summary:  "the time now in milliseconds since 1970",
			examples: []Example{gives(`@date.timestamp() > 0`, `true`), gives(`@date.beginOfDay(0) <= @date.timestamp()`, `true`)},
		},
		{
			name: "@date.format", params: params{date("date"), text("pattern")},
			other: []params{{text("date"), text("inputPattern"), text("pattern")}},
			run:   dateFormat,
			summary: "a date by a Java date pattern; with an input pattern the date is read by that, " +
				"else it is ISO 8601 or milliseconds",
			examples: []Example{
				gives(`@date.format('2026-03-09T14:05:00Z', 'dd.MM.yyyy HH:mm')`, `"09.03.2026 14:05"`),
				gives(`@date.format(0, 'yyyy')`, `"1970"`),
				gives(`@date.format('09.03.26', 'dd.MM.yy', 'EEE, d MMM')`, `"Mon, 9 Mar"`),
				fails(`@date.format('9.3.2026', 'yyyy')`, "date of @date.format(date, pattern) is not in ISO 8601"),
			},
		},
		{
			name: "@date.guessAndFormat", params: params{anything("date"), text("pattern")}, run: dateGuess,
			summary: "a date in one of the usual forms, by a Java date pattern; 01/02/2026 is read day first",
			examples: []Example{
				gives(`@date.guessAndFormat('9.3.2026', 'yyyy-MM-dd')`, `"2026-03-09"`),
				gives(`@date.guessAndFormat('March 9, 2026', 'yyyy-MM-dd')`, `"2026-03-09"`),
				fails(`@date.guessAndFormat('soon', 'yyyy')`, "is in no known form"),
			},
		},
		{
			name: "@date.year", params: params{date("date")},
			run:      func(_ *state, a args) (any, error) { return strconv.Itoa(a.date(0).Year()), nil },
			summary:  "the year of a date, as text",
			examples: []Example{gives(`@date.year('2026-03-09')`, `"2026"`), fails(`@date.year(null)`, "is a null, not a date")},
		},
		{
			name: "@date.isOverdue", params: params{date("dueDate"), date("currentDate").opt()}, changing: true,
			run: func(st *state, a args) (any, error) {
				return a.date(0).Before(st.dateOrNow(a, 1)), nil
			},
			summary: "whether the due date lies before the current date, which is now unless given",
			examples: []Example{
				gives(`@date.isOverdue('2026-01-01', '2026-01-02')`, `true`), gives(`@date.isOverdue('9999-01-01')`, `false`),
			},
		},
		{
			name: "@date.isExpired", params: params{date("start"), date("end"), number("percent"), date("currentDate").opt()},
			changing: true, run: dateExpired,
			summary: "whether that much of the time from start to end is over",
			examples: []Example{
				gives(`@date.isExpired('2026-01-01', '2026-01-11', 50, '2026-01-07')`, `true`),
				gives(`@date.isExpired('2026-01-01', '2026-01-11', 100, '2026-01-07')`, `false`),
			},
		},
		{
			name: "@date.beginOfDay", params: params{whole("days")}, other: []params{{date("timestamp"), whole("days")}},
			changing: true, run: dateBegin(beginDay),
			summary: "milliseconds of the first moment of a day, so many days from now or the timestamp",
			examples: []Example{
				gives(`@date.beginOfDay(1773065100000, 1)`, `1773100800000`), gives(`@date.beginOfDay(1) > @date.timestamp()`, `true`),
				fails(`@date.beginOfDay('x')`, "days of @date.beginOfDay(days) is a text, not a whole number"),
			},
		},
		{
			name: "@date.beginOfWeek", params: params{anything("weekStartDay"), whole("weeks")},
			other:    []params{{date("timestamp"), anything("weekStartDay"), whole("weeks")}},
			changing: true, run: dateWeek,
			summary: "milliseconds of the beginning of a week, so many weeks from now or the timestamp; " +
				"the first day is 1 for Monday to 7, or a name",
			examples: []Example{
				gives(`@date.beginOfWeek('MONDAY', 0) <= @date.timestamp()`, `true`),
				gives(`@date.beginOfWeek('2026-03-09T14:05:00Z', 'sun', 0)`, `1772928000000`),
				fails(`@date.beginOfWeek('Mittwoch', 0)`, "is no day of the week"),
			},
		},
		{
			name: "@date.beginOfMonth", params: params{whole("months")}, other: []params{{date("timestamp"), whole("months")}},
			changing: true, run: dateBegin(beginMonth),
			summary: "milliseconds of the beginning of a month, so many months from now or the timestamp",
			examples: []Example{
				gives(`@date.beginOfMonth(1773065100000, 0)`, `1772323200000`), gives(`@date.beginOfMonth('2026-01-31', 1)`, `1769904000000`),
			},
		},
		{
			name: "@date.beginOfYear", params: params{whole("years")}, other: []params{{date("timestamp"), whole("years")}},
			changing: true, run: dateBegin(beginYear),
			summary: "milliseconds of the beginning of a year, so many years from now or the timestamp",
			examples: []Example{
				gives(`@date.beginOfYear(1773065100000, -1)`, `1735689600000`),
				fails(`@date.beginOfYear(99999)`, "lies outside the years"),
			},
		},
	}
}

func (st *state) now() time.Time {
	return st.lang.options.Now().In(st.lang.options.Zone)
}

func (st *state) dateOrNow(a args, i int) time.Time {
	if a.given(i) {
		return a.date(i)
	}
	return st.now()
}

// date reads a date: milliseconds since 1970, or ISO 8601, where a missing zone is that of the options.
func (st *state) date(v any) (any, error) {
	zone := st.lang.options.Zone
	if err := st.grow(128); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case int, float64:
		ms, ok := wholeOf(v)
		if !ok {
			return nil, refusal{says: "is not a whole number of milliseconds"}
		}
		return inYears(time.UnixMilli(int64(ms)).In(zone))
	case string:
		s := strings.TrimSpace(v)
		const longest = 40
		for _, layout := range []string{
			time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04",
			"2006-01-02 15:04:05", "2006-01-02T15:04:05Z0700", "2006-01-02",
		} {
			if len(s) > longest {
				break
			}
			if t, err := time.ParseInLocation(layout, s, zone); err == nil {
				return t, nil
			}
		}
		return nil, refusal{
			says: "is not in ISO 8601", hint: "name its pattern: @date.format(date, inputPattern, pattern)",
		}
	}
	return nil, refusal{says: "is a " + typeName(v) + ", not a date", hint: remedy(dateKind, v)}
}

func inYears(t time.Time) (time.Time, error) {
	if t.Year() < -9999 || t.Year() > 9999 {
		return time.Time{}, fault.New(fault.ExprEval, "the date lies outside the years -9999 to 9999")
	}
	return t, nil
}

func dateNow(st *state, a args) (any, error) {
	t := st.now()
	switch len(a) {
	case 0:
		return t.Format(isoFormat), st.grow(64)
	case 1:
		return formatDate(st, t, a, 0)
	}
	if err := st.step(2000); err != nil { // a zone is read from a file
		return nil, err
	}
	const longest = 64
	name := a.text(0)
	zone, err := time.LoadLocation(name[:min(len(name), longest)])
	if err != nil || len(name) > longest {
		return nil, refuse(0, "is not a known time zone").with("use a name such as Europe/Berlin")
	}
	return t.In(zone).Format(isoFormat), st.grow(64)
}

// formatDate writes t by the pattern that is argument i.
func formatDate(st *state, t time.Time, a args, i int) (any, error) {
	pattern := a.text(i)
	if err := st.grow(4<<10 + 32*min(len(pattern), maxDatePattern)); err != nil {
		return nil, err
	}
	p, err := parseDatePattern(pattern)
	if err != nil {
		return nil, about(i, err)
	}
	return p.format(t), nil
}

func dateFormat(st *state, a args) (any, error) {
	if len(a) == 2 {
		return formatDate(st, a.date(0), a, 1)
	}
	if err := st.grow(8<<10 + len(a.text(0))); err != nil {
		return nil, err
	}
	p, err := parseDatePattern(a.text(1))
	if err != nil {
		return nil, about(1, err)
	}
	t, err := p.parse(a.text(0), st.lang.options.Zone)
	if err != nil {
		return nil, err
	}
	return formatDate(st, t, a, 2)
}

func dateGuess(st *state, a args) (any, error) {
	if v, err := st.date(a.any(0)); err == nil {
		t, _ := v.(time.Time)
		return formatDate(st, t, a, 1)
	}
	s, ok := a.any(0).(string)
	if !ok {
		return nil, refuse(0, "is a "+typeName(a.any(0))+", not a date")
	}
	if err := st.grow(64<<10 + len(s)); err != nil {
		return nil, err
	}
	for _, day := range []string{"d.M.y", "d/M/y", "y/M/d", "d-M-y", "d MMM y", "MMM d, y", "d MMMM y", "MMMM d, y", "E, d MMM y"} {
		for _, clock := range []string{"", " H:m", " H:m:s", " H:m:s Z"} {
			p, err := parseDatePattern(day + clock)
			if err != nil {
				return nil, err
			}
			if t, err := p.parse(strings.TrimSpace(s), st.lang.options.Zone); err == nil && t.Year() > 31 {
				return formatDate(st, t, a, 1)
			}
		}
	}
	return nil, refuse(0, "is in no known form").with("name its pattern: @date.format(date, inputPattern, pattern)")
}

func dateExpired(st *state, a args) (any, error) {
	begin, now := a.date(0).UnixMilli(), st.dateOrNow(a, 3).UnixMilli()
	return float64(now-begin)*100 >= a.number(2)*float64(a.date(1).UnixMilli()-begin), nil
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

func dateBegin(begin func(time.Time, int) time.Time) func(*state, args) (any, error) {
	return func(st *state, a args) (any, error) {
		t := st.now()
		if len(a) == 2 {
			t = a.date(0).In(st.lang.options.Zone)
		}
		n := min(max(a.whole(len(a)-1), -maxOffset), maxOffset)
		t, err := inYears(begin(t, n))
		return int(t.UnixMilli()), err
	}
}

func dateWeek(st *state, a args) (any, error) {
	t, i := st.now(), len(a)-2
	if i == 1 {
		t = a.date(0).In(st.lang.options.Zone)
	}
	first, ok := wholeOf(a.any(i))
	if name, isText := a.any(i).(string); isText {
		for d := time.Sunday; d <= time.Saturday; d++ {
			if len(name) >= 3 && strings.EqualFold(d.String()[:min(len(name), len(d.String()))], name) {
				first, ok = int(d), true
			}
		}
	}
	if !ok || first < 0 || first > 7 {
		return nil, refuse(i, "is no day of the week").with("write 1 for Monday to 7, or a name such as monday")
	}
	weeks := min(max(a.whole(i+1), -maxOffset/7), maxOffset/7)
	back := (int(t.Weekday()) - first%7 + 7) % 7
	t, err := inYears(beginDay(t, 7*weeks-back))
	return int(t.UnixMilli()), err
}

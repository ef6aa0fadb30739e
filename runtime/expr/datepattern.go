package expr

import (
	"strconv"
	"strings"
	"time"
)

// datePattern is a Java date pattern (dd.MM.yyyy HH:mm) in parts: a run of one letter, or fixed text.
type datePattern []datePart

type datePart struct {
	letter byte // 0 = fixed
	count  int
	fixed  string
}

const (
	maxDatePattern = 200 // bytes
	dateLetters    = "yYuMLdDHhkmsSaEeuXxZz"
)

func parseDatePattern(pattern string) (datePattern, error) {
	if len(pattern) > maxDatePattern {
		return nil, limit("bytes of a date pattern", maxDatePattern)
	}
	var out datePattern
	for i := 0; i < len(pattern); {
		c := pattern[i]
		switch {
		case c == '\'':
			end := strings.IndexByte(pattern[i+1:], '\'')
			if end < 0 {
				return nil, refusal{says: "has a quote without its partner"}
			}
			fixed := pattern[i+1 : i+1+end]
			if fixed == "" {
				fixed = "'"
			}
			out = append(out, datePart{fixed: fixed})
			i += end + 2
		case isLetter(c):
			if strings.IndexByte(dateLetters, c) < 0 {
				return nil, refusal{
					says: "has an unknown letter",
					hint: "the letters are y M d D H h k m s S a E X Z z; fixed text stands in single quotes",
				}
			}
			j := i
			for j < len(pattern) && pattern[j] == c {
				j++
			}
			out = append(out, datePart{letter: c, count: j - i})
			i = j
		default:
			out = append(out, datePart{fixed: pattern[i : i+1]})
			i++
		}
	}
	return out, nil
}

func (p datePattern) format(t time.Time) string {
	var b strings.Builder
	number := func(n, width int) {
		digits := strconv.Itoa(n)
		b.WriteString(strings.Repeat("0", max(0, min(width, 20)-len(digits))) + digits)
	}
	for _, part := range p {
		n := part.count
		switch part.letter {
		case 0:
			b.WriteString(part.fixed)
		case 'y', 'Y', 'u':
			if n == 2 {
				number(t.Year()%100, 2)
			} else {
				number(t.Year(), n)
			}
		case 'M', 'L':
			switch {
			case n > 3:
				b.WriteString(t.Month().String())
			case n == 3:
				b.WriteString(t.Month().String()[:3])
			default:
				number(int(t.Month()), n)
			}
		case 'd':
			number(t.Day(), n)
		case 'D':
			number(t.YearDay(), n)
		case 'H':
			number(t.Hour(), n)
		case 'k':
			number((t.Hour()+23)%24+1, n)
		case 'h':
			number((t.Hour()+11)%12+1, n)
		case 'm':
			number(t.Minute(), n)
		case 's':
			number(t.Second(), n)
		case 'S':
			if n <= 3 {
				number(t.Nanosecond()/1_000_000, n)
			} else {
				digits := strconv.Itoa(1_000_000_000 + t.Nanosecond())[1:]
				b.WriteString(digits[:min(n, 9)])
			}
		case 'a':
			b.WriteString(t.Format("PM"))
		case 'E', 'e':
			if n > 3 {
				b.WriteString(t.Weekday().String())
			} else {
				b.WriteString(t.Weekday().String()[:3])
			}
		case 'X', 'x':
			layouts := []string{"Z07", "Z0700", "Z07:00"}
			if part.letter == 'x' {
				layouts = []string{"-07", "-0700", "-07:00"}
			}
			b.WriteString(t.Format(layouts[min(n, 3)-1]))
		case 'Z':
			b.WriteString(t.Format("-0700"))
		case 'z':
			b.WriteString(t.Format("MST"))
		}
	}
	return b.String()
}

// parse reads s by the pattern; what the pattern does not name is the beginning of 1970 in zone.
func (p datePattern) parse(s string, zone *time.Location) (time.Time, error) {
	bad := refusal{says: "does not fit the pattern"}
	f := dateFields{year: 1970, month: 1, day: 1, zone: zone}
	for i, part := range p {
		if part.letter == 0 {
			rest, ok := strings.CutPrefix(s, part.fixed)
			if !ok {
				return time.Time{}, bad
			}
			s = rest
			continue
		}
		packed := i+1 < len(p) && p[i+1].letter != 0 // digits follow directly: take exactly count
		rest, ok := f.read(part, s, packed)
		if !ok {
			return time.Time{}, bad
		}
		s = rest
	}
	if s != "" || f.month < 1 || f.month > 12 || f.day < 1 || f.hour > 24 || f.minute > 59 || f.second > 60 {
		return time.Time{}, bad
	}
	hour := f.hour
	if f.half {
		hour = f.hour % 12
		if f.pm {
			hour += 12
		}
	}
	t := time.Date(f.year, time.Month(f.month), f.day, hour, f.minute, f.second, f.nano, f.zone)
	if t.Day() != f.day && f.hour < 24 {
		return time.Time{}, bad // the 31st of a shorter month
	}
	return t, nil
}

type dateFields struct {
	year, month, day, hour, minute, second, nano int
	half, pm                                     bool
	zone                                         *time.Location
}

func (f *dateFields) read(part datePart, s string, packed bool) (rest string, ok bool) {
	target := map[byte]*int{
		'y': &f.year, 'Y': &f.year, 'u': &f.year, 'd': &f.day, 'H': &f.hour, 'k': &f.hour,
		'h': &f.hour, 'm': &f.minute, 's': &f.second,
	}[part.letter]
	switch {
	case target != nil:
		n, rest, ok := digits(s, part.count, packed)
		if part.letter == 'h' {
			f.half = true
		}
		if target == &f.year && part.count == 2 && n < 100 {
			if n += 2000; n >= 2070 {
				n -= 100
			}
		}
		*target = n
		return rest, ok
	case (part.letter == 'M' || part.letter == 'L') && part.count <= 2:
		f.month, rest, ok = digits(s, part.count, packed)
		return rest, ok
	case part.letter == 'M' || part.letter == 'L':
		for m := time.January; m <= time.December; m++ {
			name := m.String()
			if part.count == 3 {
				name = name[:3]
			}
			if len(s) >= len(name) && strings.EqualFold(s[:len(name)], name) {
				f.month = int(m)
				return s[len(name):], true
			}
		}
		return s, false
	case part.letter == 'S':
		n, rest, ok := digits(s, part.count, packed)
		for range 9 - (len(s) - len(rest)) {
			n *= 10
		}
		f.nano = n
		return rest, ok && n < 1_000_000_000
	case part.letter == 'a' && len(s) >= 2:
		f.half, f.pm = true, strings.EqualFold(s[:2], "PM")
		return s[2:], f.pm || strings.EqualFold(s[:2], "AM")
	case part.letter == 'E' || part.letter == 'e':
		return strings.TrimLeft(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), true
	case strings.IndexByte("XxZz", part.letter) >= 0:
		for _, layout := range []string{"Z07:00", "Z0700", "Z07", "MST"} {
			for end := min(len(s), 6); end > 0; end-- {
				if t, err := time.Parse(layout, s[:end]); err == nil {
					f.zone = t.Location()
					return s[end:], true
				}
			}
		}
	}
	return s, false
}

// digits reads a number: exactly count digits when packed, else at least one.
func digits(s string, count int, packed bool) (n int, rest string, ok bool) {
	end, most := 0, 9
	if packed {
		most = min(count, 9)
	}
	for end < len(s) && end < most && s[end] >= '0' && s[end] <= '9' {
		n = n*10 + int(s[end]-'0')
		end++
	}
	return n, s[end:], end > 0 && (!packed || end == most)
}

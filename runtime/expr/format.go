package expr

import (
	"strconv"
	"strings"
)

// maxWidth bounds width and precision of one %-item.
const maxWidth = 1000

// format fills a pattern in: %[-][0][width][.precision] and one of s d x f, %% and %n.
func format(st *state, a args) (any, error) {
	pattern := a.text(0)
	w := writer{st: st}
	next := 1
	for {
		before, rest, more := strings.Cut(pattern, "%")
		if err := w.write(before); err != nil {
			return nil, err
		}
		if !more {
			return w.out.String(), nil
		}
		end := strings.IndexAny(rest, "sdxfn%")
		if end < 0 || end > 16 {
			return nil, badFormat()
		}
		flags, verb := rest[:end], rest[end]
		pattern = rest[end+1:]
		if fixed := map[byte]string{'%': "%", 'n': "\n"}[verb]; fixed != "" {
			if err := w.write(fixed); err != nil {
				return nil, err
			}
			continue
		}
		if !a.given(next) {
			return nil, refuse(0, "asks for more values than were given")
		}
		item, err := formatItem(st, a, next, flags, verb)
		if err != nil {
			return nil, err
		}
		next++
		if err := w.write(item); err != nil {
			return nil, err
		}
	}
}

func badFormat() error { return refuse(0, "has an item that is not %s, %d, %x, %f, %n or %%") }

func formatItem(st *state, a args, i int, flags string, verb byte) (string, error) {
	left := strings.HasPrefix(flags, "-")
	flags = strings.TrimPrefix(flags, "-")
	zero := strings.HasPrefix(flags, "0")
	width, precision, err := widths(flags)
	if err != nil {
		return "", err
	}
	var item string
	switch verb {
	case 's':
		if item, err = st.text(a.any(i)); err != nil {
			return "", err
		}
		if precision >= 0 {
			item = item[:runeOffset(item, precision)]
		}
	case 'd', 'x':
		n, ok := wholeOf(a.any(i))
		if !ok {
			return "", about(i, (&param{kind: wholeKind}).unfit(a.any(i)))
		}
		item = strconv.FormatInt(int64(n), map[byte]int{'d': 10, 'x': 16}[verb])
	case 'f':
		f, ok := numberOf(a.any(i))
		if !ok {
			return "", about(i, (&param{kind: numberKind}).unfit(a.any(i)))
		}
		if precision < 0 {
			precision = 6
		}
		item = strconv.FormatFloat(f, 'f', precision, 64)
	}
	missing := width - runeCount(item)
	switch {
	case missing <= 0:
		return item, nil
	case left:
		return item + strings.Repeat(" ", missing), nil
	case zero && verb != 's':
		sign := ""
		if strings.HasPrefix(item, "-") {
			sign, item = "-", item[1:]
		}
		return sign + strings.Repeat("0", missing) + item, nil
	}
	return strings.Repeat(" ", missing) + item, nil
}

// widths reads width and precision; a missing precision is -1.
func widths(flags string) (width, precision int, err error) {
	precision = -1
	before, after, dot := strings.Cut(flags, ".")
	if before != "" {
		if width, err = strconv.Atoi(before); err != nil {
			return 0, 0, badFormat()
		}
	}
	if dot {
		if precision, err = strconv.Atoi(after); err != nil {
			return 0, 0, badFormat()
		}
	}
	if width < 0 || width > maxWidth || precision > maxWidth {
		return 0, 0, limit("characters of a format's width", maxWidth)
	}
	return width, precision, nil
}

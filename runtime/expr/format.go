package expr

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// maxWidth bounds width and precision of one %-item.
const maxWidth = 1000

// format fills a pattern in: %[-][0][width][.precision] and one of s d x f, %% and %n.
func format(st *state, a []any) (any, error) {
	pattern, err := textArg(st, a, 0)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	next := 1
	for {
		before, rest, more := strings.Cut(pattern, "%")
		if err := st.grow(2 * len(before)); err != nil {
			return nil, err
		}
		out.WriteString(before)
		if !more {
			return out.String(), nil
		}
		end := strings.IndexAny(rest, "sdxfn%")
		if end < 0 || end > 16 {
			return nil, badFormat()
		}
		flags, verb := rest[:end], rest[end]
		pattern = rest[end+1:]
		switch verb {
		case '%':
			out.WriteByte('%')
			continue
		case 'n':
			out.WriteByte('\n')
			continue
		}
		if next >= len(a) {
			return nil, fault.New(fault.ExprEval, "the format asks for more values than were given")
		}
		item, err := formatItem(st, a, next, flags, verb)
		if err != nil {
			return nil, err
		}
		next++
		if err := st.grow(2 * len(item)); err != nil {
			return nil, err
		}
		out.WriteString(item)
	}
}

func badFormat() error {
	return fault.New(fault.ExprEval, "the format has an item that is not %%s, %%d, %%x, %%f, %%n or %%%%")
}

func formatItem(st *state, a []any, i int, flags string, verb byte) (string, error) {
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
		if item, err = textArg(st, a, i); err != nil {
			return "", err
		}
		if precision >= 0 {
			item = item[:runeOffset(item, precision)]
		}
	case 'd', 'x':
		n, err := intArg(a, i)
		if err != nil {
			return "", err
		}
		item = strconv.FormatInt(int64(n), map[byte]int{'d': 10, 'x': 16}[verb])
	case 'f':
		f, ok := number(a[i])
		if !ok {
			return "", badArgument{i, "number", typeName(a[i])}
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

func uuid(st *state, _ []any) (any, error) {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:], st.grow(128)
}

func random(st *state, a []any) (any, error) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	n, err := intArg(a, 0)
	if err != nil {
		return nil, err
	}
	const most = 4096
	if n < 0 || n > most {
		return nil, limit("characters of a random text", most)
	}
	if err := st.grow(4*n + 64); err != nil {
		return nil, err
	}
	out := make([]byte, 0, n)
	pool := make([]byte, n+16)
	for len(out) < n {
		_, _ = rand.Read(pool) // never fails
		for _, b := range pool {
			if int(b) < 256-256%len(letters) && len(out) < n { // every letter equally likely
				out = append(out, letters[int(b)%len(letters)])
			}
		}
	}
	return string(out), nil
}

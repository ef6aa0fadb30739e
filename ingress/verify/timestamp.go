package verify

import (
	"time"
)

// parseTimestamp reads a timestamp in exactly one form: ten digits of seconds, thirteen of
// milliseconds, or strict RFC 3339. Schemes join it to other fields, so leniency would let a sender
// move the border between them.
func parseTimestamp(form string, text []byte) (time.Time, bool) {
	switch form {
	case formSeconds:
		n, ok := digits(text, 10)
		return time.Unix(n, 0), ok
	case formMilliseconds:
		n, ok := digits(text, 13)
		return time.UnixMilli(n), ok
	case formRFC3339:
		return parseRFC3339(text)
	}
	return time.Time{}, false
}

func digits(text []byte, want int) (int64, bool) {
	if len(text) != want {
		return 0, false
	}
	var n int64
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// parseRFC3339 is stricter than time.Parse, which takes one-digit hours and a comma.
func parseRFC3339(text []byte) (time.Time, bool) {
	const shape = "0000-00-00T00:00:00"
	if len(text) < len(shape)+1 || len(text) > 35 {
		return time.Time{}, false
	}
	for i := range len(shape) {
		digit := text[i] >= '0' && text[i] <= '9'
		if shape[i] == '0' != digit || shape[i] != '0' && text[i] != shape[i] {
			return time.Time{}, false
		}
	}
	for _, c := range text[len(shape):] {
		if c == ',' {
			return time.Time{}, false
		}
	}
	t, err := time.Parse(time.RFC3339, string(text))
	return t, err == nil
}

package keys

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// lifetime reads how long an answer is fresh, as RFC 9111 section 4.2 has it; unsaid when it says
// nothing. What it makes of a malformed field is short, never long.
func lifetime(h http.Header, unsaid time.Duration) time.Duration {
	age := seconds(h.Get("Age"))
	said := false
	var limit time.Duration
	for _, line := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "no-store", "no-cache":
				return 0
			case "max-age":
				n := seconds(strings.Trim(value, `"`))
				if !said || n < limit {
					said, limit = true, n
				}
			}
		}
	}
	if said {
		return max(limit-age, 0)
	}
	if text := h.Get("Expires"); text != "" {
		expires, err := http.ParseTime(text)
		date, err2 := http.ParseTime(h.Get("Date"))
		if err != nil || err2 != nil {
			return 0
		}
		return max(expires.Sub(date)-age, 0)
	}
	return unsaid
}

// seconds reads a number of seconds: 0 when it is malformed, the largest when it is larger than that.
func seconds(text string) time.Duration {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > int64(math.MaxInt64/time.Second) {
		return math.MaxInt64
	}
	return time.Duration(n) * time.Second
}

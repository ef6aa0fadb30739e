package verify_test

import (
	"testing"

	"github.com/penstock/penstock/ingress/verify"
)

func TestTimestampForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		form, text string
		want       bool
	}{
		{"seconds", "1700000000", true},
		{"seconds", "170000000", false},
		{"seconds", "17000000000", false},
		{"seconds", "+170000000", false},
		{"seconds", "-170000000", false},
		{"seconds", "1700000000 ", false},
		{"seconds", "1.70000000", false},
		{"seconds", "17e0000000", false},
		{"seconds", "0x6553f100", false},
		{"seconds", "１７００００００００", false},
		{"seconds", "", false},
		{"seconds", "NaN", false},
		{"milliseconds", "1700000000000", true},
		{"milliseconds", "1700000000", false},
		{"rfc3339", "2023-11-14T22:13:20Z", true},
		{"rfc3339", "2023-11-14T22:13:20.123456789Z", true},
		{"rfc3339", "2023-11-14T22:13:20+01:00", true},
		{"rfc3339", "2023-11-14 22:13:20Z", false},
		{"rfc3339", "2023-11-14t22:13:20Z", false},
		{"rfc3339", "2023-11-14T2:13:20Z", false},
		{"rfc3339", "2023-11-14T22:13:20,5Z", false},
		{"rfc3339", "2023-11-14T22:13:20", false},
		{"rfc3339", "2023-02-30T22:13:20Z", false},
		{"rfc3339", "", false},
		{"other", "1700000000", false},
	} {
		if _, ok := verify.ParseTimestamp(c.form, []byte(c.text)); ok != c.want {
			t.Errorf("%s %q: %v", c.form, c.text, ok)
		}
	}
}

package verify_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress/verify"
)

// TestOtherReadings: what a scheme signs without borders can be read in another way, and that reading is
// the same delivery, so that it makes no second event.
func TestOtherReadings(t *testing.T) {
	t.Parallel()
	o := outgoing("twilio")
	o.Body = []byte("Body=Hello&From=1")
	req, v := signed(t, "twilio", o)
	first, err := v.Verify(req, schemeNow)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(r *verify.Request){
		"border of name and value": func(r *verify.Request) { r.Body = []byte("BodyHel=lo&From=1") },
		"border of two parameters": func(r *verify.Request) { r.Body = []byte("Body=HelloFrom1") },
		"parameter in the address": func(r *verify.Request) { r.URL += "BodyHello"; r.Body = []byte("From=1") },
		"all in the address":       func(r *verify.Request) { r.URL += "BodyHelloFrom1"; r.Body = nil },
		"another escape":           func(r *verify.Request) { r.Body = []byte("%42ody=%48ello&From=1") },
		"another order":            func(r *verify.Request) { r.Body = []byte("From=1&Body=Hello&From=1") },
	} {
		other := req
		change(&other)
		d, err := v.Verify(other, schemeNow)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d.ID != first.ID || d.ID == "" {
			t.Errorf("%s: the delivery is %q, want %q", name, d.ID, first.ID)
		}
	}
	for _, name := range []string{"mailgun", "paypal"} {
		req, v := signed(t, name, outgoing(name))
		d, err := v.Verify(req, schemeNow)
		if err != nil || d.ID == "" || d.Window == 0 {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

// TestSchemesEveryByteCounts: no signed request with a changed bit in its body is taken, unless the scheme
// does not sign that place and says so.
func TestSchemesEveryByteCounts(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"aws-sns", "paypal", "twilio"} {
		o := outgoing(name)
		if name == "twilio" {
			o.Body = []byte("Body=Hello+World&From=%2B1")
		}
		req, v := signed(t, name, o)
		if _, err := v.Verify(req, schemeNow); err != nil {
			t.Fatal(err)
		}
		for i := range req.Body {
			for bit := range 8 {
				changed := req
				changed.Body = bytes.Clone(req.Body)
				changed.Body[i] ^= 1 << bit
				d, err := v.Verify(changed, schemeNow)
				if err == nil && !sameReading(name, req.Body, changed.Body) {
					t.Fatalf("%s: took bit %d of byte %d changed, as %+v: %s", name, bit, i, d, changed.Body)
				}
			}
		}
	}
}

// sameReading reports whether two bodies differ in the writing of an escape or an unsigned field alone.
func sameReading(name string, a, b []byte) bool {
	switch name {
	case "twilio":
		return strings.EqualFold(string(a), string(b)) && strings.Contains(string(a), "%2B")
	case "aws-sns": // the address of the certificate is used only where no key is pinned
		cut := func(text []byte) string {
			before, rest, _ := strings.Cut(string(text), `"SigningCertURL":"`)
			_, after, _ := strings.Cut(rest, `"`)
			return before + after
		}
		return cut(a) == cut(b)
	}
	return false
}

// TestStrangersCostLittle: a large body of a caller who is not proven builds nothing of many times its size.
func TestStrangersCostLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector changes what is allocated")
	}
	const size = 4 << 20
	fill := func(open, item, end string) []byte {
		return []byte(open + strings.Repeat(item, size/len(item)) + end)
	}
	json, form := fields{"Content-Type": {"application/json"}}, fields{"Content-Type": {"application/x-www-form-urlencoded"}}
	twilio := fields{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Twilio-Signature": {"RSOYDt4T1cUTdK1PDd93/VVr8B8="}}
	parts := fields{"Content-Type": {"multipart/form-data; boundary=b"}}
	for name, c := range map[string]struct {
		preset string
		header fields
		body   []byte
		want   verify.Reason
	}{
		"many items":        {"microsoft-graph", json, fill(`{"value":[`, `{"clientState":"x"},`, `{}]}`), verify.TokenMismatch},
		"many other fields": {"microsoft-graph", json, fill(`{"a":[`, `{"b":[1]},`, `1]}`), verify.TokenMissing},
		"deep":              {"microsoft-graph", json, fill(`{"value":`, `[`, ``), verify.BodyMalformed},
		"deep items":        {"microsoft-graph", json, fill(`{"value":`, `[{"clientState":`, ``), verify.BodyMalformed},
		"deep for SNS":      {"aws-sns", json, fill(`{"Message":`, `[`, ``), verify.BodyMalformed},
		"large for SNS":     {"aws-sns", json, fill(`{"Other":[`, `{"b":[1]},`, `1]}`), verify.BodyMalformed},
		"many parameters":   {"twilio", twilio, fill(``, `a=b&`, `a=b`), verify.BodyMalformed},
		"long parameter":    {"twilio", twilio, fill(`a=`, `%41`, ``), verify.SignatureMismatch},
		"form for Mailgun":  {"mailgun", form, fill(``, `a=b&`, `a=b`), verify.BodyMalformed},
		"parts for Mailgun": {"mailgun", parts, fill(``, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n", "--b--\r\n"), verify.BodyMalformed},
		"JSON for Mailgun":  {"mailgun", json, fill(`{"signature":{"token":"`, `x`, `"}}`), verify.SignatureMissing},
		"credentials":       {"basic", fields{"Authorization": {"Basic " + strings.Repeat("QUFB", 2000)}}, nil, verify.CredentialsMalformed},
	} {
		w, m := settingsOf(c.preset)
		v, err := load(t).Compile(w, m)
		if err != nil {
			t.Fatal(err)
		}
		req := verify.Request{Method: "POST", URL: "https://hooks.example.com/t", Target: "/t", Header: c.header, Body: c.body}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 3 {
			if _, err := v.Verify(req, schemeNow); reason(err) != c.want {
				t.Fatalf("%s: %v, want %s", name, err, c.want)
			}
		}
		runtime.ReadMemStats(&after)
		grown := (after.TotalAlloc - before.TotalAlloc) / 3
		t.Logf("%s: %d bytes of body, %d allocated", name, len(c.body), grown)
		if grown > 3*size {
			t.Errorf("%s: %d bytes are allocated for a body of %d", name, grown, len(c.body))
		}
	}
}

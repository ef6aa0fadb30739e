package verify_test

import (
	"bytes"
	"testing"

	"github.com/penstock/penstock/ingress/verify"
)

// BenchmarkSchemes: accepting and refusing a body of about 1 KB, one preset of each scheme.
func BenchmarkSchemes(b *testing.B) {
	filler := bytes.Repeat([]byte("0123456789abcdef"), 60)
	for _, c := range []struct{ scheme, preset, body string }{
		{"token in a header", "bearer", `{"a":"%"}`},
		{"token in a parameter", "azure-event-grid", `[{"a":"%"}]`},
		{"token in the body", "microsoft-graph", `{"value":[{"clientState":"","a":"%"}]}`},
		{"basic", "basic", `{"a":"%"}`},
		{"twilio", "twilio", `AccountSid=AC1&Body=%&From=%2B1&To=%2B2`},
		{"mailgun", "mailgun", `{"event-data":{"a":"%"}}`},
		{"sns", "aws-sns", `%`},
		{"paypal", "paypal", `{"a":"%"}`},
	} {
		o := outgoing(c.preset)
		o.Body = bytes.Replace([]byte(c.body), []byte("%"), filler, 1)
		req, v := signed(b, c.preset, o)
		b.Run(c.scheme+"/accept", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(req, schemeNow); err != nil {
					b.Fatal(err)
				}
			}
		})
		w, m := settingsOf(c.preset)
		if m.Keys == nil {
			m.Secrets = []verify.Secret{{Text: []byte("ada:another")}}
		} else {
			m.Keys = [][]byte{publicPEM(otherKey())}
		}
		stranger, err := load(b).Compile(w, m)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.scheme+"/refuse", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := stranger.Verify(req, schemeNow); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

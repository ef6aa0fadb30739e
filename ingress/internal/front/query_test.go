package front_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress/internal/front"
)

// FuzzQuery: what the strict walk takes, net/url takes with the same pairs, and it stops at nothing else
// than a broken escape.
func FuzzQuery(f *testing.F) {
	f.Add("token=a&b=%20c+d&&e")
	f.Add("%zz=1&a=2")
	f.Fuzz(func(t *testing.T, query string) {
		p := front.Pairs{Rest: []byte(query)}
		got := url.Values{}
		for {
			name, text, ok := p.Next()
			if !ok {
				break
			}
			got.Add(name, text)
		}
		if strings.Contains(query, ";") { // net/url refuses these
			return
		}
		want, err := url.ParseQuery(query)
		if p.Broken != (err != nil) {
			t.Fatalf("broken %v, net/url says %v", p.Broken, err)
		}
		if !p.Broken && got.Encode() != want.Encode() {
			t.Fatalf("read %v, net/url %v", got, want)
		}
	})
}

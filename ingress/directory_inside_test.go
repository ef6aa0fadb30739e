package ingress

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

// SameRate reports whether the limiter of a webhook is the same one before and after a change.
func SameRate(d *Directory, id string, change func()) bool {
	before := d.current.Load().byID[id].rate
	change()
	return d.current.Load().byID[id].rate == before
}

func benchDirectory(b *testing.B, n int) *Directory {
	b.Helper()
	p, err := verify.Load()
	if err != nil {
		b.Fatal(err)
	}
	d, err := NewDirectory(b.Context(), silent{}, p, silent{}, DirectoryOptions{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	list := make([]*entry, n)
	for i := range list {
		sum := sha256.Sum256([]byte(benchToken(i)))
		list[i] = &entry{webhook: webhook.Webhook{ID: fmt.Sprint(i), Tokens: []webhook.Token{{Hash: hex.EncodeToString(sum[:]), Hint: "abcdef"}}}}
	}
	d.current.Store(newView(list, nil))
	return d
}

func benchToken(i int) string { return fmt.Sprintf("%043d", i) }

// BenchmarkLookup finds a webhook by its token, as every request does.
func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		d := benchDirectory(b, n)
		known, unknown := []byte(benchToken(n/2)), []byte(benchToken(n))
		now := time.Now()
		b.Run(fmt.Sprintf("known of %d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, reason := d.lookup(known, now); reason != "" {
					b.Fatal(reason)
				}
			}
		})
		b.Run(fmt.Sprintf("unknown of %d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, reason := d.lookup(unknown, now); reason != "token.unknown" {
					b.Fatal(reason)
				}
			}
		})
	}
}

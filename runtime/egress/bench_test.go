package egress_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/penstock/penstock/runtime/egress"
)

func BenchmarkDo(b *testing.B) {
	answer := bytes.Repeat([]byte("x"), 1024)
	s, host, _ := server(b, false, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) })
	c := egress.New(egress.Options{AllowHosts: []string{host}, PlainHTTP: true})
	b.Cleanup(c.Close)
	b.Run("guarded", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Do(b.Context(), egress.Request{URL: s.URL}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			res, err := http.Get(s.URL)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadAll(res.Body); err != nil {
				b.Fatal(err)
			}
			res.Body.Close()
		}
	})
}

package decode_test

import (
	"fmt"
	"testing"

	"github.com/penstock/penstock/ingress/decode"
)

func BenchmarkInflate(b *testing.B) {
	text := texts()["json"]
	var i decode.Inflater
	for _, name := range []string{"gzip", "deflate", "deflate bare", "br", "zstd", "zstd single"} {
		for _, size := range []int{4 << 10, 200 << 10} {
			body := encoders(b)[name].encode(b, text[:size])
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(size))
				var buf []byte
				for b.Loop() {
					out, err := i.Inflate(buf[:0], encoding(name), body, decode.Limits{})
					if err != nil {
						b.Fatal(err)
					}
					buf = out
				}
			})
		}
	}
}

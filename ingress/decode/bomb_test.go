package decode_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"

	"github.com/penstock/penstock/ingress/decode"
)

type bomb struct {
	name, encoding string
	body           []byte
}

// want is how a bomb is refused.
func (b bomb) want() error {
	switch {
	case strings.Contains(b.encoding, ","):
		return decode.ErrNested
	case len(b.body)*decode.DefaultRatio < decode.DefaultMax:
		return decode.ErrRatio
	default:
		return decode.ErrTooLarge
	}
}

// bombs are bodies of at most a megabyte.
func bombs(t testing.TB) []bomb {
	all := encoders(t)
	piece := func(name string, parts int) []byte {
		return bytes.Repeat(all[name].encode(t, make([]byte, huge/parts)), parts)
	}
	bare := bareDeflate(t)
	size := binary.LittleEndian.AppendUint32(nil, huge)
	gzipHead := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
	inner := piece("gzip", 100)
	twice := all["gzip"].encode(t, inner)
	br, random := brotliZeros(t, nil), noise(200<<10)
	list := []bomb{
		{"gzip, 100 members", "gzip", inner},
		{"gzip, 1,000 members", "gzip", piece("gzip", 1000)},
		{"gzip, one member", "gzip", join(gzipHead, bare, make([]byte, 4), size)},
		{"gzip, one member that says 5 bytes", "gzip", join(gzipHead, bare, make([]byte, 4), []byte{5, 0, 0, 0})},
		{"gzip in gzip", "gzip, gzip", twice},
		{"gzip in gzip, unsaid", "gzip", twice},
		{"zlib", "deflate", join([]byte{0x78, 0x9c}, bare, make([]byte, 4))},
		{"bare deflate", "deflate", bare},
		{"br", "br", br},
		{"br after noise", "br", brotliZeros(t, random)},
		{"zstd", "zstd", all["zstd"].encode(t, make([]byte, huge/10), make([]byte, huge/10))},
		{"zstd, 1,000 frames", "zstd", piece("zstd single", 1000)},
		{"zstd after noise", "zstd", join(all["zstd"].encode(t, random), piece("zstd", 100))},
		{"zstd of repeated bytes", "zstd", zstdRepeats(false)},
		{"zstd of repeated bytes after noise", "zstd", join(all["zstd"].encode(t, random), zstdRepeats(false))},
		{"zstd that says so", "zstd", zstdRepeats(true)},
	}
	for _, b := range list {
		if len(b.body) > 1<<20 {
			t.Fatalf("%s has %d bytes", b.name, len(b.body))
		}
	}
	return list
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func noise(n int) []byte {
	out := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(out)
	return out
}

// bareDeflate is one stream of a huge body: a flushed piece many times, and an end.
func bareDeflate(t testing.TB) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, 6)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, huge/100)); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	body := bytes.Repeat(out.Bytes(), 100)
	return append(body, 1, 0, 0, 0xff, 0xff) // an empty last block
}

func brotliZeros(t testing.TB, before []byte) []byte {
	var out bytes.Buffer
	w := brotli.NewWriterLevel(&out, 1)
	_, _ = w.Write(before)
	zeros := make([]byte, 1<<20)
	for range huge >> 20 {
		_, _ = w.Write(zeros)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// zstdRepeats is a frame of blocks that say one byte 128 KiB times.
func zstdRepeats(said bool) []byte {
	out := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3} // a window of 8 MiB
	if said {
		out = binary.LittleEndian.AppendUint32([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x80, 13 << 3}, huge)
	}
	for n := huge >> 17; n > 0; n-- {
		block := uint32(128<<10)<<3 | 1<<1
		if n == 1 {
			block |= 1
		}
		out = append(out, byte(block), byte(block>>8), byte(block>>16), 'x')
	}
	return out
}

// TestBombs refuses each bomb without taking its size, with nothing kept from before and again. It is not
// parallel, because it looks at what the process takes.
func TestBombs(t *testing.T) {
	list := bombs(t)
	most := int64(0)
	for _, b := range list {
		var i decode.Inflater
		var m1, m2 runtime.MemStats
		for round := range 2 {
			grown := growth(t)
			runtime.ReadMemStats(&m1)
			start := time.Now()
			out, err := i.Inflate(nil, b.encoding, b.body, decode.Limits{})
			took := time.Since(start)
			n := grown()
			runtime.ReadMemStats(&m2)
			if !errors.Is(err, b.want()) || len(out) > 0 {
				t.Errorf("%s: %d bytes, %v, want %v", b.name, len(out), err, b.want())
			}
			taken := m2.TotalAlloc - m1.TotalAlloc
			t.Logf("%-34s %7d bytes: allocated %5d KiB, process grew by %5d KiB, %3d ms: %v", b.name, len(b.body), taken>>10, n>>10, took.Milliseconds(), err)
			most = max(most, n)
			if (taken > 24<<20 || n > 24<<20) && !underRace {
				t.Errorf("%s, round %d: that is too much", b.name, round)
			}
		}
	}
	t.Logf("%d bombs of %d MB: the process grew by at most %d KiB", len(list), huge>>20, most>>10)
}

// TestManyNothings: what costs a step and gives nothing is bounded by its own size.
func TestManyNothings(t *testing.T) {
	t.Parallel()
	var i decode.Inflater
	all := encoders(t)
	skip := []byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}
	for name, part := range map[string][]byte{
		"gzip": all["gzip"].encode(t), "zstd": all["zstd single"].encode(t, []byte{}), "zstd skipped": skip,
		"deflate": {0, 0, 0, 0xff, 0xff}, "br": {0x06, 0},
	} {
		if len(part) == 0 {
			part = all[name].encode(t, []byte{'x'})
		}
		body := bytes.Repeat(part, (1<<20)/len(part))
		start := time.Now()
		out, err := i.Inflate(nil, encoding(name), body, decode.Limits{})
		t.Logf("%s: %d parts took %s: %d bytes, %v", name, len(body)/len(part), time.Since(start), len(out), err)
		if err != nil && !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSmallBodyTakesLittle: a few bytes cannot make the process take much, whatever they claim.
func TestSmallBodyTakesLittle(t *testing.T) {
	var i decode.Inflater
	all := encoders(t)
	for name, b := range map[string][]byte{
		"gzip that says 10 MiB":     append(all["gzip"].encode(t, noise(100)), 0, 0, 0xa0, 0),
		"zstd that says 9 MiB":      binary.LittleEndian.AppendUint32([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0}, 9<<20),
		"zstd with a window":        {0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3, 1, 0, 0},
		"br with a window of 4 MiB": {0x8b, 0xff, 0xff, 0x03, 0xff, 0xff},
		"bare deflate":              {0xed, 0xc1, 0x01, 0x01},
	} {
		var m1, m2 runtime.MemStats
		enc := encoding(name)
		if enc == "bare" {
			enc = "deflate"
		}
		_, _ = i.Inflate(nil, enc, b, decode.Limits{}) // the readers themselves
		runtime.ReadMemStats(&m1)
		out, err := i.Inflate(nil, enc, b, decode.Limits{})
		runtime.ReadMemStats(&m2)
		taken := m2.TotalAlloc - m1.TotalAlloc
		t.Logf("%-26s took %5d KiB: %d bytes, %v", name, taken>>10, len(out), err)
		if taken > 6<<20 {
			t.Errorf("%s: took %d KiB", name, taken>>10)
		}
	}
}

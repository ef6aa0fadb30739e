package decode_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/penstock/penstock/ingress/decode"
)

// encoder makes a writer of one encoding.
type encoder func(io.Writer) io.WriteCloser

// encoders gives writers by the name of the encoding, with a word about the form behind a space.
func encoders(t testing.TB) map[string]encoder {
	must := func(w io.WriteCloser, err error) io.WriteCloser {
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	return map[string]encoder{
		"gzip":           func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"deflate":        func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"deflate bare":   func(w io.Writer) io.WriteCloser { return must(flate.NewWriter(w, 6)) },
		"deflate stored": func(w io.Writer) io.WriteCloser { return must(flate.NewWriter(w, 0)) },
		"br":             func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
		"br fast":        func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 0) },
		"zstd":           func(w io.Writer) io.WriteCloser { return must(zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))) },
		"zstd best": func(w io.Writer) io.WriteCloser {
			return must(zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(8<<20)))
		},
		"zstd single": func(w io.Writer) io.WriteCloser {
			return must(zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithSingleSegment(true)))
		},
	}
}

func (e encoder) encode(t testing.TB, texts ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := e(&out)
	for _, text := range texts {
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// encoding is the header's text for a name of encoders.
func encoding(name string) string {
	name, _, _ = strings.Cut(name, " ")
	return name
}

// texts are bodies of many sizes and kinds.
func texts() map[string][]byte {
	random := make([]byte, 300<<10)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(random)
	var doc strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&doc, `{"id":%d,"name":"lead %x","tags":["a","b"]},`, i, random[i:i+4])
	}
	return map[string][]byte{
		"empty": {}, "one byte": {'x'}, "short": []byte(`{"a":1}`), "json": []byte(doc.String()), "random": random,
		"zeros": make([]byte, 60<<10), "exact": random[:64<<10], "long": bytes.Repeat(random, 4),
	}
}

func TestInflate(t *testing.T) {
	t.Parallel()
	var i decode.Inflater
	for name, e := range encoders(t) {
		for kind, text := range texts() {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				body := e.encode(t, text)
				before := bytes.Clone(body)
				prefix := []byte("before")
				for range 2 { // the second time with used readers
					got, err := i.Inflate(prefix, encoding(name), body, decode.Limits{})
					if err != nil || string(got[:6]) != "before" || !bytes.Equal(got[6:], text) {
						t.Fatalf("%d bytes, want %d: %v", len(got)-6, len(text), err)
					}
				}
				if !bytes.Equal(body, before) {
					t.Error("the body was changed")
				}
				// At the limit and one below it.
				if _, err := i.Inflate(nil, encoding(name), body, decode.Limits{Max: max(len(text), 1)}); err != nil {
					t.Errorf("exactly at the limit: %v", err)
				}
				if len(text) > 1 {
					got, err := i.Inflate(prefix, encoding(name), body, decode.Limits{Max: len(text) - 1})
					if !errors.Is(err, decode.ErrTooLarge) || string(got) != "before" {
						t.Errorf("one beyond the limit: %d bytes, %v", len(got), err)
					}
				}
			})
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	var i decode.Inflater
	zipped := encoders(t)["gzip"].encode(t, []byte("text"))
	for name, want := range map[string]error{
		"gzip": nil, "GZip": nil, " gzip\t": nil, "x-gzip": nil,
		"gzip, gzip": decode.ErrNested, "gzip,": decode.ErrNested, "identity, gzip": decode.ErrNested, "gzip,identity": decode.ErrNested, ",": decode.ErrNested,
		"compress": decode.ErrUnsupported, "gzip;q=1": decode.ErrUnsupported, "*": decode.ErrUnsupported, "gzip gzip": decode.ErrUnsupported,
		"deflate": decode.ErrMalformed, "zstd": decode.ErrMalformed,
	} {
		got, err := i.Inflate(nil, name, zipped, decode.Limits{})
		if !errors.Is(err, want) || err == nil && string(got) != "text" {
			t.Errorf("%q: %q, %v, want %v", name, got, err, want)
		}
	}
	for _, name := range []string{"", "identity", "Identity"} {
		got, err := i.Inflate([]byte("a"), name, []byte("bc"), decode.Limits{Max: 2})
		if string(got) != "abc" || err != nil {
			t.Errorf("%q: %q, %v", name, got, err)
		}
		if got, err := i.Inflate([]byte("a"), name, []byte("bc"), decode.Limits{Max: 1}); !errors.Is(err, decode.ErrTooLarge) || string(got) != "a" {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

// TestMalformed cuts encoded bodies at every place, puts something behind it, and changes its end.
func TestMalformed(t *testing.T) {
	t.Parallel()
	var i decode.Inflater
	all := texts()
	for name, e := range encoders(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count := 0
			refused := func(what string, body []byte) {
				t.Helper()
				count++
				if got, err := i.Inflate(nil, encoding(name), body, decode.Limits{}); !errors.Is(err, decode.ErrMalformed) || len(got) > 0 {
					t.Errorf("%s: %d bytes, %v", what, len(got), err)
				}
			}
			for _, kind := range []string{"empty", "short", "json"} {
				body := e.encode(t, all[kind])
				for cut := range len(body) {
					if len(body) > 2000 && cut%499 != 0 && cut < len(body)-20 {
						continue
					}
					refused(fmt.Sprintf("%s cut at %d of %d", kind, cut, len(body)), body[:cut])
				}
				for _, tail := range []string{"\x00", "\n", "x", "xx", "xxx", "xxxx", "\x00\x00\x00\x00\x00\x00\x00\x00\x00", strings.Repeat("\x00", 40)} {
					refused(fmt.Sprintf("%s and %q", kind, tail), append(bytes.Clone(body), tail...))
				}
			}
			if encoding(name) != "br" && name != "deflate bare" && name != "deflate stored" { // these have no checksum
				body := e.encode(t, all["json"])
				end := len(body) - 1
				if name == "gzip" {
					end -= 4 // of the checksum, not of the size
				}
				body[end] ^= 1
				refused("a changed checksum", body)
			}
			t.Logf("%d bodies refused", count)
		})
	}
	// What follows exactly at the end of the reader's own buffer.
	random := all["random"]
	for n := 32<<10 - 40; n < 32<<10; n++ {
		body := encoders(t)["br fast"].encode(t, random[:n])
		if len(body) == 32<<10 {
			if got, err := i.Inflate(nil, "br", append(body, 'x'), decode.Limits{}); !errors.Is(err, decode.ErrMalformed) {
				t.Errorf("behind the buffer: %d bytes, %v", len(got), err)
			}
			return
		}
	}
	t.Error("no br body of 32 KiB was made")
}

// TestMembers: gzip members and zstd frames that follow each other are one body.
func TestMembers(t *testing.T) {
	t.Parallel()
	var i decode.Inflater
	for _, name := range []string{"gzip", "zstd", "zstd single"} {
		e := encoders(t)[name]
		body := append(e.encode(t, []byte("one ")), e.encode(t, []byte("two "))...)
		body = append(append(body, e.encode(t)...), e.encode(t, []byte("three"))...)
		got, err := i.Inflate(nil, encoding(name), body, decode.Limits{})
		if string(got) != "one two three" || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if _, err := i.Inflate(nil, encoding(name), body, decode.Limits{Max: 12}); !errors.Is(err, decode.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRatio: below 64 KiB proportion does not matter, above it does.
func TestRatio(t *testing.T) {
	t.Parallel()
	var i decode.Inflater
	for name, e := range encoders(t) {
		if name == "deflate stored" {
			continue
		}
		if _, err := i.Inflate(nil, encoding(name), e.encode(t, make([]byte, 64<<10)), decode.Limits{}); err != nil {
			t.Errorf("%s, 64 KiB of zeros: %v", name, err)
		}
		large := e.encode(t, make([]byte, 1<<20))
		if _, err := i.Inflate(nil, encoding(name), large, decode.Limits{}); !errors.Is(err, decode.ErrRatio) {
			t.Errorf("%s, 1 MiB of zeros: %v", name, err)
		}
		if got, err := i.Inflate(nil, encoding(name), large, decode.Limits{Ratio: 1 << 20}); err != nil || len(got) != 1<<20 {
			t.Errorf("%s, 1 MiB of zeros where allowed: %v", name, err)
		}
		if _, err := i.Inflate(nil, encoding(name), large, decode.Limits{Ratio: 1 << 30, Max: 1<<20 - 1}); !errors.Is(err, decode.ErrTooLarge) {
			t.Errorf("%s, 1 MiB of zeros, one byte too many: %v", name, err)
		}
	}
}

// TestWindows: what asks for more memory than it may is refused, whatever it holds.
func TestWindows(t *testing.T) {
	t.Parallel()
	var i decode.Inflater
	text := texts()["json"]
	for bits := 10; bits <= 24; bits++ {
		var out bytes.Buffer
		w := brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: 5, LGWin: bits})
		_, _ = w.Write(text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := i.Inflate(nil, "br", out.Bytes(), decode.Limits{})
		if bits <= 22 && (err != nil || !bytes.Equal(got, text)) || bits > 22 && !errors.Is(err, decode.ErrUnsupported) {
			t.Errorf("br, 2^%d: %v", bits, err)
		}
	}
	for _, size := range []int{1 << 10, 8 << 20} {
		var body bytes.Buffer
		w, err := zstd.NewWriter(&body, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(size))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(text)
		if err := w.Flush(); err != nil { // so that the size is not known in the header
			t.Fatal(err)
		}
		_, _ = w.Write(text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := i.Inflate(nil, "zstd", body.Bytes(), decode.Limits{})
		if err != nil || len(got) != 2*len(text) {
			t.Errorf("zstd, %d: %d bytes, %v", size, len(got), err)
		}
		for bits := 24; bits <= 41; bits++ { // the same with a larger window in its header
			large := bytes.Clone(body.Bytes())
			large[5] = byte(bits-10) << 3
			if _, err := i.Inflate(nil, "zstd", large, decode.Limits{}); !errors.Is(err, decode.ErrUnsupported) {
				t.Errorf("zstd, 2^%d: %v", bits, err)
			}
		}
	}
}

// TestReuse gives every kind of bad body to an inflater and a good one afterwards: nothing of the one is
// left for the other.
func TestReuse(t *testing.T) {
	t.Parallel()
	good := texts()["json"][:20000]
	for name, e := range encoders(t) {
		var i decode.Inflater
		body := e.encode(t, good)
		other := e.encode(t, []byte("other"))
		for what, bad := range map[string][]byte{
			"rest": append(bytes.Clone(other), "rest"...), "doubled": append(bytes.Clone(other), other...), "cut": body[:len(body)/2],
			"empty": {}, "large": e.encode(t, make([]byte, 1<<20)), "other": []byte("\x1f\x8b no such thing"), "behind": append(bytes.Clone(body), body...),
		} {
			for range 3 {
				_, _ = i.Inflate(nil, encoding(name), bad, decode.Limits{})
				if got, err := i.Inflate(nil, encoding(name), body, decode.Limits{}); err != nil || !bytes.Equal(got, good) {
					t.Errorf("%s after %s: %d bytes, %v", name, what, len(got), err)
				}
			}
		}
	}
}

// TestConcurrent uses one inflater from many goroutines: no result holds a byte of another.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	var i decode.Inflater
	type job struct {
		name       string
		body, text []byte
	}
	var jobs []job
	for name, e := range encoders(t) {
		for n := range 3 {
			text := bytes.Repeat([]byte{byte('a' + len(jobs)%26)}, 1000*(n+1))
			jobs = append(jobs, job{name, e.encode(t, text), text})
		}
		bad := e.encode(t, texts()["json"])
		jobs = append(jobs, job{name, bad[:len(bad)/2], nil})
	}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			var buf []byte
			for n := range 2 * len(jobs) {
				j := jobs[(n*7+worker*13)%len(jobs)]
				got, err := i.Inflate(buf[:0], encoding(j.name), j.body, decode.Limits{})
				if !bytes.Equal(got, j.text) || (err == nil) != (j.text != nil) {
					t.Errorf("%s: %d bytes, %v", j.name, len(got), err)
				}
				buf = got
			}
		})
	}
	all.Wait()
}

package decode_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/penstock/penstock/ingress/decode"
)

// FuzzDecompress holds the result against the libraries without our bounds.
func FuzzDecompress(f *testing.F) {
	for name, e := range encoders(f) {
		for _, text := range []string{"", "x", `{"a":[1,2,3]}`} {
			f.Add(encoding(name), e.encode(f, []byte(text)))
			f.Add(encoding(name), append(e.encode(f, []byte(text)), e.encode(f, []byte(text))...))
		}
		f.Add(encoding(name), e.encode(f, make([]byte, 100<<10)))
	}
	f.Add("gzip, br", []byte("x"))
	f.Add("zstd", zstdRepeats(false)[:200])
	var i decode.Inflater
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		const limit = 128 << 10
		got, err := i.Inflate([]byte("before"), name, body, decode.Limits{Max: limit, Ratio: 1000})
		if string(got[:6]) != "before" {
			t.Fatal("what was there before is lost")
		}
		again, err2 := i.Inflate(nil, name, body, decode.Limits{Max: limit, Ratio: 1000})
		if !errors.Is(err2, err) || !bytes.Equal(got[6:], again) {
			t.Fatalf("%q: %d bytes, %v, and again %d bytes, %v", name, len(got)-6, err, len(again), err2)
		}
		switch {
		case err == nil && len(got)-6 > limit:
			t.Fatalf("%q: %d bytes", name, len(got)-6)
		case err != nil && len(got) > 6:
			t.Fatalf("%q: %d bytes and %v", name, len(got)-6, err)
		}
		theirs, ok := reference(name, body, limit)
		if err == nil && (!ok || !bytes.Equal(theirs, got[6:])) {
			t.Fatalf("%q: we give %d bytes, the library %d (%v)", name, len(got)-6, len(theirs), ok)
		}
		// In deflate we refuse more: what follows the end.
		if errors.Is(err, decode.ErrMalformed) && ok && len(theirs) > 0 && len(theirs) <= limit && !strings.Contains(strings.ToLower(name), "deflate") {
			t.Fatalf("%q: we refuse what the library takes as %d bytes", name, len(theirs))
		}
	})
}

// reference inflates with the libraries' plain readers.
func reference(name string, body []byte, limit int64) ([]byte, bool) {
	var r io.Reader
	var err error
	switch strings.ToLower(strings.Trim(name, " \t")) {
	case "", "identity":
		return body, true
	case "br":
		r = brotli.NewReader(bytes.NewReader(body))
	case "zstd":
		var z *zstd.Decoder
		if z, err = zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20)); err == nil {
			defer z.Close()
			r = z
		}
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(bytes.NewReader(body))
	case "deflate":
		if r, err = zlib.NewReader(bytes.NewReader(body)); err != nil {
			r, err = flate.NewReader(bytes.NewReader(body)), nil
		}
	default:
		return nil, false
	}
	if err != nil {
		return nil, false
	}
	out, err := io.ReadAll(io.LimitReader(r, limit+1))
	return out, err == nil
}

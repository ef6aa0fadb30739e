package ingress_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/webhook"
)

// bomb gives about 0.8 MB that inflate to 800 MB: one compressed piece of 8 MB, a hundred times.
func bomb(t *testing.T, compress func(io.Writer) io.WriteCloser) string {
	t.Helper()
	var piece bytes.Buffer
	w := compress(&piece)
	if _, err := w.Write(make([]byte, 8<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.Repeat(piece.String(), 100)
}

// TestRawHTTPBomb: a small body that would become a huge one is refused, before its proof without inflating
// anything, after it within the limits. It does not run beside other tests, because it counts what the process allocates.
func TestRawHTTPBomb(t *testing.T) {
	w := open(t, ingress.Options{Failures: many})
	plain := w.put(webhook.Webhook{MaxPayloadLength: webhook.MaxMaxPayloadLength}).token
	raw := w.put(webhook.Webhook{MaxPayloadLength: webhook.MaxMaxPayloadLength, PayloadType: webhook.Raw}).token
	signed := w.put(webhook.Webhook{MaxPayloadLength: webhook.MaxMaxPayloadLength, Verify: webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}, Secrets: []webhook.Secret{{Ref: "k"}}}}).token
	zipped := bomb(t, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	for name, c := range map[string]struct {
		encoding, path, body, sig string
		status                    int
	}{
		"gzip":              {"gzip", plain, zipped, "", 413},
		"gzip of raw":       {"gzip", raw, zipped, "", 413},
		"gzip, proven":      {"gzip", signed, zipped, sign("k", zipped), 413},
		"gzip, unproven":    {"gzip", signed, zipped, "", 401},
		"gzip, unknown":     {"gzip", strings.Repeat("0", 36), zipped[:400_000], "", 401},
		"gzip twice":        {"gzip, gzip", plain, zipped, "", 415},
		"gzip in two lines": {"identity\r\nContent-Encoding: gzip", plain, zipped, "", 413},
		"upper case":        {"GZIP", plain, zipped, "", 413},
		"deflate":           {"deflate", plain, bomb(t, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }), "", 400},
		"br":                {"br", plain, bomb(t, func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) }), "", 413},
		"zstd": {"zstd", plain, bomb(t, func(w io.Writer) io.WriteCloser {
			z, err := zstd.NewWriter(w)
			if err != nil {
				t.Fatal(err)
			}
			return z
		}), "", 413},
		"no inflatable data": {"gzip", plain, "not gzip", "", 400},
		"unknown encoding":   {"compress", plain, "x", "", 415},
	} {
		head := fmt.Sprintf("POST /hooks/%s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: %s\r\nContent-Length: %d\r\nConnection: close\r\n", c.path, c.encoding, len(c.body))
		if c.sig != "" {
			head += "X-Sig: " + c.sig + "\r\n"
		}
		text := head + "\r\n" + c.body
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := w.raw(text)
		runtime.ReadMemStats(&after)
		if !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d ", c.status)) {
			t.Errorf("%s: %.100q, want %d", name, got, c.status)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 32<<20 {
			t.Errorf("%s: %d bytes on the wire took %d MiB", name, len(c.body), n>>20)
		} else {
			t.Logf("%s: %d bytes on the wire took %d KiB", name, len(c.body), n>>10)
		}
		if n := len(w.taken()); n != 0 {
			t.Errorf("%s: %d events", name, n)
		}
	}
	// Ignored bodies are neither looked at nor inflated.
	ignore := w.put(webhook.Webhook{MaxPayloadLength: webhook.MaxMaxPayloadLength, PayloadType: webhook.Ignore}).token
	if a := w.do("POST", "/hooks/"+ignore, zipped, "Content-Encoding: gzip"); a.StatusCode != 200 {
		t.Errorf("ignored: %d", a.StatusCode)
	}
}

// TestRawHTTPHugeChunks: a body without an announced length is cut off at the server's limit.
func TestRawHTTPHugeChunks(t *testing.T) {
	w := open(t, ingress.Options{Failures: many})
	token := w.put(webhook.Webhook{}).token
	c := dial(t, w.addr)
	send(t, c, "POST /hooks/"+token+" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	answered := make(chan string, 1)
	go func() {
		got, _ := io.ReadAll(c)
		answered <- string(got)
	}()
	chunk := "100000\r\n" + strings.Repeat("x", 1<<20) + "\r\n"
	sent := 0
	for range 1024 {
		if _, err := io.WriteString(c, chunk); err != nil {
			break
		}
		sent++
	}
	got := <-answered
	runtime.ReadMemStats(&after)
	if got != "" && !strings.HasPrefix(got, "HTTP/1.1 413 ") || sent > 64 {
		t.Errorf("%d MiB were taken, answer %.60q", sent, got)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
		t.Errorf("the flood took %d MiB", n>>20)
	}
	if n := len(w.taken()); n != 0 {
		t.Errorf("%d events", n)
	}
}

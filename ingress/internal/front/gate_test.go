package front_test

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress/internal/front"
)

const maxFields = 100

func TestCheckFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		protocol, raw, reason string
	}{
		"sound":                          {"HTTP/1.1", "Host: a\r\nContent-Length: 0\r\n\r\n", ""},
		"chunked":                        {"HTTP/1.1", "Host: a\r\nTransfer-Encoding: Chunked\r\n\r\n", ""},
		"tab in a value":                 {"HTTP/1.1", "Host: a\r\nX-A: b\tc\r\n\r\n", ""},
		"byte beyond ASCII in a value":   {"HTTP/1.1", "Host: a\r\nX-A: \xe4\r\n\r\n", ""},
		"HTTP/1.0":                       {"HTTP/1.0", "Host: a\r\n\r\n", ""},
		"HTTP/1.0 chunked":               {"HTTP/1.0", "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n", "header.transfer_encoding"},
		"HTTP/2.0":                       {"HTTP/2.0", "Host: a\r\n\r\n", "http.version"},
		"HTTP/1.1 in lower case":         {"http/1.1", "Host: a\r\n\r\n", "http.version"},
		"length and encoding":            {"HTTP/1.1", "Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "header.framing"},
		"lengths in two letter cases":    {"HTTP/1.1", "Host: a\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\n", "header.content_length"},
		"length empty":                   {"HTTP/1.1", "Host: a\r\nContent-Length: \r\n\r\n", "header.content_length"},
		"length with digits of Unicode":  {"HTTP/1.1", "Host: a\r\nContent-Length: ２\r\n\r\n", "header.content_length"},
		"encoding gzip, chunked":         {"HTTP/1.1", "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "header.transfer_encoding"},
		"encoding identity":              {"HTTP/1.1", "Host: a\r\nTransfer-Encoding: identity\r\n\r\n", "header.transfer_encoding"},
		"space before the colon":         {"HTTP/1.1", "Host: a\r\nTransfer-Encoding : chunked\r\n\r\n", "header.name"},
		"tab before the colon":           {"HTTP/1.1", "Host\t: a\r\n\r\n", "header.name"},
		"no colon":                       {"HTTP/1.1", "Host: a\r\nX\r\n\r\n", "header.name"},
		"no name":                        {"HTTP/1.1", "Host: a\r\n: x\r\n\r\n", "header.name"},
		"folded by a space":              {"HTTP/1.1", "Host: a\r\nX: a\r\n b\r\n\r\n", "header.folded"},
		"folded by a tab":                {"HTTP/1.1", "Host: a\r\nX: a\r\n\tb\r\n\r\n", "header.folded"},
		"folded first line":              {"HTTP/1.1", " Host: a\r\n\r\n", "header.folded"},
		"bare line feed":                 {"HTTP/1.1", "Host: a\nX: b\r\n\r\n", "http.line_end"},
		"bare line feed at the end":      {"HTTP/1.1", "Host: a\r\n\n", "http.line_end"},
		"no line end":                    {"HTTP/1.1", "Host: a", "http.line_end"},
		"something behind the end":       {"HTTP/1.1", "Host: a\r\n\r\nX: b\r\n\r\n", "http.line_end"},
		"carriage return in a value":     {"HTTP/1.1", "Host: a\r\nX: b\rc\r\n\r\n", "header.value"},
		"NUL in a value":                 {"HTTP/1.1", "Host: a\r\nX: b\x00\r\n\r\n", "header.value"},
		"delete in a value":              {"HTTP/1.1", "Host: a\r\nX: b\x7f\r\n\r\n", "header.value"},
		"control in a name":              {"HTTP/1.1", "Host: a\r\nX\x01: b\r\n\r\n", "header.name"},
		"byte beyond ASCII in a name":    {"HTTP/1.1", "Host: a\r\nX\xe4: b\r\n\r\n", "header.name"},
		"two hosts":                      {"HTTP/1.1", "Host: a\r\nhost: a\r\n\r\n", "header.host"},
		"two content types":              {"HTTP/1.1", "Host: a\r\nContent-Type: a/b\r\ncontent-type: a/b\r\n\r\n", "header.content_type"},
		"no host":                        {"HTTP/1.1", "X: a\r\n\r\n", "header.host"},
		"empty host":                     {"HTTP/1.1", "Host: \r\n\r\n", "header.host"},
		"no fields":                      {"HTTP/1.1", "\r\n", "header.host"},
		"nothing":                        {"HTTP/1.1", "", "http.line_end"},
		"no empty line":                  {"HTTP/1.1", "Host: a\r\n", "http.line_end"},
		"as many fields as are allowed":  {"HTTP/1.1", "Host: a\r\n" + strings.Repeat("X: a\r\n", maxFields-1) + "\r\n", ""},
		"one field more than is allowed": {"HTTP/1.1", "Host: a\r\n" + strings.Repeat("X: a\r\n", maxFields) + "\r\n", "header.many"},
	} {
		v := front.Check([]byte("POST"), []byte("/"), []byte(c.protocol), []byte(c.raw), maxFields)
		if v.Reason != c.reason || (v.Status == 0) != (c.reason == "") {
			t.Errorf("%s: %+v, want %q", name, v, c.reason)
		}
	}
}

// FuzzHeaderGate: the gate does not panic, and what it passes, net/http reads too, with one host and one
// framing.
func FuzzHeaderGate(f *testing.F) {
	f.Add("POST", "/a?b", "HTTP/1.1", "Host: a\r\nContent-Length: 3\r\n")
	f.Add("GET", "/", "HTTP/1.0", "Host: a\r\nX-A: b\r\n")
	f.Add("POST", "/", "HTTP/1.1", "Host: a\r\nTransfer-Encoding: chunked\r\n")
	f.Fuzz(func(t *testing.T, method, target, protocol, block string) {
		raw := block + "\r\n"
		v := front.Check([]byte(method), []byte(target), []byte(protocol), []byte(raw), maxFields)
		if v.Status != 0 {
			return
		}
		text := method + " " + target + " " + protocol + "\r\n" + raw
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			// net/http reads percent escapes and the host's form here; the gate leaves both to others.
			if strings.Contains(err.Error(), "invalid URL escape") || strings.Contains(err.Error(), "malformed Host") || strings.Contains(err.Error(), "invalid port") {
				return
			}
			t.Fatalf("net/http refuses what the gate passes: %v in %q", err, text)
		}
		if chunked := len(r.TransferEncoding) == 1; chunked && r.Header.Get("Content-Length") != "" || len(r.TransferEncoding) > 1 {
			t.Fatalf("two framings in %q", text)
		}
		if r.Method != method || r.Proto != protocol || bytes.ContainsAny([]byte(target), " \r\n") {
			t.Fatalf("read differently: %q", text)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	raw := []byte("Host: door.example\r\nUser-Agent: GitHub-Hookshot/abcdef\r\nAccept: */*\r\nContent-Type: application/json\r\n" +
		"X-GitHub-Event: push\r\nX-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958\r\nX-Hub-Signature-256: sha256=" +
		strings.Repeat("a", 64) + "\r\nContent-Length: 1024\r\n\r\n")
	method, target, protocol := []byte("POST"), []byte("/hooks/0123456789abcdef"), []byte("HTTP/1.1")
	b.ReportAllocs()
	for b.Loop() {
		if v := front.Check(method, target, protocol, raw, maxFields); v.Status != 0 {
			b.Fatal(v)
		}
	}
}

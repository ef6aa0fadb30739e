package ingress_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/webhook"
)

// TestRawHTTPMalformed sends the 26 malformed, ambiguous or unusual requests over real sockets, each
// followed by a second, sound request that a confused server would serve. None but the plain GET with
// a body reaches a handler.
func TestRawHTTPMalformed(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	token := w.put(webhook.Webhook{}).token
	post := func(head, rest string) string {
		return "POST /hooks/" + token + " HTTP/1.1\r\n" + head + "\r\n" + rest
	}
	cases := []struct {
		name, text string
		reaches    bool
	}{
		{"content length and transfer encoding", post("Host: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), false},
		{"two content lengths that differ", post("Host: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n", "abc"), false},
		{"two content lengths that agree", post("Host: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n", "ab"), false},
		{"two transfer encodings", post("Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), false},
		{"identity, chunked", post("Host: a\r\nTransfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"), false},
		{"line feed in a chunk extension", post("Host: a\r\nTransfer-Encoding: chunked\r\n", "2;a=\nb\r\nab\r\n0\r\n\r\n"), false},
		{"chunk size with 0x", post("Host: a\r\nTransfer-Encoding: chunked\r\n", "0x2\r\nab\r\n0\r\n\r\n"), false},
		{"bare line feeds", "POST /hooks/" + token + " HTTP/1.1\nHost: a\nContent-Length: 2\n\nab", false},
		{"folded line", post("Host: a\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n", "ab"), false},
		{"two hosts", post("Host: a\r\nHost: b\r\nContent-Length: 2\r\n", "ab"), false},
		{"no host", post("Content-Length: 2\r\n", "ab"), false},
		{"NUL in a value", post("Host: a\r\nX-A: b\x00c\r\nContent-Length: 2\r\n", "ab"), false},
		{"bare CR in a value", post("Host: a\r\nX-A: b\rc\r\nContent-Length: 2\r\n", "ab"), false},
		{"control byte in a name", post("Host: a\r\nX-\x01A: b\r\nContent-Length: 2\r\n", "ab"), false},
		{"space in the request line", "POST /hooks/" + token + " x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", false},
		{"CR in the request line", "POST /hooks/" + token + "\r HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", false},
		{"HTTP/1.0 with transfer encoding", "POST /hooks/" + token + " HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", false},
		{"HTTP/9.9", "POST /hooks/" + token + " HTTP/9.9\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", false},
		{"transfer encoding with a space before the colon", post("Host: a\r\nTransfer-Encoding : chunked\r\n", "2\r\nab\r\n0\r\n\r\n"), false},
		{"xchunked", post("Host: a\r\nTransfer-Encoding: xchunked\r\n", "2\r\nab\r\n0\r\n\r\n"), false},
		{"content length +2", post("Host: a\r\nContent-Length: +2\r\n", "ab"), false},
		{"content length 2,2", post("Host: a\r\nContent-Length: 2,2\r\n", "ab"), false},
		{"content length negative", post("Host: a\r\nContent-Length: -2\r\n", "ab"), false},
		{"content length overflow", post("Host: a\r\nContent-Length: 18446744073709551618\r\n", "ab"), false},
		{"content length in a trailer", post("Host: a\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n", "2\r\nab\r\n0\r\nContent-Length: 5\r\n\r\n"), false},
		{"plain GET with a body", "GET /hooks/" + token + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab", true},
	}
	if len(cases) != 26 {
		t.Fatalf("%d cases, want 26", len(cases))
	}
	const second = "second.request"
	w.putToken(webhook.Webhook{EventKey: second}, strings.Repeat("2", 36))
	smuggled := "POST /hooks/" + strings.Repeat("2", 36) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
	reached := 0
	for _, c := range cases {
		got := w.raw(c.text + smuggled)
		events := w.taken()
		if c.reaches {
			if len(events) != 1 || events[0].Key == second || !strings.HasPrefix(got, "HTTP/1.1 200") {
				t.Errorf("%s: %d events, answer %.60q", c.name, len(events), got)
			}
			reached++
			continue
		}
		if len(events) > 0 {
			t.Errorf("%s: reached a handler with %s", c.name, events[0].Key)
		}
		if got != "" && (strings.Count(got, "HTTP/1.1 ") != 1 || !strings.HasPrefix(got, "HTTP/1.1 4") || !strings.Contains(got, "Connection: close\r\n")) {
			t.Errorf("%s: answer %.200q", c.name, got)
		}
	}
	t.Logf("%d of %d requests reached a handler", reached, len(cases))
}

// TestRawHTTPGate holds each further rule of the gate, with the reason that the operator sees.
func TestRawHTTPGate(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	token := w.put(webhook.Webhook{}).token
	post := func(head string) string {
		return "POST /hooks/" + token + " HTTP/1.1\r\n" + head + "Connection: close\r\n\r\n"
	}
	line := func(line string) string { return line + "\r\nHost: a\r\nContent-Length: 0\r\n\r\n" }
	for name, c := range map[string]struct {
		text   string
		status int
		reason string
	}{
		"sound":                        {post("Host: a\r\nContent-Length: 0\r\n"), 200, ""},
		"100 fields":                   {post("Host: a\r\nContent-Length: 0\r\n" + strings.Repeat("X-A: b\r\n", 97)), 200, ""},
		"101 fields":                   {post("Host: a\r\nContent-Length: 0\r\n" + strings.Repeat("X-A: b\r\n", 98)), 431, "header.many"},
		"head over the buffer":         {post("Host: a\r\nX-A: " + strings.Repeat("b", 9000) + "\r\n"), 431, "header.large"},
		"absolute target":              {line("POST http://evil.example/hooks/" + token + " HTTP/1.1"), 400, "http.target"},
		"asterisk target":              {line("OPTIONS * HTTP/1.1"), 400, "http.target"},
		"fragment":                     {line("POST /hooks/" + token + "#x HTTP/1.1"), 400, "http.target"},
		"backslash":                    {line("POST /hooks\\" + token + " HTTP/1.1"), 400, "http.target"},
		"byte beyond ASCII":            {line("POST /hooks/\xff" + token + " HTTP/1.1"), 400, "http.target"},
		"method of our own":            {line("BREW /hooks/" + token + " HTTP/1.1"), 400, "http.method"},
		"method in lower case":         {line("post /hooks/" + token + " HTTP/1.1"), 400, "http.method"},
		"empty host":                   {post("Host: \r\nContent-Length: 0\r\n"), 400, ""},
		"two slashes":                  {line("POST //hooks/" + token + " HTTP/1.1"), 404, "http.route"},
		"dot segment":                  {line("POST /./hooks/" + token + " HTTP/1.1"), 404, "http.route"},
		"encoded dot segments":         {line("POST /x/%2e%2e/hooks/" + token + " HTTP/1.1"), 404, "http.route"},
		"encoded slash":                {line("POST /hooks%2f" + token + " HTTP/1.1"), 404, "http.route"},
		"encoded NUL":                  {line("POST /%00 HTTP/1.1"), 404, "http.route"},
		"other letter case":            {line("POST /Hooks/" + token + " HTTP/1.1"), 404, "http.route"},
		"slash behind":                 {line("POST /hooks/" + token + "/ HTTP/1.1"), 401, "token.unknown"},
		"dots behind":                  {line("POST /hooks/x/../" + token + " HTTP/1.1"), 401, "token.unknown"},
		"debug":                        {line("GET /debug/pprof/ HTTP/1.1"), 404, "http.route"},
		"health is not here":           {line("GET /health HTTP/1.1"), 404, "http.route"},
		"admin is not here":            {line("GET /api/v3/health HTTP/1.1"), 404, "http.route"},
		"body over the server's limit": {post("Host: a\r\nContent-Length: 5000000\r\n"), 413, "body.large"},
		"tab before a colon":           {post("Host: a\r\nContent-Length\t: 0\r\n"), 400, ""},
		"field without a colon":        {post("Host: a\r\nContent-Length: 0\r\nX-A\r\n"), 400, ""},
		"field without a name":         {post("Host: a\r\nContent-Length: 0\r\n: b\r\n"), 400, ""},
		"chunk size overflow":          {post("Host: a\r\nTransfer-Encoding: chunked\r\n") + "10000000000000002\r\nab\r\n0\r\n\r\n", 400, ""},
		"chunk size with a sign":       {post("Host: a\r\nTransfer-Encoding: chunked\r\n") + "+2\r\nab\r\n0\r\n\r\n", 400, ""},
		"chunk shorter than it says":   {post("Host: a\r\nTransfer-Encoding: chunked\r\n") + "5\r\nab\r\n0\r\n\r\n", 400, ""},
	} {
		got := w.raw(c.text)
		if !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d ", c.status)) {
			t.Errorf("%s: answer %.100q, want %d", name, got, c.status)
		}
		if events := len(w.taken()); (events == 1) != (c.status == 200) {
			t.Errorf("%s: %d events", name, events)
		}
		rejects := w.refused()
		if c.status == 200 {
			continue
		}
		if len(rejects) != 1 || c.reason != "" && rejects[0].Reason != c.reason {
			t.Errorf("%s: refusals %+v, want one for %q", name, rejects, c.reason)
		}
		if c.status == 400 && !strings.Contains(got, "Connection: close\r\n") {
			t.Errorf("%s: the connection stays open", name)
		}
	}
}

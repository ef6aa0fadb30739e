package judge_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/judge"
	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

const secret = "a secret of the sender"

func setup(t testing.TB, preset string) judge.Setup {
	t.Helper()
	presets, err := verify.Load()
	if err != nil {
		t.Fatal(err)
	}
	return judge.Setup{
		Presets: presets, Verify: webhook.Verify{Preset: preset}, Now: time.Unix(1_700_000_000, 0),
		Material: verify.Material{Secrets: []verify.Secret{{Text: []byte(secret)}}},
	}
}

func signed(text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func bodySigned(signature, body string) string {
	return fmt.Sprintf("POST /hooks/x HTTP/1.1\r\nHost: a.example\r\nX-Signature: %s\r\nContent-Length: %d\r\n\r\n%s", signature, len(body), body)
}

func TestExplainBodies(t *testing.T) {
	t.Parallel()
	const body = `{"a":[1,2],"b":{"c":"x/y <z>"},"n":1.50}`
	indented := "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {\n    \"c\": \"x/y <z>\"\n  },\n  \"n\": 1.50\n}"
	for _, c := range []struct{ name, sent, got, cause string }{
		{"line feed added", body, body + "\n", "body.newline"},
		{"line feed lost", body + "\n", body, "body.newline"},
		{"CRLF lost", body + "\r\n", body, "body.newline"},
		{"LF to CRLF", "a\nb", "a\r\nb", "body.line_ends"},
		{"CRLF to LF", "a\r\nb", "a\nb", "body.line_ends"},
		{"byte order mark", body, "\ufeff" + body, "body.bom"},
		{"spaces added", body, `{"a": [1, 2], "b": {"c": "x/y <z>"}, "n": 1.50}`, "body.reserialised"},
		{"spaces lost", `{"a": [1, 2], "b": {"c": "x/y <z>"}, "n": 1.50}`, body, "body.reserialised"},
		{"indentation added", body, indented, "body.reserialised"},
		{"indentation lost", indented, body, "body.reserialised"},
		{"slashes escaped", body, strings.ReplaceAll(body, "/", `\/`), "body.reserialised"},
		{"angle brackets escaped", body, strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(body), "body.reserialised"},
		{"fields sorted", `{"a":1,"b":2}`, `{"b":2,"a":1}`, "body.reserialised"},
		{"all signed as empty", "", body, "body.empty"},
		{"something else", body, `{"a":[1,3]}`, "secret.wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, "hmac")
			s.Verify.Options = webhook.Options{"header": {"X-Signature"}}
			expect(t, bodySigned(signed(c.sent), c.got), s, "signature.mismatch", c.cause)
		})
	}
}

func TestExplainSecrets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, given, cause string }{
		{"white space", " " + secret + "\n", "secret.whitespace"},
		{"quotation marks", `"` + secret + `"`, "secret.quotes"},
		{"letter case", strings.ToUpper(secret), "secret.case"},
		{"base64", base64.StdEncoding.EncodeToString([]byte(secret)), "secret.base64"},
		{"hex", hex.EncodeToString([]byte(secret)), "secret.hex"},
		{"prefix", "whsec_" + secret, "secret.prefix"},
		{"another", "another", "secret.wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, "hmac")
			s.Verify.Options = webhook.Options{"header": {"X-Signature"}}
			s.Material.Secrets[0].Text = []byte(c.given)
			expect(t, bodySigned(signed("body"), "body"), s, "signature.mismatch", c.cause)
		})
	}
}

// The signature of Twilio covers the address as the sender knows it.
func TestExplainAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, signed, configured, cause string }{
		{"scheme", "https://a.example/hooks/x", "http://a.example", "url.scheme"},
		{"host", "https://a.example/hooks/x", "https://inside.example", "url.host"},
		{"host and scheme", "http://a.example/hooks/x", "https://inside.example", "url.host"},
		{"slash", "https://a.example/hooks/x/", "https://a.example", "url.slash"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mac := hmac.New(sha1.New, []byte(secret))
			mac.Write([]byte(c.signed + "Ab"))
			raw := fmt.Sprintf("POST /hooks/x HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
				"X-Twilio-Signature: %s\r\nContent-Length: 3\r\n\r\nA=b", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
			s := setup(t, "twilio")
			s.URL = c.configured
			expect(t, raw, s, "signature.mismatch", c.cause)
			s.URL = c.signed
			expect(t, raw, s, "", "")
		})
	}
}

func TestExplainClock(t *testing.T) {
	t.Parallel()
	raw := func(at int64) string {
		return fmt.Sprintf("POST /x HTTP/1.1\r\nHost: a\r\nStripe-Signature: t=%d,v1=%s\r\nContent-Length: 2\r\n\r\n{}", at, signed(fmt.Sprintf("%d.{}", at)))
	}
	expect(t, raw(1_700_000_000-3600), setup(t, "stripe"), "timestamp.stale", "clock.skew")
	expect(t, raw(1_700_000_000+3600), setup(t, "stripe"), "timestamp.future", "clock.skew")
	expect(t, raw(1_700_000_000-100), setup(t, "stripe"), "", "")
}

func TestExplainOtherPreset(t *testing.T) {
	t.Parallel()
	raw := fmt.Sprintf("POST /x HTTP/1.1\r\nHost: a\r\nX-Hub-Signature-256: sha256=%s\r\nX-GitHub-Delivery: d\r\nContent-Length: 2\r\n\r\n{}", signed("{}"))
	expect(t, raw, setup(t, "stripe"), "signature.missing", "preset.other")
}

// expect judges the request and compares the reason and the first cause.
func expect(t *testing.T, raw string, s judge.Setup, reason, cause string) {
	t.Helper()
	r, err := judge.Read([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	v, err := r.Judge(s)
	if err != nil {
		t.Fatal(err)
	}
	if v.Reason != reason {
		t.Fatalf("the reason is %q, want %q", v.Reason, reason)
	}
	hints := r.Explain(s, v)
	got := ""
	if len(hints) > 0 {
		got = hints[0].Cause
	}
	if got != cause {
		t.Errorf("the causes are %v, want %q", hints, cause)
	}
	for _, h := range hints {
		if strings.Contains(h.Text, secret) {
			t.Errorf("the hint %q holds the secret", h.Text)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, raw, reason string }{
		{"LF and no length", "POST /x HTTP/1.1\nHost: a\nX-Signature: " + signed("ab") + "\n\nab", ""},
		{"chunked", "POST /x HTTP/1.1\r\nHost: a\r\nX-Signature: " + signed("ab") + "\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", ""},
		{"both framings", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nab", "header.framing"},
		{"two lengths", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", "header.content_length"},
		{"no host", "POST /x HTTP/1.1\r\nX-A: b\r\n\r\n", "header.host"},
		{"unknown version", "POST /x HTTP/3.0\r\nHost: a\r\n\r\n", "http.version"},
		{"absolute target", "POST http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", "http.target"},
		{"body too short", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab", "body.short"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, "hmac")
			s.Verify.Options = webhook.Options{"header": {"X-Signature"}}
			r, err := judge.Read([]byte(c.raw))
			if err != nil {
				t.Fatal(err)
			}
			if v, err := r.Judge(s); err != nil || v.Reason != c.reason {
				t.Errorf("the reason is %q (%v), want %q", v.Reason, err, c.reason)
			}
		})
	}
	for _, raw := range []string{"", "hello", "{\"a\":1}", "POST /x", "HTTP/1.1 200 OK\r\n\r\n"} {
		if _, err := judge.Read([]byte(raw)); err == nil {
			t.Errorf("%q was read as a request", raw)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"))
	f.Add([]byte("POST /x HTTP/1.1\nHost: a\n\nab"))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
	s := setup(f, "hmac")
	s.Verify.Options = webhook.Options{"header": {"X-Signature"}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := judge.Read(raw)
		if err != nil {
			return
		}
		v, err := r.Judge(s)
		if err != nil {
			t.Fatal(err)
		}
		if v.Accepted() {
			t.Error("a request without a secret's signature was accepted")
		}
		r.Explain(s, v)
	})
}

package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// FuzzTemplate: a template that is taken signs the body, and its literal text and nothing else.
func FuzzTemplate(f *testing.F) {
	f.Add("{id}.{timestamp}.{body}")
	f.Add("v0:{timestamp}:{body}")
	f.Add("{method}{url}{body}{timestamp}")
	f.Add("{{body}}")
	f.Add("{body")
	f.Fuzz(func(t *testing.T, text string) {
		signed, ok := verify.ParseTemplate(text, "BODY", "1700000000", "ID")
		if !ok {
			return
		}
		want := strings.NewReplacer("{body}", "BODY", "{timestamp}", "1700000000", "{id}", "ID", "{method}", "POST",
			"{url}", "https://pi.example/", "{path}", "/").Replace(text)
		if signed != want || !strings.Contains(text, "{body}") {
			t.Fatalf("%q signs %q, want %q", text, signed, want)
		}
	})
}

// FuzzQuery: a parameter is read as the standard library reads it, and never where it occurs twice.
func FuzzQuery(f *testing.F) {
	f.Add("/hook?hub.challenge=1158201444&hub.mode=subscribe", "hub.mode")
	f.Add("/?a=%zz&a=b", "a")
	f.Add("/?a=1&%61=2", "a")
	f.Add("/?a;b=1&a", "a")
	f.Fuzz(func(t *testing.T, target, name string) {
		if name == "" {
			return // no preset names such a parameter
		}
		got, n := verify.QueryValue(target, name)
		_, query, _ := strings.Cut(target, "?")
		query, _, _ = strings.Cut(query, "#")
		values, err := url.ParseQuery(query)
		if err != nil {
			return // the library has no answer then
		}
		if want := values[name]; len(want) != n || n > 0 && got != want[0] {
			t.Fatalf("%q in %q: %q %d times, want %q", name, target, got, n, want)
		}
	})
}

// FuzzBodyField: the stream finds in a body what a decoded tree has there.
func FuzzBodyField(f *testing.F) {
	f.Add([]byte(`{"event":{"id":"a\u0041"},"n":[1,{"x":2}]}`), "event.id")
	f.Add([]byte(`{"event":{"id":"a"},"n":[1,{"x":2}]}`), "n.1.x")
	f.Add([]byte(`{"a":1,"a":2}`), "a")
	f.Add([]byte(`{"a":1} {}`), "a")
	f.Add([]byte(`[[[["x"]]]]`), "0.0.0.0")
	f.Fuzz(func(t *testing.T, body []byte, at string) {
		text, present, ok, parts := verify.BodyText(body, at)
		verify.Label(body, at)
		if parts == nil {
			return
		}
		tree, err := value.Decode(body)
		if errors.Is(err, value.ErrDepth) || errors.Is(err, value.ErrNames) || errors.Is(err, value.ErrNumber) {
			return // limits of the tree
		}
		if (err == nil) != ok {
			t.Fatalf("JSON for the stream: %v, for the tree: %v", ok, err)
		}
		if !ok {
			return
		}
		for _, part := range parts {
			switch v := tree.(type) {
			case map[string]any:
				tree = v[part]
			case []any:
				i, err := strconv.ParseUint(part, 10, 31)
				if tree = nil; err == nil && i < uint64(len(v)) {
					tree = v[i]
				}
			default:
				tree = nil
			}
		}
		switch want := tree.(type) {
		case string:
			if !present || text != want {
				t.Fatalf("%q at %q, want %q", text, at, want)
			}
			if label := verify.Label(body, at); label != want && !escapedName(body) {
				t.Fatalf("the label %q at %q, want %q", label, at, want)
			}
		case int, float64, json.Number:
			if got, err := value.Number(text); !present || err != nil || got != want {
				t.Fatalf("%q at %q, want %v", text, at, want)
			}
		default:
			if present {
				t.Fatalf("%q at %q, want nothing", text, at)
			}
		}
	})
}

// escapedName: a label is not looked for behind names that are written with escapes.
func escapedName(body []byte) bool { return bytes.Contains(body, []byte{'\\'}) }

// FuzzHandshake: no request gets more back than visible characters, and Slack's only after its proof.
func FuzzHandshake(f *testing.F) {
	slack := compile(f, webhook.Verify{Preset: "slack"}, "k")
	graph := compile(f, webhook.Verify{Preset: "microsoft-graph"}, "k")
	meta := compile(f, webhook.Verify{Preset: "meta"}, "k")
	ts := fmt.Sprint(fuzzNow.Unix())
	f.Add("POST", "/", `{"type":"url_verification","challenge":"abc"}`, true)
	f.Add("POST", "/", `{"type":"url_verification","challenge":"<b>"}`, true)
	f.Add("POST", "/?validationToken=Validation%3A+Testing", "", false)
	f.Add("GET", "/?hub.mode=subscribe&hub.verify_token=k&hub.challenge=1158201444", "", false)
	f.Fuzz(func(t *testing.T, method, target, body string, proven bool) {
		h := fields{"X-Slack-Request-Timestamp": {ts}}
		if proven {
			h["X-Slack-Signature"] = []string{"v0=" + sign("k", "v0:", ts, ":", body)}
		}
		for _, v := range []*verify.Verifier{slack, graph, meta} {
			d, err := v.Verify(verify.Request{Method: method, Target: target, Header: h, Body: []byte(body)}, fuzzNow)
			if err != nil || d.Handshake == nil {
				continue
			}
			if v == slack && !proven {
				t.Fatal("answered without a proof")
			}
			if v == meta && !strings.Contains(target, "hub") {
				t.Fatal("answered without the verify token")
			}
			if len(d.Handshake.Body) > 2048 || strings.ContainsFunc(string(d.Handshake.Body), func(c rune) bool { return c < ' ' || c > '~' }) {
				t.Fatalf("the answer is %q", d.Handshake.Body)
			}
			if d.Handshake.Type == "application/json" && !json.Valid(d.Handshake.Body) {
				t.Fatalf("the answer is no JSON: %q", d.Handshake.Body)
			}
		}
	})
}

// FuzzPublicKey: no text panics the reader of keys.
func FuzzPublicKey(f *testing.F) {
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("hex", fmt.Sprintf("%x", public))
	f.Add("any", "whpk_"+base64.StdEncoding.EncodeToString(public))
	f.Add("pem", ecPublic)
	f.Add("spki-base64", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE")
	f.Fuzz(func(t *testing.T, form, text string) {
		if verify.ParsePublic(form, text) && len(text) < 32 {
			t.Fatalf("%q is a key", text)
		}
	})
}

// FuzzHubspotAddress: only the twelve escapes are decoded, once.
func FuzzHubspotAddress(f *testing.F) {
	f.Add("https://pi.example/a?b=%3A%2F%253A%20")
	f.Add("%3")
	f.Add("%%3a")
	f.Fuzz(func(t *testing.T, address string) {
		got := verify.AppendHubspot(address)
		if len(got) > len(address) || !strings.Contains(address, "%") && got != address {
			t.Fatalf("%q became %q", address, got)
		}
		if plain, err := url.PathUnescape(address); err == nil {
			if again, err := url.PathUnescape(got); err == nil && !strings.Contains(plain, "%") && again != plain {
				t.Fatalf("%q became %q, which means something else", address, got)
			}
		}
	})
}

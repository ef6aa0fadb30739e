package ingress_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/webhook"
)

// signed are the settings of a webhook with an HMAC in X-Sig, the secret being k.
func signed() webhook.Verify {
	return webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}, Secrets: []webhook.Secret{{Ref: "k"}}}
}

func proof(body string) string { return "X-Sig: " + sign("k", body) }

// TestOrderOfDefence sends requests that are wrong in several ways: the reason tells which check came first.
func TestOrderOfDefence(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	const js = "Content-Type: application/json"
	hook := w.put(webhook.Webhook{
		PayloadType: webhook.Raw, MaxPayloadLength: 100, Verify: signed(), ContentTypes: []string{"application/json"},
		Rate: webhook.Rate{PerSecond: 1, Burst: 1000}, Schema: webhook.Schema{Document: []byte(`{"type":"object"}`)},
	})
	fenced := w.put(webhook.Webhook{MaxPayloadLength: 100, Verify: signed(), Allow: []string{"192.0.2.0/24"}})
	used := w.put(webhook.Webhook{MaxPayloadLength: 100, Verify: signed(), Rate: webhook.Rate{PerSecond: 1.0 / 3600, Burst: 1}})
	if a := w.do("POST", "/hooks/"+used.token, "b", proof("b")); a.StatusCode != 200 {
		t.Fatalf("the first call: %d", a.StatusCode)
	}
	w.taken()
	large := strings.Repeat("x", 101)
	for name, c := range map[string]struct {
		method, token, body string
		header              []string
		status              int
		reason              string
	}{
		"unknown, and all else wrong":   {"PUT", "nothing", large, nil, 401, "token.unknown"},
		"address before size":           {"POST", fenced.token, large, nil, 401, "address.refused"},
		"size before rate":              {"POST", used.token, large, nil, 413, "body.large"},
		"rate before proof":             {"POST", used.token, "b", nil, 429, "rate.exceeded"},
		"proof before method":           {"POST", hook.token, "b", []string{"Content-Encoding: gzip"}, 401, "signature.missing"},
		"proof before encoding":         {"POST", hook.token, "b", []string{"Content-Encoding: gzip", "X-Sig: 00"}, 401, "signature.malformed"},
		"encoding before type":          {"POST", hook.token, "b", []string{"Content-Encoding: gzip", "Content-Type: text/plain", proof("b")}, 400, "encoding.broken"},
		"type before parsing":           {"POST", hook.token, "{", []string{"Content-Type: text/plain", proof("{")}, 415, "type.refused"},
		"parsing before schema":         {"POST", hook.token, "{", []string{js, proof("{")}, 400, "payload.json"},
		"schema at the end":             {"POST", hook.token, "[]", []string{js, proof("[]")}, 422, "schema.mismatch"},
		"nothing wrong":                 {"POST", hook.token, "{}", []string{js, proof("{}")}, 200, ""},
		"proven, but of another method": {"PUT", hook.token, "{}", []string{js, proof("{}")}, 401, "method.refused"},
	} {
		a := w.do(c.method, "/hooks/"+c.token, c.body, c.header...)
		rejects, events := w.refused(), w.taken()
		if a.StatusCode != c.status || len(events) != map[bool]int{true: 1}[c.reason == ""] {
			t.Errorf("%s: %d, %d events, %+v", name, a.StatusCode, len(events), rejects)
		}
		if c.reason != "" && (len(rejects) != 1 || rejects[0].Reason != c.reason) {
			t.Errorf("%s: %+v, want %s", name, rejects, c.reason)
		}
	}
}

// TestGuessesAreAlike: whoever used up his failures gets 429 for any guess, right or wrong, and a good caller
// who shares his address is served.
func TestGuessesAreAlike(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	hook := w.put(webhook.Webhook{Verify: signed()})
	plain := w.put(webhook.Webhook{})
	count := map[int]int{}
	for range 100 {
		count[w.do("POST", "/hooks/"+strings.Repeat("0", 43), "").StatusCode]++
	}
	if count[401] != 20 || count[429] != 80 {
		t.Errorf("guesses of tokens: %v, want 20 of 401 and 80 of 429", count)
	}
	unknown := w.do("POST", "/hooks/"+strings.Repeat("0", 43), "b")
	known := w.do("POST", "/hooks/"+hook.token, "b", "X-Sig: "+sign("other", "b"))
	if unknown.StatusCode != 429 || known.StatusCode != 429 || known.body != unknown.body || known.Header.Get("Retry-After") != unknown.Header.Get("Retry-After") {
		t.Errorf("unknown token %d %v, wrong signature %d %v", unknown.StatusCode, unknown.Header, known.StatusCode, known.Header)
	}
	for name, token := range map[string]string{"signed": hook.token, "token alone": plain.token} {
		if a := w.do("POST", "/hooks/"+token, "b", proof("b")); a.StatusCode != 200 {
			t.Errorf("%s: a good call from the same address: %d", name, a.StatusCode)
		}
	}
}

// TestFloodOfBadSignatures: after its failures, an address has few requests judged at the webhook whose token
// it knows; a good call gets through among them, and at other webhooks nothing changes.
func TestFloodOfBadSignatures(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{FailureProbes: 10})
	hook, other := w.put(webhook.Webhook{Verify: signed()}), w.put(webhook.Webhook{Verify: signed()})
	bad := func() { w.do("POST", "/hooks/"+hook.token, "b", "X-Sig: "+sign("other", "b")) }
	good := func(token string) int { return w.do("POST", "/hooks/"+token, "b", proof("b")).StatusCode }
	for range 30 {
		bad()
	}
	// The clock stands still: the one probe of this moment is spent by the last bad request.
	if got := good(hook.token); got != 429 {
		t.Errorf("a call without a probe left: %d", got)
	}
	if got := good(other.token); got != 200 {
		t.Errorf("another webhook: %d", got)
	}
	passed := 0
	for range 10 { // a second, with a good call first in each of ten moments
		w.set(func() { w.clock = w.clock.Add(100 * time.Millisecond) })
		if good(hook.token) == 200 {
			passed++
		}
		for range 5 {
			bad()
		}
	}
	if passed != 10 {
		t.Errorf("%d of 10 good calls passed", passed)
	}
	if n := len(w.refused()); n > 25 {
		t.Errorf("%d refusals are listed", n)
	}
}

// TestProvenRefusals: a proven sender whose bodies are wrong is told so each time; only the list is spared.
func TestProvenRefusals(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	hook := w.put(webhook.Webhook{Verify: signed(), PayloadType: webhook.Raw})
	for range 100 {
		if a := w.do("POST", "/hooks/"+hook.token, "{", proof("{"), "Content-Type: application/json"); a.StatusCode != 400 {
			t.Fatalf("%d", a.StatusCode)
		}
	}
	if n := len(w.refused()); n != 20 {
		t.Errorf("%d refusals are listed, want 20", n)
	}
	if a := w.do("POST", "/hooks/"+hook.token, "{}", proof("{}"), "Content-Type: application/json"); a.StatusCode != 200 {
		t.Errorf("a good call afterwards: %d", a.StatusCode)
	}
}

// TestRate: a webhook takes what it says, and requests that prove nothing do not use it up.
func TestRate(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	hook := w.put(webhook.Webhook{Verify: signed(), Rate: webhook.Rate{PerSecond: 2, Burst: 3}})
	for range 50 {
		w.do("POST", "/hooks/"+hook.token, "b", "X-Sig: "+sign("other", "b"))
	}
	count := map[int]int{}
	var last answer
	for i := range 10 {
		last = w.do("POST", "/hooks/"+hook.token, fmt.Sprint(i), proof(fmt.Sprint(i)))
		count[last.StatusCode]++
	}
	if count[200] != 3 || count[429] != 7 || last.Header.Get("Retry-After") != "1" {
		t.Errorf("answers %v, Retry-After %q", count, last.Header.Get("Retry-After"))
	}
	w.set(func() { w.clock = w.clock.Add(time.Second) })
	for i := range 3 {
		if a := w.do("POST", "/hooks/"+hook.token, "x", proof("x")); a.StatusCode != map[bool]int{true: 200, false: 429}[i < 2] {
			t.Errorf("call %d a second later: %d", i, a.StatusCode)
		}
	}
}

// TestCallersAndProxies: the address that counts is the one behind the proxies that the server or the webhook
// trusts; what anybody else says about it has no effect.
func TestCallersAndProxies(t *testing.T) {
	t.Parallel()
	allow := []string{"192.0.2.0/24", "2001:db8::/32"}
	for name, c := range map[string]struct {
		server    []netip.Prefix
		webhook   []string
		forwarded []string
		want      int
	}{
		"nobody is trusted":                  {nil, nil, []string{"192.0.2.7"}, 401},
		"no proxy says anything":             {nil, nil, nil, 401},
		"the server's proxy":                 {prefixes("127.0.0.0/8"), nil, []string{"192.0.2.7"}, 200},
		"the webhook's proxy":                {nil, []string{"127.0.0.1"}, []string{"2001:db8::7"}, 200},
		"one behind the other":               {prefixes("127.0.0.1/32"), []string{"10.0.0.0/8"}, []string{"192.0.2.7, 10.0.0.1"}, 200},
		"caller outside of the list":         {prefixes("127.0.0.0/8"), nil, []string{"198.51.100.7"}, 401},
		"caller writes a listed one to left": {prefixes("127.0.0.0/8"), nil, []string{"192.0.2.7, 198.51.100.7"}, 401},
		"field twice":                        {prefixes("127.0.0.0/8"), nil, []string{"192.0.2.7", "192.0.2.7"}, 401},
		"unreadable":                         {prefixes("127.0.0.0/8"), nil, []string{"192.0.2.7, unknown"}, 401},
		"mapped":                             {prefixes("127.0.0.0/8"), nil, []string{"::ffff:192.0.2.7"}, 200},
		"proxy without the field":            {prefixes("127.0.0.0/8"), nil, nil, 401},
	} {
		w := open(t, ingress.Options{Failures: many, TrustedProxies: c.server})
		hook := w.put(webhook.Webhook{Allow: allow, TrustedProxies: c.webhook})
		var header []string
		for _, f := range c.forwarded {
			header = append(header, "X-Forwarded-For: "+f)
		}
		header = append(header, "X-Real-IP: 192.0.2.7", "Forwarded: for=192.0.2.7", "X-Client-IP: 192.0.2.7")
		a := w.do("POST", "/hooks/"+hook.token, "b", header...)
		if rejects := w.refused(); a.StatusCode != c.want || c.want == 401 && (len(rejects) != 1 || rejects[0].Reason != "address.refused") {
			t.Errorf("%s: %d, %+v", name, a.StatusCode, rejects)
		}
	}
}

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// TestMethodsAndTypes: what a webhook does not take is refused, a method like an unknown webhook.
func TestMethodsAndTypes(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	put := w.put(webhook.Webhook{Methods: []string{"PUT", "DELETE"}})
	std := w.put(webhook.Webhook{ContentTypes: []string{"application/json", "text/*", "application/*+json"}})
	for name, c := range map[string]struct {
		method, token, body, kind string
		want                      int
	}{
		"PUT":                      {"PUT", put.token, "b", "", 200},
		"DELETE without a body":    {"DELETE", put.token, "", "", 200},
		"POST that is not taken":   {"POST", put.token, "b", "", 401},
		"GET that is not taken":    {"GET", put.token, "", "", 401},
		"OPTIONS":                  {"OPTIONS", put.token, "", "", 401},
		"PATCH by default":         {"PATCH", std.token, "", "", 401},
		"type in the list":         {"POST", std.token, "{}", "application/json; charset=utf-8", 200},
		"type by pattern":          {"POST", std.token, "b", "text/csv", 200},
		"type by suffix":           {"POST", std.token, "{}", "application/cloudevents+json", 200},
		"other type":               {"POST", std.token, "b", "application/xml", 415},
		"no type":                  {"POST", std.token, "b", "", 415},
		"no type and no body":      {"POST", std.token, "", "", 200},
		"GET has no body to judge": {"GET", std.token, "", "", 200},
	} {
		var header []string
		if c.kind != "" {
			header = append(header, "Content-Type: "+c.kind)
		}
		if a := w.do(c.method, "/hooks/"+c.token, c.body, header...); a.StatusCode != c.want {
			t.Errorf("%s: %d, want %d; %+v", name, a.StatusCode, c.want, w.refused())
		}
	}
}

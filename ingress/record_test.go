package ingress_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/ingress/kept"
	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/webhook"
)

// TestRejectRecord: what is listed of a refusal helps its owner and holds no value that the sender sent.
func TestRejectRecord(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	hook := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "CANARY-secret"}}}})
	w.do("POST", "/hooks/"+hook.token+"?a=CANARY", "CANARY-body", "X-Hub-Signature-256: sha256="+strings.Repeat("0", 64),
		"X-GitHub-Delivery: CANARY", "X-GitHub-Event: CANARY", "Content-Type: Application/JSON; a=CANARY", "Authorization: CANARY")
	rejects := w.refused()
	if len(rejects) != 1 {
		t.Fatalf("%+v", rejects)
	}
	got := rejects[0]
	if len(got.TraceID) != 16 || got.Detail == "" {
		t.Errorf("trace id %q, detail %q", got.TraceID, got.Detail)
	}
	got.TraceID, got.Detail = "", ""
	want := store.Reject{
		Time: w.now(), Webhook: hook.token[len(hook.token)-6:], Preset: "github", Reason: "signature.mismatch", Status: 401,
		Remote: "127.0.0.1", Method: "POST", ContentType: "application/json", Bytes: 11,
		Headers: []string{"Host", "Connection", "X-Hub-Signature-256", "X-Github-Delivery", "X-Github-Event", "Content-Type", "Authorization", "Content-Length"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	text, err := json.Marshal(rejects)
	if err != nil || bytes.Contains(text, []byte("CANARY")) || strings.Contains(w.logged(), "CANARY") || strings.Contains(w.logged(), hook.token) {
		t.Errorf("a value of the request is listed or logged: %s\n%s", text, w.logged())
	}
}

// TestKeptRequests: where it is asked for, a refused request is kept as it came, and can be judged again.
func TestKeptRequests(t *testing.T) {
	t.Parallel()
	k, err := kept.Open(filepath.Join(t.TempDir(), "rejects"), kept.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	w := open(t, ingress.Options{}, func(d *ingress.Deps) { d.Kept = k })
	hook := w.put(webhook.Webhook{Verify: signed()})
	w.do("POST", "/hooks/"+hook.token+"?a=1", "body\x00", "X-Sig: "+strings.Repeat("0", 64), "X-Twice: 1", "X-Twice: 2")
	rejects := w.refused()
	if len(rejects) != 1 || !rejects[0].Kept {
		t.Fatalf("%+v", rejects)
	}
	want := "POST /hooks/" + hook.token + "?a=1 HTTP/1.1\r\nHost: door.test\r\nConnection: close\r\nX-Sig: " + strings.Repeat("0", 64) +
		"\r\nX-Twice: 1\r\nX-Twice: 2\r\nContent-Length: 5\r\n\r\nbody\x00"
	eventually(t, func() bool { _, err := k.Read(rejects[0].TraceID); return err == nil })
	if got, err := k.Read(rejects[0].TraceID); err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	// A flood of refusals is not kept: only those that are listed are.
	for range 50 {
		w.do("POST", "/hooks/"+hook.token, "b", "X-Sig: "+strings.Repeat("0", 64))
	}
	listed := 0
	for _, r := range w.refused() {
		if r.Kept {
			listed++
		}
	}
	if listed > 20 {
		t.Errorf("%d requests of a flood are kept", listed)
	}
}

// counted is an ingress.Metrics that writes down what it is told.
type counted struct {
	mu    sync.Mutex
	lines []string
	open  int
}

func (c *counted) add(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, fmt.Sprintf(format, args...))
}

func (c *counted) Begin() { c.mu.Lock(); c.open++; c.mu.Unlock() }

func (c *counted) End(took time.Duration, bytes int) {
	c.add("end %d %v", bytes, took >= 0)
	c.mu.Lock()
	c.open--
	c.mu.Unlock()
}

func (c *counted) Accepted(preset string, duplicate bool) { c.add("accepted %s %v", preset, duplicate) }
func (c *counted) Handshake(preset string)                { c.add("handshake %s", preset) }
func (c *counted) Refused(reason string)                  { c.add("refused %s", reason) }
func (c *counted) Closed(limit string)                    { c.add("closed %s", limit) }

// taken gives the lines so far and forgets them.
func (c *counted) taken() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.lines
	c.lines = nil
	return out
}

// TestMetrics: each way through the door is counted once.
func TestMetrics(t *testing.T) {
	t.Parallel()
	c := &counted{}
	w := open(t, ingress.Options{MaxConnsPerIP: 1000}, func(d *ingress.Deps) { d.Metrics = c })
	hook := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "k"}}}})
	plain := w.put(webhook.Webhook{})
	slack := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "slack", Secrets: []webhook.Secret{{Ref: "k"}}}})
	body, ts := `{"type":"url_verification","challenge":"abc"}`, itoa(w.now().Unix())
	delivery := []string{"X-Hub-Signature-256: sha256=" + sign("k", "bb"), "X-GitHub-Delivery: 1"}
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"accepted", func() { w.do("POST", "/hooks/"+hook.token, "bb", delivery...) }, []string{"accepted github false", "end 2 true"}},
		{"duplicate", func() { w.do("POST", "/hooks/"+hook.token, "bb", delivery...) }, []string{"accepted github true", "end 2 true"}},
		{"token alone", func() { w.do("POST", "/hooks/"+plain.token, "b") }, []string{"accepted  false", "end 1 true"}},
		{"handshake", func() {
			w.do("POST", "/hooks/"+slack.token, body, "X-Slack-Request-Timestamp: "+ts, "X-Slack-Signature: v0="+sign("k", "v0:", ts, ":", body))
		}, []string{"handshake slack", "end 45 true"}},
		{"refused", func() { w.do("POST", "/hooks/nothing", "") }, []string{"refused token.unknown", "end 0 true"}},
		{"gate", func() { w.raw("POST /hooks/x HTTP/1.1\r\n\r\n") }, []string{"refused http.malformed"}},
		{"elsewhere", func() { w.do("GET", "/", "") }, []string{"refused http.route"}},
	} {
		step.do()
		eventually(t, func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.lines) >= len(step.want) })
		got := c.taken()
		if step.name == "gate" && len(got) == 1 && strings.HasPrefix(got[0], "refused ") {
			got = step.want // the parser or the gate, whichever looks first
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s: %s", step.name, diff)
		}
	}
	for range 30 {
		w.do("POST", "/hooks/nothing", "")
	}
	if got := c.taken(); !slices.Contains(got, "refused failures.many") {
		t.Errorf("flood: %v", got)
	}
	eventually(t, func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.open == 0 })
	for _, r := range ingress.Limits() {
		if strings.ContainsAny(r, " .") {
			t.Errorf("limit %q", r)
		}
	}
}

// TestReplaysAreRefused sends a good request again in the ways in which it could pass: each is refused, for
// its own reason, or is answered and makes no second event.
func TestReplaysAreRefused(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	slack := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "slack", Secrets: []webhook.Secret{{Ref: "k"}}}})
	github := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "k"}}}})
	old := itoa(w.now().Add(-6 * time.Minute).Unix())
	now, soon := itoa(w.now().Unix()), itoa(w.now().Add(6*time.Minute).Unix())
	stamp := func(ts string) string { return "X-Slack-Request-Timestamp: " + ts }
	seal := func(ts string) string { return "X-Slack-Signature: v0=" + sign("k", "v0:", ts, ":", "b") }
	hub := "X-Hub-Signature-256: sha256=" + sign("k", "b")
	bad := "X-Hub-Signature-256: sha256=" + sign("other", "b")
	for _, c := range []struct {
		name   string
		token  string
		header []string
		reason string // "" = accepted
		events int
	}{
		{"first", slack.token, []string{stamp(now), seal(now)}, "", 1},
		{"again within the window", slack.token, []string{stamp(now), seal(now)}, "", 0},
		{"stale", slack.token, []string{stamp(old), seal(old)}, "timestamp.stale", 0},
		{"from the future", slack.token, []string{stamp(soon), seal(soon)}, "timestamp.future", 0},
		{"two timestamps, fresh first", slack.token, []string{stamp(now), stamp(old), seal(old)}, "header.repeated", 0},
		{"two timestamps, stale first", slack.token, []string{stamp(old), stamp(now), seal(old)}, "header.repeated", 0},
		{"two timestamps in one field", slack.token, []string{stamp(now + ", " + old), seal(old)}, "timestamp.malformed", 0},
		{"timestamp with a sign", slack.token, []string{stamp("+" + now), seal("+" + now)}, "timestamp.malformed", 0},
		{"fresh timestamp, old signature", slack.token, []string{stamp(now), seal(old)}, "signature.mismatch", 0},
		{"two signatures, good first", github.token, []string{hub, bad, "X-GitHub-Delivery: 1"}, "header.repeated", 0},
		{"two signatures, good last", github.token, []string{bad, hub, "X-GitHub-Delivery: 1"}, "header.repeated", 0},
		{"the same signature twice", github.token, []string{hub, hub, "X-GitHub-Delivery: 1"}, "header.repeated", 0},
		{"two delivery ids", github.token, []string{hub, "X-GitHub-Delivery: 1", "X-GitHub-Delivery: 2"}, "header.repeated", 0},
		{"GitHub", github.token, []string{hub, "X-GitHub-Delivery: 1"}, "", 1},
		{"GitHub again", github.token, []string{hub, "X-GitHub-Delivery: 1"}, "", 0},
		{"GitHub again, with spoofed fields", github.token, []string{hub, "X-GitHub-Delivery: 1", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: evil.test", "X-Forwarded-Proto: http"}, "", 0},
	} {
		a := w.do("POST", "/hooks/"+c.token, "b", c.header...)
		rejects, events := w.refused(), w.taken()
		if want := map[bool]int{true: 200, false: 401}[c.reason == ""]; a.StatusCode != want || len(events) != c.events {
			t.Errorf("%s: %d, %d events, want %d and %d; %+v", c.name, a.StatusCode, len(events), want, c.events, rejects)
		}
		if c.reason != "" && (len(rejects) != 1 || rejects[0].Reason != c.reason) {
			t.Errorf("%s: %+v, want %s", c.name, rejects, c.reason)
		}
	}
}

// TestConfirmations: what the handshake of a sender wants to have asked is asked, once and before the answer.
func TestConfirmations(t *testing.T) {
	t.Parallel()
	c := &confirming{}
	w := open(t, ingress.Options{Failures: many}, func(d *ingress.Deps) { d.Confirmer = c })
	request, hook := w.subscription(t)
	send := func() answer {
		return w.do("POST", "/hooks/"+hook.token, string(request.Body), fieldsOf(request.Header)...)
	}
	if a := send(); a.StatusCode != 200 || len(c.asked) != 1 || !strings.HasPrefix(c.asked[0], "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&") {
		t.Errorf("%d, asked %v; %+v", a.StatusCode, c.asked, w.refused())
	}
	c.err = context.DeadlineExceeded
	if a := send(); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("not confirmed: %d %v", a.StatusCode, a.Header)
	}
	if r := w.refused(); len(r) != 1 || r[0].Reason != "handshake.failed" {
		t.Errorf("%+v", r)
	}
	alone := open(t, ingress.Options{})
	request, hook = alone.subscription(t)
	if a := alone.do("POST", "/hooks/"+hook.token, string(request.Body), fieldsOf(request.Header)...); a.StatusCode != 503 {
		t.Errorf("without a client: %d", a.StatusCode)
	}
	if n := len(w.taken()) + len(alone.taken()); n != 0 {
		t.Errorf("%d events", n)
	}
}

// subscription gives a webhook for SNS and the request with which SNS wants it confirmed.
func (w *world) subscription(t *testing.T) (verify.Outgoing, hook) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	settings := webhook.Verify{
		Preset: "aws-sns", Keys: []string{string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))},
		Options: webhook.Options{"topicArns": {"arn:aws:sns:us-west-2:123456789012:MyTopic"}},
	}
	out := verify.Outgoing{
		Event: "SubscriptionConfirmation", ID: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", Now: w.now(),
		PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
	material := verify.Material{Keys: [][]byte{[]byte(settings.Keys[0])}}
	if err := presets(t).Sign(settings, material, &out); err != nil {
		t.Fatal(err)
	}
	return out, w.put(webhook.Webhook{Verify: settings})
}

func fieldsOf(header [][2]string) []string {
	var out []string
	for _, f := range header {
		out = append(out, f[0]+": "+f[1])
	}
	return out
}

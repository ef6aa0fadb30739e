package ingress_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// statuses gives the answer to a call with each token.
func (w *world) statuses(tokens ...string) string {
	w.t.Helper()
	var out []string
	for _, token := range tokens {
		out = append(out, fmt.Sprint(w.do("POST", "/hooks/"+token, "b").StatusCode))
	}
	return strings.Join(out, " ")
}

func (w *world) pass(d time.Duration) { w.set(func() { w.clock = w.clock.Add(d) }) }

// rotate gives the new token.
func (w *world) rotate(ref string, grace time.Duration) string {
	w.t.Helper()
	stored, issued, err := w.dir.Rotate(w.t.Context(), ref, grace)
	if err != nil || issued == "" || stored.Tokens[0] != webhook.NewToken(issued, w.now()) {
		w.t.Fatalf("%+v, %q, %v", stored, issued, err)
	}
	return issued
}

func TestRotate(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	made := w.put(webhook.Webhook{})
	first := made.token
	second := w.rotate(made.ID, time.Hour)
	if got := w.statuses(first, second); got != "200 200" {
		t.Errorf("while both live: %s", got)
	}
	if hook, ok := w.dir.Get(first); !ok || hook.ID != made.ID || len(hook.Tokens) != 2 || !hook.Tokens[1].NotAfter.Equal(w.now().Add(time.Hour)) {
		t.Errorf("%+v", hook)
	}
	w.pass(time.Hour - time.Millisecond)
	if got := w.statuses(first, second); got != "200 200" {
		t.Errorf("just before the end: %s", got)
	}
	w.pass(time.Millisecond)
	w.refused()
	if got := w.statuses(first, second); got != "401 200" {
		t.Errorf("at the end: %s", got)
	}
	if _, ok := w.dir.Get(first); ok {
		t.Error("an ended token finds its webhook")
	}
	if r := w.refused(); len(r) != 1 || r[0].Reason != "token.expired" || r[0].Webhook != first[len(first)-6:] {
		t.Errorf("%+v", r)
	}
	// Two live ones at most: the oldest ends when a third one comes.
	third := w.rotate(second, 2*time.Hour)
	fourth := w.rotate(third, time.Hour)
	if got := w.statuses(first, second, third, fourth); got != "401 401 200 200" {
		t.Errorf("after the third: %s", got)
	}
	fifth := w.rotate(made.ID, 0)
	if got := w.statuses(third, fourth, fifth); got != "401 401 200" {
		t.Errorf("without grace: %s", got)
	}
	if stored := w.hooks[made.ID]; len(stored.Tokens) != 1 {
		t.Errorf("stored %+v", stored.Tokens)
	}
	for _, grace := range []time.Duration{-1, 91 * 24 * time.Hour} {
		if _, _, err := w.dir.Rotate(t.Context(), made.ID, grace); fault.CodeOf(err) != fault.WebhookInvalid {
			t.Errorf("grace %v: %v", grace, err)
		}
	}
	if _, _, err := w.dir.Rotate(t.Context(), "wh_unknown", 0); fault.CodeOf(err) != fault.WebhookUnknown {
		t.Error(err)
	}
}

// TestGraceIsNotExtended: a token that is about to end does not live longer because of another rotation.
func TestGraceIsNotExtended(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	made := w.put(webhook.Webhook{})
	w.set(func() {
		h := w.hooks[made.ID]
		h.Tokens[0].NotAfter = w.clock.Add(time.Minute)
		w.hooks[made.ID] = h
	})
	d, err := ingress.NewDirectory(t.Context(), w, presets(t), secrets{}, ingress.DirectoryOptions{Now: w.now, Logger: discard()})
	if err != nil {
		t.Fatal(err)
	}
	stored, _, err := d.Rotate(t.Context(), made.ID, time.Hour)
	if err != nil || !stored.Tokens[1].NotAfter.Equal(w.now().Add(time.Minute)) {
		t.Errorf("%+v, %v", stored.Tokens, err)
	}
}

// TestRotationKeepsDeliveries: a repeated delivery that comes with the new token makes no second event.
func TestRotationKeepsDeliveries(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	made := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "k"}}}})
	header := []string{"X-GitHub-Delivery: 1", "X-Hub-Signature-256: sha256=" + sign("k", "b")}
	first := w.do("POST", "/hooks/"+made.token, "b", header...)
	again := w.do("POST", "/hooks/"+w.rotate(made.ID, 0), "b", header...)
	const id = "pipeforce-result-correlationid"
	if first.Header.Get(id) == "" || again.Header.Get(id) != first.Header.Get(id) || len(w.taken()) != 1 {
		t.Errorf("%v, %v", first.Header, again.Header)
	}
}

// TestDisabledAndEndedAreUnknown: nobody learns from the answer that there is, or was, such a webhook.
func TestDisabledAndEndedAreUnknown(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	ended := w.put(webhook.Webhook{})
	w.rotate(ended.ID, time.Second)
	w.pass(time.Second)
	off := w.put(webhook.Webhook{})
	if h, err := w.dir.Enable(t.Context(), off.token, false); err != nil || !h.Disabled {
		t.Fatalf("%+v, %v", h, err)
	}
	shape := func(token string) string {
		a := w.do("POST", "/hooks/"+token, "b")
		a.Header.Del("X-Request-Id")
		a.Header.Del("Date")
		return fmt.Sprint(a.StatusCode, a.Header, a.body)
	}
	unknown := shape(strings.Repeat("x", 43))
	for name, token := range map[string]string{"ended": ended.token, "disabled": off.token} {
		if got := shape(token); got != unknown {
			t.Errorf("%s: %s, want %s", name, got, unknown)
		}
	}
	reasons := map[string]bool{}
	for _, r := range w.refused() {
		reasons[r.Reason] = true
	}
	if !reasons["token.expired"] || !reasons["webhook.disabled"] || !reasons["token.unknown"] {
		t.Errorf("operators see %v", reasons)
	}
	if h, err := w.dir.Enable(t.Context(), off.ID, true); err != nil || h.Disabled || w.statuses(off.token) != "200" {
		t.Errorf("%+v, %v", h, err)
	}
}

// TestUseIsKept: when a token was used is seen at once and written at most once a minute, and at the end.
func TestUseIsKept(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	made := w.put(webhook.Webhook{})
	idle := w.put(webhook.Webhook{})
	written := func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.hooks[made.ID].Tokens[0].LastUsed
	}
	w.pass(30 * time.Second)
	first := w.now()
	w.statuses(made.token)
	if h, _ := w.dir.Get(made.ID); !h.Tokens[0].LastUsed.Equal(first) {
		t.Errorf("last used %v, want %v", h.Tokens[0].LastUsed, first)
	}
	w.dir.Refresh(t.Context())
	if !written().IsZero() {
		t.Error("written before a minute passed")
	}
	w.pass(30 * time.Second)
	w.dir.Refresh(t.Context())
	if !written().Equal(first) {
		t.Errorf("written %v, want %v", written(), first)
	}
	w.pass(time.Second)
	last := w.now()
	w.statuses(made.token)
	w.dir.Refresh(t.Context())
	if !written().Equal(first) {
		t.Error("written twice in a minute")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.dir.Run(ctx) // writes what is left
	if !written().Equal(last) {
		t.Errorf("written %v at the end, want %v", written(), last)
	}
	if h, _ := w.dir.Get(idle.ID); !h.Tokens[0].LastUsed.IsZero() || !h.Updated.Equal(idle.Updated) {
		t.Errorf("a webhook that nobody called: %+v", h)
	}
}

// TestChangesKeepTokens: two changes at once, of settings and of the token, both last.
func TestChangesKeepTokens(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	made := w.put(webhook.Webhook{})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := w.dir.Change(t.Context(), made.ID, func(h *webhook.Webhook) error {
				h.ID, h.Tokens, h.Origin = "wh_other", nil, "x"
				h.Tags = append(h.Tags, fmt.Sprint("t", i))
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if _, _, err := w.dir.Rotate(t.Context(), made.ID, time.Hour); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	h, ok := w.dir.Get(made.ID)
	if !ok || len(h.Tags) != 20 || len(h.Tokens) != 2 || h.Origin != "" || len(w.dir.List()) != 1 {
		t.Errorf("%+v", h)
	}
}

func TestLearn(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	made := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "asana"}})
	for name, secret := range map[string]string{
		"short": "1234567", "reference": "file:/etc/passwd", "environment": "env:GOOD", "space": "12345678 9", "control": "12345678\x01", "long": strings.Repeat("a", 1025),
	} {
		if err := w.dir.Learn(t.Context(), made.ID, secret); fault.CodeOf(err) != fault.WebhookInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	learned := 0
	for range 8 {
		wg.Go(func() {
			if err := w.dir.Learn(t.Context(), made.ID, "learned-secret"); err == nil {
				mu.Lock()
				defer mu.Unlock()
				learned++
			}
		})
	}
	wg.Wait()
	if learned != 1 {
		t.Errorf("learned %d times", learned)
	}
	if err := w.dir.Learn(t.Context(), made.ID, "another-secret"); err == nil {
		t.Error("another secret took its place")
	}
	if h := w.hooks[made.ID]; len(h.Verify.Secrets) != 1 || h.Verify.Secrets[0].Ref != "learned-secret" {
		t.Errorf("stored %+v", h.Verify)
	}
	if a := w.do("POST", "/hooks/"+made.token, "b", "X-Hook-Signature: "+sign("learned-secret", "b")); a.StatusCode != 200 {
		t.Errorf("a request signed with it: %d", a.StatusCode)
	}
	if err := w.dir.Learn(t.Context(), "wh_unknown", "learned-secret"); fault.CodeOf(err) != fault.WebhookUnknown {
		t.Error(err)
	}
	if strings.Contains(w.logged(), "learned-secret") {
		t.Error("the secret is logged")
	}
}

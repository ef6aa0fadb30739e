package webhook_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

func TestSecretJSON(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]webhook.Secret{
		`"env:A"`: {Ref: "env:A"},
		`{"secret":"env:A","notAfter":"2026-02-01T00:00:00Z"}`: {Ref: "env:A", NotAfter: end},
	} {
		got := webhook.Secret{Ref: "old", NotAfter: end.Add(1)}
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if out, err := json.Marshal(want); err != nil || string(out) != text {
			t.Errorf("%s: %s, %v", text, out, err)
		}
	}
	for _, text := range []string{`1`, `[]`, `{"secret":1}`, `{"notAfter":"soon"}`} {
		if err := json.Unmarshal([]byte(text), new(webhook.Secret)); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestOptionsJSON(t *testing.T) {
	t.Parallel()
	var got webhook.Options
	if err := json.Unmarshal([]byte(`{"header":"X-Sig","origins":["a","b"]}`), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(webhook.Options{"header": {"X-Sig"}, "origins": {"a", "b"}}, got); diff != "" {
		t.Error(diff)
	}
	if got.First("origins") != "a" || got.First("none") != "" || webhook.Options(nil).First("x") != "" {
		t.Error("First")
	}
	for _, text := range []string{`1`, `{"a":1}`, `{"a":[1]}`} {
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for range 100 {
		text, id := webhook.NewTokenText(), webhook.NewID()
		if len(text) != 43 || !strings.HasPrefix(id, webhook.IDPrefix) || len(id) != 19 || seen[text] || seen[id] {
			t.Fatalf("%q, %q", text, id)
		}
		seen[text], seen[id] = true, true
	}
	// printf %s abcdefghijklmnop | sha256sum
	want := webhook.Token{Hash: "f39dac6cbaba535e2c207cd0cd8f154974223c848f727f98b3564cea569b41cf", Hint: "klmnop", Created: now}
	got := webhook.NewToken("abcdefghijklmnop", now)
	if got != want {
		t.Errorf("%+v", got)
	}
	if !got.Live(now.Add(1000 * time.Hour)) {
		t.Error("a token without an end ended")
	}
	got.NotAfter = now
	if got.Live(now) || !got.Live(now.Add(-1)) {
		t.Error("the end of a token")
	}
}

// TestCloneSharesNothing changes everything that a copy holds.
func TestCloneSharesNothing(t *testing.T) {
	t.Parallel()
	whole := func() webhook.Webhook {
		return webhook.Webhook{
			Tokens: []webhook.Token{{Hash: "a"}}, Tags: []string{"a"}, Methods: []string{"a"}, ContentTypes: []string{"a"},
			Verify: webhook.Verify{Secrets: []webhook.Secret{{Ref: "a"}}, Keys: []string{"a"}, Options: webhook.Options{"a": {"a"}}},
			Allow:  []string{"a"}, TrustedProxies: []string{"a"}, Schema: webhook.Schema{Document: []byte("a")},
			Response: webhook.Response{Headers: map[string]string{"a": "a"}},
		}
	}
	w := whole()
	c := w.Clone()
	if diff := cmp.Diff(w, c); diff != "" {
		t.Error(diff)
	}
	c.Tokens[0].Hash, c.Tags[0], c.Methods[0], c.ContentTypes[0] = "b", "b", "b", "b"
	c.Verify.Secrets[0].Ref, c.Verify.Keys[0], c.Verify.Options["a"][0] = "b", "b", "b"
	c.Allow[0], c.TrustedProxies[0], c.Schema.Document[0], c.Response.Headers["a"] = "b", "b", 'b', "b"
	c.Verify.Options["b"] = nil
	if diff := cmp.Diff(whole(), w); diff != "" {
		t.Error(diff)
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	d := webhook.Declaration{Places: map[string]fault.Position{"": {File: "a", Line: 1, Column: 1}, "rate": {File: "a", Line: 3, Column: 7}}}
	for where, want := range map[string]string{"rate": "a:3:7", "burst": "a:1:1", "": "a:1:1"} {
		if f := d.Place(fault.New(fault.WebhookInvalid, "x").In(where)); f.Pos.String() != want {
			t.Errorf("%q at %s, want %s", where, f.Pos, want)
		}
	}
}

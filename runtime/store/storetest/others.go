package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/webhook"
)

func resultOnce(t *testing.T, open Open) {
	s := fresh(t, open)
	if _, _, err := s.CompletedResult(t.Context(), "c"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown result: %v", err)
	}
	for i, value := range []string{`{"a":1}`, `2`} {
		first, err := s.CompleteResult(t.Context(), "c", []byte(value), start().Add(time.Duration(i)*time.Minute))
		must(t, err)
		if first != (i == 0) {
			t.Errorf("call %d: first is %v", i, first)
		}
	}
	value, at, err := s.CompletedResult(t.Context(), "c")
	must(t, err)
	if string(value) != `{"a":1}` || !at.Equal(start()) {
		t.Errorf("kept %s of %v", value, at)
	}
}

func resultRace(t *testing.T, open Open) {
	s := fresh(t, open)
	var group sync.WaitGroup
	var won [50]bool
	for i := range won {
		group.Go(func() {
			var err error
			if won[i], err = s.CompleteResult(t.Context(), "c", fmt.Append(nil, i), start()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	value, _, err := s.CompletedResult(t.Context(), "c")
	must(t, err)
	winners := 0
	for i, first := range won {
		if first {
			winners++
			if string(value) != fmt.Sprint(i) {
				t.Errorf("the winner is %d, kept is %s", i, value)
			}
		}
	}
	if winners != 1 {
		t.Errorf("%d winners", winners)
	}
}

func webhooksKept(t *testing.T, open Open) {
	s := fresh(t, open)
	full := webhook.Webhook{
		ID: "b", EventKey: "webhook.lead.created", Title: "Leads", Tags: []string{"crm", "sales"}, Disabled: true, Origin: "leads.webhook.yaml",
		Tokens: []webhook.Token{
			{Hash: "aa", Hint: "abcdef", Created: start()},
			{Hash: "bb", Hint: "ghijkl", Created: start(), NotAfter: start().Add(time.Hour), LastUsed: start().Add(time.Minute)},
		},
		PayloadType: webhook.Raw, MaxPayloadLength: 1000, Methods: []string{"POST", "PUT"}, ContentTypes: []string{"application/json"},
		Verify: webhook.Verify{
			Preset: "hmac", Secrets: []webhook.Secret{{Ref: "env:A"}, {Ref: "env:B", NotAfter: start().Add(time.Hour)}}, Tolerance: 300,
			Keys:    []string{"file:key.pem"},
			Options: webhook.Options{"header": {"x-signature"}, "origins": {"a.test", "b.test"}},
		},
		Allow: []string{"192.0.2.0/24"}, TrustedProxies: []string{"198.51.100.1"},
		Rate: webhook.Rate{PerSecond: 0.5, Burst: 3}, Dedupe: webhook.Dedupe{Key: "body.id", Window: 60},
		Schema:   webhook.Schema{Mode: webhook.Park, Document: []byte(`{"type":"object"}`)},
		Response: webhook.Response{Wait: 500, Status: 202, Headers: map[string]string{"X-A": "b"}, Body: "${body}"},
		Created:  start(), Updated: start().Add(time.Second),
	}
	older := webhook.Webhook{ID: "c", EventKey: "x", PayloadType: webhook.Ignore, Created: start().Add(-time.Second)}
	must(t, s.PutWebhook(t.Context(), full))
	must(t, s.PutWebhook(t.Context(), older))
	older.EventKey = "y"
	must(t, s.PutWebhook(t.Context(), older))
	got, err := s.Webhooks(t.Context())
	must(t, err)
	if diff := cmp.Diff([]webhook.Webhook{older, full}, got); diff != "" {
		t.Error(diff)
	}
	must(t, s.DeleteWebhook(t.Context(), "c"))
	must(t, s.DeleteWebhook(t.Context(), "unknown"))
	got, err = s.Webhooks(t.Context())
	must(t, err)
	if diff := cmp.Diff([]webhook.Webhook{full}, got); diff != "" {
		t.Error(diff)
	}
}

func rejectsBounded(t *testing.T, open Open) {
	s := fresh(t, open)
	want := make([]store.Reject, 20)
	for i := range want {
		r := store.Reject{
			Time: start().Add(time.Duration(i) * time.Millisecond), TraceID: fmt.Sprint(i), Webhook: "abcdef",
			Reason: "signature.mismatch", Detail: "check the secret", Status: 401, Remote: "192.0.2.1", Bytes: i,
		}
		want[len(want)-1-i] = r
		s.AddReject(r)
	}
	got, err := s.Rejects(t.Context(), 100)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	n, err := s.Prune(t.Context(), store.Prune{MaxRejects: 5})
	must(t, err)
	if n != 15 {
		t.Errorf("forgot %d refusals, want 15", n)
	}
	got, err = s.Rejects(t.Context(), 3)
	must(t, err)
	if diff := cmp.Diff(want[:3], got); diff != "" {
		t.Error(diff)
	}
	got, err = s.Rejects(t.Context(), 100)
	must(t, err)
	if diff := cmp.Diff(want[:5], got); diff != "" {
		t.Error(diff)
	}
}

func rejectsFlood(t *testing.T, open Open) {
	s := fresh(t, open)
	const flood = 100_000
	for i := range flood {
		s.AddReject(store.Reject{Time: start(), Reason: "token.unknown", Status: 404, Bytes: i})
	}
	acceptMany(t, s, 1)
	got, err := s.Rejects(t.Context(), flood)
	must(t, err)
	if len(got) == 0 || len(got) == flood {
		t.Errorf("%d refusals of a flood of %d are kept", len(got), flood)
	}
}

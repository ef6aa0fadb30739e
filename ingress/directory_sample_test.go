package ingress_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// try sends a sample and gives the status.
func (w *world) try(s webhook.Sample) int {
	w.t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), s.Method, "http://"+w.addr+u.RequestURI(), bytes.NewReader(s.Body))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, field := range s.Header {
		req.Header.Set(field[0], field[1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// TestSample: what is signed for a test is taken by the door as the sender's own request would be.
func TestSample(t *testing.T) {
	t.Parallel()
	for name, hook := range map[string]webhook.Webhook{
		"token alone":       {},
		"github":            {Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "k"}}}},
		"slack":             {Verify: webhook.Verify{Preset: "slack", Secrets: []webhook.Secret{{Ref: "env:GOOD"}}}},
		"stripe":            {Verify: webhook.Verify{Preset: "stripe", Secrets: []webhook.Secret{{Ref: "k"}}}},
		"standard-webhooks": {Verify: webhook.Verify{Preset: "standard-webhooks", Secrets: []webhook.Secret{{Ref: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}}},
		"hmac":              {Verify: webhook.Verify{Preset: "hmac", Secrets: []webhook.Secret{{Ref: "k"}}, Options: webhook.Options{"header": {"X-Sig"}}}},
	} {
		w := open(t, ingress.Options{PublicURL: "http://door.test"})
		made := w.put(hook)
		before := len(made.Tokens)
		s, err := w.dir.Sample(t.Context(), made.ID, "", nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(s.URL, made.token) || !strings.HasPrefix(s.URL, "http://door.test/") {
			t.Errorf("%s: URL %s", name, s.URL)
		}
		if got := w.try(s); got != 200 || len(w.taken()) != 1 {
			t.Errorf("%s: %d, %+v", name, got, w.refused())
		}
		own, err := w.dir.Sample(t.Context(), made.ID, "", []byte(`{"own":1}`))
		if err != nil || string(own.Body) != `{"own":1}` || w.try(own) != 200 {
			t.Errorf("%s: own body: %+v, %v", name, own, err)
		}
		w.pass(time.Minute)
		if got := w.try(s); got != 401 {
			t.Errorf("%s: after a minute: %d", name, got)
		}
		if h, _ := w.dir.Get(made.ID); len(h.Tokens) != before || !h.Tokens[0].LastUsed.IsZero() {
			t.Errorf("%s: the sample left %+v", name, h.Tokens)
		}
	}
}

func TestSampleRefuses(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	github := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "k"}}}})
	for name, c := range map[string]struct {
		ref, event string
		code       fault.Code
	}{
		"unknown": {"wh_unknown", "", fault.WebhookUnknown},
		"event":   {github.ID, "pusch", fault.WebhookInvalid},
	} {
		if _, err := w.dir.Sample(t.Context(), c.ref, c.event, nil); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range 200 {
		if _, err := w.dir.Sample(t.Context(), github.ID, "", nil); err != nil {
			if fault.CodeOf(err) != fault.WebhookInvalid || !strings.Contains(err.Error(), "100 samples already; wait a minute") {
				t.Error(err)
			}
			w.pass(time.Minute)
			if _, err := w.dir.Sample(t.Context(), github.ID, "", nil); err != nil {
				t.Errorf("a minute later: %v", err)
			}
			return
		}
	}
	t.Error("samples are not bounded")
}

package ingress_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

func TestPutDefaults(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	got := w.put(webhook.Webhook{EventKey: "webhook.a"})
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(got.token) {
		t.Errorf("token %q", got.token)
	}
	if !regexp.MustCompile(`^wh_[a-z2-7]{16}$`).MatchString(got.ID) {
		t.Errorf("id %q", got.ID)
	}
	want := webhook.Webhook{
		ID: got.ID, Tokens: []webhook.Token{webhook.NewToken(got.token, w.now())},
		EventKey: "webhook.a", PayloadType: webhook.Base64, MaxPayloadLength: 512_000,
		Created: w.now(), Updated: w.now(),
	}
	if diff := cmp.Diff(want, got.Webhook); diff != "" {
		t.Error(diff)
	}
	if stored := w.hooks[got.ID]; !cmp.Equal(stored, got.Webhook) {
		t.Errorf("stored %+v", stored)
	}
	if text := fmt.Sprintf("%+v", w.hooks); strings.Contains(text, got.token) {
		t.Errorf("the token is stored: %s", text)
	}
	if again := w.put(webhook.Webhook{EventKey: "webhook.a"}); again.token == got.token || again.ID == got.ID {
		t.Error("two webhooks have one token or id")
	}
}

func TestPutUpdates(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	const token = "00000000-aaaa-bbbb-cccc-000000000000"
	made := w.putToken(webhook.Webhook{EventKey: "webhook.a"}, token)
	if made.token != token {
		t.Fatalf("token %q", made.token)
	}
	w.set(func() { w.clock = w.clock.Add(time.Hour) })
	changed := w.put(webhook.Webhook{ID: made.ID, EventKey: "webhook.b", PayloadType: webhook.Raw})
	if changed.token != "" || !changed.Created.Equal(made.Created) || changed.Updated.Equal(made.Updated) || !cmp.Equal(changed.Tokens, made.Tokens) {
		t.Errorf("changed %+v", changed)
	}
	for _, ref := range []string{token, made.ID} {
		got, ok := w.dir.Get(ref)
		if !ok || !cmp.Equal(got, changed.Webhook) || len(w.dir.List()) != 1 {
			t.Errorf("Get = %+v, %v; List = %+v", got, ok, w.dir.List())
		}
	}
	w.do("POST", "/hooks/"+token, "b")
	if e := one(t, w, "changed"); e.Key != "webhook.b" {
		t.Errorf("key %s", e.Key)
	}
	if a := w.do("POST", "/hooks/"+made.ID, "b"); a.StatusCode != 401 {
		t.Errorf("an id opens its webhook: %d", a.StatusCode)
	}
	if err := w.dir.Delete(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if _, ok := w.dir.Get(token); ok || len(w.dir.List()) != 0 || len(w.hooks) != 0 {
		t.Error("still there after Delete")
	}
	if a := w.do("POST", "/hooks/"+token, "b"); a.StatusCode != 401 {
		t.Errorf("a deleted webhook answers %d", a.StatusCode)
	}
	if err := w.dir.Delete(t.Context(), token); err != nil {
		t.Errorf("deleting again: %v", err)
	}
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	for name, c := range map[string]struct {
		hook  webhook.Webhook
		where string
		want  string
		token string
	}{
		"no event key":           {webhook.Webhook{}, "eventKey", "missing", ""},
		"event key":              {webhook.Webhook{EventKey: "a b"}, "eventKey", "holds the character", ""},
		"payload type":           {webhook.Webhook{EventKey: "a", PayloadType: "base46"}, "payloadType", `did you mean "base64"?`, ""},
		"length negative":        {webhook.Webhook{EventKey: "a", MaxPayloadLength: -1}, "maxPayloadLength", "1 to 4194304", ""},
		"length too large":       {webhook.Webhook{EventKey: "a", MaxPayloadLength: 4_194_305}, "maxPayloadLength", "1 to 4194304", ""},
		"short uuid":             {webhook.Webhook{EventKey: "a"}, "uuid", "16 to 127", "123456789012345"},
		"long uuid":              {webhook.Webhook{EventKey: "a"}, "uuid", "16 to 127", strings.Repeat("a", 128)},
		"uuid with a slash":      {webhook.Webhook{EventKey: "a"}, "uuid", "letters, digits", "1234567890/123456"},
		"preset":                 {webhook.Webhook{EventKey: "a", Verify: webhook.Verify{Preset: "gitbub", Secrets: []webhook.Secret{{Ref: "k"}}}}, "preset", `did you mean "github"?`, ""},
		"no secret":              {webhook.Webhook{EventKey: "a", Verify: webhook.Verify{Preset: "github"}}, "secrets", "needs a secret", ""},
		"empty secret":           {webhook.Webhook{EventKey: "a", Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: ""}}}}, "secrets", "empty", ""},
		"secret that is missing": {webhook.Webhook{EventKey: "a", Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "env:GONE"}}}}, "secrets", "GONE is not set", ""},
		"secret without preset":  {webhook.Webhook{EventKey: "a", Verify: webhook.Verify{Secrets: []webhook.Secret{{Ref: "CANARY"}}}}, "preset", "need a preset", ""},
	} {
		_, _, err := w.dir.Put(t.Context(), c.hook, c.token)
		if err == nil {
			t.Errorf("%s: stored", name)
			continue
		}
		if fault.CodeOf(err) != fault.WebhookInvalid || !strings.HasPrefix(err.Error(), c.where+": ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(w.hooks) != 0 || len(w.dir.List()) != 0 {
		t.Errorf("something was stored: %+v", w.hooks)
	}
}

// broken is a store that cannot write.
type broken struct{ *world }

func (broken) PutWebhook(context.Context, webhook.Webhook) error { return errors.New("disk") }

func TestPutStoresFirst(t *testing.T) {
	t.Parallel()
	w := &world{hooks: map[string]webhook.Webhook{}}
	d, err := ingress.NewDirectory(t.Context(), broken{w}, presets(t), secrets{}, ingress.DirectoryOptions{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Put(t.Context(), webhook.Webhook{EventKey: "a"}, ""); fault.CodeOf(err) != fault.StoreUnavailable || len(d.List()) != 0 {
		t.Errorf("%v, %v", err, d.List())
	}
}

// TestUnusableStaysShut: a stored webhook whose preset or secret cannot be used is listed, refuses every
// request, also unsigned ones and GET, and is logged.
func TestUnusableStaysShut(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	for i, v := range []webhook.Verify{
		{Preset: "gone", Secrets: []webhook.Secret{{Ref: "k"}}},
		{Preset: "github", Secrets: []webhook.Secret{{Ref: "env:GONE"}}},
		{Preset: "github"},
		{Secrets: []webhook.Secret{{Ref: "k"}}},
	} {
		token := fmt.Sprintf("0000000000000000%d", i)
		w.hooks[token] = webhook.Webhook{ID: token, Tokens: []webhook.Token{webhook.NewToken(token, w.now())}, EventKey: "a", PayloadType: webhook.Raw, MaxPayloadLength: 100, Verify: v, Created: w.now().Add(time.Duration(i))}
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	// A new process reads the same store.
	logger := slog.New(slog.NewJSONHandler(w, nil))
	d, err := ingress.NewDirectory(t.Context(), w, presets(t), secrets{}, ingress.DirectoryOptions{Now: w.now, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	w.srv, err = ingress.New(ingress.Options{Address: "127.0.0.1:0", Failures: many}, ingress.Deps{Emitter: w, Results: w, Directory: d, Rejects: w, Logger: logger, Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	w.serve()
	if n := len(d.List()); n != 4 {
		t.Errorf("%d are listed, want 4", n)
	}
	if n := strings.Count(w.logged(), "refuses all requests"); n != 4 {
		t.Errorf("%d are logged, want 4:\n%s", n, w.logged())
	}
	for _, h := range d.List() {
		for _, a := range []answer{
			w.do("POST", "/hooks/"+h.ID, ""),
			w.do("GET", "/hooks/"+h.ID, ""),
			w.do("POST", "/hooks/"+h.ID, "b", "X-GitHub-Delivery: 1", "X-Hub-Signature-256: sha256="+sign("", "b")),
			w.do("POST", "/hooks/"+h.ID, "b", "X-GitHub-Delivery: 1", "X-Hub-Signature-256: sha256="+sign("k", "b")),
		} {
			if a.StatusCode != 401 {
				t.Errorf("%+v answers %d", h.Verify, a.StatusCode)
			}
		}
	}
	if n := len(w.taken()); n != 0 {
		t.Errorf("%d events", n)
	}
}

// TestDirectoryUnderChange reads while others change; run it with -race.
func TestDirectoryUnderChange(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	keep := w.put(webhook.Webhook{}).token
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				h, _, err := w.dir.Put(context.Background(), webhook.Webhook{EventKey: "a"}, "")
				if err != nil {
					t.Error(err)
					return
				}
				if err := w.dir.Delete(context.Background(), h.ID); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 2000 {
				if _, ok := w.dir.Get(keep); !ok {
					t.Error("a webhook vanished")
					return
				}
				w.dir.List()
			}
		})
	}
	wg.Wait()
	if n := len(w.dir.List()); n != 1 {
		t.Errorf("%d webhooks left", n)
	}
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"": true, "https://a.test": true, "http://a.test:8080/in/": true,
		"a.test": false, "ftp://a.test": false, "https://": false, "https://u:p@a.test": false, "https://a.test?x=1": false, "https://a.test/#x": false, "/in": false,
	} {
		d, err := ingress.NewDirectory(t.Context(), &world{}, presets(t), secrets{}, ingress.DirectoryOptions{PublicURL: text, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
		if (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && fault.CodeOf(err) != fault.ConfigValue {
			t.Errorf("%q: code %s", text, fault.CodeOf(err))
		}
		if err != nil {
			continue
		}
		if err := d.SetPublicURL("localhost"); err == nil {
			t.Error("an address without a scheme was set")
		}
		if err := d.SetPublicURL("http://127.0.0.1:1234/"); err != nil {
			t.Error(err)
		}
		if got := d.URL("a"); got != "http://127.0.0.1:1234/api/v3/command/webhook.receive?token=a" {
			t.Errorf("URL %q", got)
		}
	}
}

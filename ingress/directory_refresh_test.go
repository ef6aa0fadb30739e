package ingress_test

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// vault resolves file:NAME to what it holds.
type vault struct {
	mu   sync.Mutex
	kept map[string]string
}

func (v *vault) Resolve(ref string) (string, error) {
	name, isRef := strings.CutPrefix(ref, "file:")
	if !isRef {
		return ref, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if text, ok := v.kept[name]; ok {
		return text, nil
	}
	return "", errors.New("no such file")
}

func (v *vault) set(name, text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if text == "" {
		delete(v.kept, name)
		return
	}
	v.kept[name] = text
}

// openVault is like open, with a vault and declared webhooks; its directory is refreshed by hand.
func openVault(t *testing.T, v *vault, declared func() ([]webhook.Declaration, error)) *world {
	t.Helper()
	w := emptyWorld(t)
	w.restart(v, declared)
	return w
}

// restart opens a new directory over what is stored, and a door for it.
func (w *world) restart(v *vault, declared func() ([]webhook.Declaration, error)) {
	w.t.Helper()
	logger := slog.New(slog.NewJSONHandler(w, nil))
	var err error
	if w.dir, err = ingress.NewDirectory(w.t.Context(), w, presets(w.t), v, ingress.DirectoryOptions{Declared: declared, Now: w.now, Logger: logger}); err != nil {
		w.t.Fatal(err)
	}
	if w.srv, err = ingress.New(ingress.Options{Address: "127.0.0.1:0", Failures: many}, ingress.Deps{Emitter: w, Results: w, Directory: w.dir, Rejects: w, Logger: logger, Now: w.now}); err != nil {
		w.t.Fatal(err)
	}
	w.serve()
}

func (w *world) signed(token, secret string) int {
	w.t.Helper()
	return w.do("POST", "/hooks/"+token, "b", "X-GitHub-Delivery: "+secret, "X-Hub-Signature-256: sha256="+sign(secret, "b")).StatusCode
}

// TestSecretFilesAreReadAgain: a changed secret counts without a restart; one that cannot be read or used
// leaves the one before in force, and the log says so once.
func TestSecretFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	v := &vault{kept: map[string]string{"s": "one"}}
	w := openVault(t, v, nil)
	made := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "file:s"}}}})
	both := func() string {
		w.dir.Refresh(t.Context())
		return strings.Join([]string{status(w.signed(made.token, "one")), status(w.signed(made.token, "two"))}, " ")
	}
	if got := both(); got != "200 401" {
		t.Errorf("at first: %s", got)
	}
	v.set("s", "two")
	if got := both(); got != "401 200" {
		t.Errorf("after the change: %s", got)
	}
	v.set("s", "")
	if got := both() + ", " + both(); got != "401 200, 401 200" {
		t.Errorf("without the file: %s", got)
	}
	if n := strings.Count(w.logged(), "so the one before stays"); n != 1 {
		t.Errorf("the log says so %d times:\n%s", n, w.logged())
	}
	v.set("s", "one")
	if got := both(); got != "200 401" {
		t.Errorf("after it came back: %s", got)
	}
	v.set("s", "")
	both()
	if n := strings.Count(w.logged(), "so the one before stays"); n != 2 {
		t.Errorf("a new fault is not logged: %d", n)
	}
}

// TestShutWebhooksHeal: a webhook whose secret was missing at the start opens when it is there.
func TestShutWebhooksHeal(t *testing.T) {
	t.Parallel()
	v := &vault{kept: map[string]string{"s": "one"}}
	w := openVault(t, v, nil)
	made := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "file:s"}}}})
	v.set("s", "")
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	w.restart(v, nil)
	if got := w.signed(made.token, "one"); got != 401 {
		t.Errorf("without the secret: %d", got)
	}
	v.set("s", "one")
	w.dir.Refresh(t.Context())
	if got := w.signed(made.token, "one"); got != 200 {
		t.Errorf("with the secret: %d", got)
	}
}

// TestKeptLimiter: what has nothing to do with the rate leaves its count alone.
func TestKeptLimiter(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	made := w.put(webhook.Webhook{Rate: webhook.Rate{PerSecond: 0.001, Burst: 1}})
	if !ingress.SameRate(w.dir, made.ID, func() {
		if _, err := w.dir.Change(t.Context(), made.ID, func(h *webhook.Webhook) error { h.Title = "x"; return nil }); err != nil {
			t.Error(err)
		}
	}) {
		t.Error("the limiter began anew")
	}
	if ingress.SameRate(w.dir, made.ID, func() {
		if _, err := w.dir.Change(t.Context(), made.ID, func(h *webhook.Webhook) error { h.Rate.Burst = 2; return nil }); err != nil {
			t.Error(err)
		}
	}) {
		t.Error("the limiter has its old settings")
	}
}

// fileSet is a set of declarations that a test changes.
type fileSet struct {
	mu   sync.Mutex
	list []webhook.Declaration
	err  error
}

func (f *fileSet) read() ([]webhook.Declaration, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.list, f.err
}

func (f *fileSet) set(err error, list ...webhook.Declaration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list, f.err = list, err
}

func declare(id, secret string, tokens ...string) webhook.Declaration {
	d := webhook.Declaration{
		Webhook: webhook.Webhook{ID: id, Origin: id + ".webhook.yaml", EventKey: "webhook." + id},
		Tokens:  tokens,
		Places: map[string]fault.Position{
			"": {File: id + ".webhook.yaml"}, "preset": {File: id + ".webhook.yaml", Line: 3, Column: 9}, "token": {File: id + ".webhook.yaml", Line: 2, Column: 8},
		},
	}
	if secret != "" {
		d.Webhook.Verify = webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: secret}}}
	}
	return d
}

const (
	leadsToken = "leads-token-leads-token"
	pushToken  = "push-token-push-token"
)

func TestDeclared(t *testing.T) {
	t.Parallel()
	v := &vault{kept: map[string]string{"push": pushToken, "s": "one"}}
	files := &fileSet{}
	leads, push := declare("leads", "", "sha256:"+webhook.NewToken(leadsToken, time.Time{}).Hash), declare("push", "file:s", "file:push")
	files.set(nil, leads, push)
	w := openVault(t, v, files.read)
	if got := w.statuses(leadsToken) + " " + status(w.signed(pushToken, "one")); got != "200 200" {
		t.Errorf("at the start: %s", got)
	}
	if h, ok := w.dir.Get("leads"); !ok || h.Origin != "leads.webhook.yaml" || len(h.Tokens) != 1 || len(w.dir.List()) != 2 {
		t.Errorf("%+v", h)
	}
	if stored := w.hooks["push"]; len(stored.Verify.Secrets) != 0 {
		t.Errorf("stored %+v", stored)
	}

	// Commands do not change them.
	refused := map[string]error{}
	_, _, refused["put"] = w.dir.Put(t.Context(), webhook.Webhook{ID: "leads", EventKey: "a"}, "")
	_, refused["change"] = w.dir.Change(t.Context(), leadsToken, func(*webhook.Webhook) error { return nil })
	_, _, refused["rotate"] = w.dir.Rotate(t.Context(), "leads", 0)
	_, refused["enable"] = w.dir.Enable(t.Context(), "leads", false)
	refused["delete"] = w.dir.Delete(t.Context(), "leads")
	for name, err := range refused {
		if fault.CodeOf(err) != fault.WebhookDeclared || !strings.Contains(err.Error(), "leads.webhook.yaml") {
			t.Errorf("%s: %v", name, err)
		}
	}

	// A change of the files counts as a whole.
	leads.Webhook.Disabled = true
	files.set(nil, leads, push)
	w.dir.Refresh(t.Context())
	if got := w.statuses(leadsToken); got != "401" {
		t.Errorf("disabled: %s", got)
	}
	broken := push
	broken.Webhook.Verify.Preset = "githup"
	leads.Webhook.Disabled = false
	files.set(nil, leads, broken)
	w.dir.Refresh(t.Context())
	w.dir.Refresh(t.Context())
	if got := w.statuses(leadsToken) + " " + status(w.signed(pushToken, "one")); got != "401 200" {
		t.Errorf("with a broken file: %s", got)
	}
	if log := w.logged(); strings.Count(log, "stay as they were") != 1 || !strings.Contains(log, `push.webhook.yaml:3:9: preset: there is no preset`) {
		t.Errorf("the log:\n%s", log)
	}
	files.set(errors.New("no YAML"), leads, push)
	w.dir.Refresh(t.Context())
	if got := w.statuses(leadsToken); got != "401" {
		t.Errorf("with files that cannot be read: %s", got)
	}
	files.set(nil, leads, push)
	w.dir.Refresh(t.Context())
	if got := w.statuses(leadsToken); got != "200" {
		t.Errorf("with sound files: %s", got)
	}
	files.set(nil, push)
	w.dir.Refresh(t.Context())
	if got := w.statuses(leadsToken); got != "401" || len(w.hooks) != 1 || len(w.dir.List()) != 1 {
		t.Errorf("without its file: %s, %+v", got, w.hooks)
	}
}

// TestDeclaredTokenRotates: the file of a token may change; one that cannot be read leaves the one before.
func TestDeclaredTokenRotates(t *testing.T) {
	t.Parallel()
	const next = "next-token-next-token"
	v := &vault{kept: map[string]string{"a": leadsToken}}
	files := &fileSet{}
	files.set(nil, declare("leads", "", "file:a"))
	w := openVault(t, v, files.read)
	for _, step := range []struct{ text, want string }{
		{leadsToken, "200 401"}, {next, "401 200"}, {"", "401 200"}, {"short", "401 200"}, {leadsToken, "200 401"},
	} {
		v.set("a", step.text)
		w.dir.Refresh(t.Context())
		if got := w.statuses(leadsToken, next); got != step.want {
			t.Errorf("%q in the file: %s, want %s", step.text, got, step.want)
		}
	}
	v.set("b", next)
	files.set(nil, declare("leads", "", "file:b", "file:a"))
	w.dir.Refresh(t.Context())
	if got := w.statuses(leadsToken, next); got != "200 200" {
		t.Errorf("two tokens: %s", got)
	}
}

// TestComplaintsAreNotRepeated: of a token and a secret that cannot be read, the log says each once.
func TestComplaintsAreNotRepeated(t *testing.T) {
	t.Parallel()
	v := &vault{kept: map[string]string{"a": leadsToken, "s": "one"}}
	files := &fileSet{}
	files.set(nil, declare("leads", "file:s", "file:a"))
	w := openVault(t, v, files.read)
	for i, c := range []struct {
		file          string
		token, secret int
	}{{"a", 1, 0}, {"s", 1, 1}} {
		v.set(c.file, "")
		for range 3 {
			w.dir.Refresh(t.Context())
		}
		log := w.logged()
		if token, secret := strings.Count(log, "its token cannot be read"), strings.Count(log, "its changed secret cannot be used"); token != c.token || secret != c.secret {
			t.Errorf("step %d: %d and %d times\n%s", i, token, secret, log)
		}
	}
	if got := w.signed(leadsToken, "one"); got != 200 {
		t.Errorf("without both files: %d", got)
	}
}

// TestDeclaredAfterRestart: what is known about a declared webhook beyond its file outlives the process.
func TestDeclaredAfterRestart(t *testing.T) {
	t.Parallel()
	v := &vault{kept: map[string]string{"a": leadsToken}}
	files := &fileSet{}
	asana := declare("asana", "", "file:a")
	asana.Webhook.Verify = webhook.Verify{Preset: "asana"}
	files.set(nil, asana, declare("gone", "", "sha256:"+strings.Repeat("a", 64)))
	w := openVault(t, v, files.read)
	if err := w.dir.Learn(t.Context(), "asana", "learned-secret"); err != nil {
		t.Fatal(err)
	}
	signed := func() int {
		return w.do("POST", "/hooks/"+leadsToken, "b", "X-Hook-Signature: "+sign("learned-secret", "b")).StatusCode
	}
	w.pass(time.Minute)
	if got := signed(); got != 200 {
		t.Fatalf("the learned secret: %d", got)
	}
	used := w.now()
	w.dir.Refresh(t.Context())
	if got := signed(); got != 200 {
		t.Errorf("after a refresh: %d", got)
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	files.set(nil, asana)
	w.restart(v, files.read)
	h, _ := w.dir.Get("asana")
	if !h.Updated.Equal(h.Created) {
		t.Errorf("the start changed it: %v, made %v", h.Updated, h.Created)
	}
	if !h.Created.Equal(used.Add(-time.Minute)) || !h.Tokens[0].LastUsed.Equal(used) {
		t.Errorf("%+v", h)
	}
	if got := signed(); got != 200 {
		t.Errorf("after the restart: %d", got)
	}
	if len(w.hooks) != 1 {
		t.Errorf("the one without a file is still stored: %+v", w.hooks)
	}
}

func TestDeclaredFaults(t *testing.T) {
	t.Parallel()
	unknown := declare("push", "k", "file:a")
	unknown.Webhook.Verify.Preset = "githup"
	for name, c := range map[string]struct {
		files []webhook.Declaration
		want  string
	}{
		"preset":          {[]webhook.Declaration{unknown}, `push.webhook.yaml:3:9: preset: there is no preset "githup"; did you mean "github"?`},
		"token missing":   {[]webhook.Declaration{declare("leads", "", "file:gone")}, "leads.webhook.yaml:2:8: token: the token cannot be used: no such file"},
		"token too short": {[]webhook.Declaration{declare("leads", "", "file:short")}, "leads.webhook.yaml:2:8: token: the token cannot be used: a token has 16 to 127"},
		"no hash":         {[]webhook.Declaration{declare("leads", "", "sha256:abc")}, "64 hexadecimal digits"},
		"one token twice": {[]webhook.Declaration{declare("leads", "", "file:a"), declare("push", "", "file:a")}, "push.webhook.yaml:2:8: token: the webhook leads has this token, too"},
	} {
		files := &fileSet{}
		files.set(nil, c.files...)
		w := emptyWorld(t)
		v := &vault{kept: map[string]string{"a": leadsToken, "short": "short"}}
		_, err := ingress.NewDirectory(t.Context(), w, presets(t), v, ingress.DirectoryOptions{Declared: files.read, Now: w.now, Logger: discard()})
		if err == nil || !strings.Contains(err.Error(), c.want) || len(w.hooks) != 0 {
			t.Errorf("%s: %v, stored %v", name, err, w.hooks)
		}
	}
	// A secret that is missing shuts its webhook, not the whole door.
	files := &fileSet{}
	files.set(nil, declare("leads", "", "file:a"), declare("push", "file:gone", "file:b"))
	v := &vault{kept: map[string]string{"a": leadsToken, "b": pushToken}}
	w := openVault(t, v, files.read)
	if got := w.statuses(leadsToken) + " " + status(w.signed(pushToken, "one")); got != "200 401" {
		t.Errorf("with a missing secret: %s", got)
	}
	v.set("gone", "one")
	w.dir.Refresh(t.Context())
	if got := status(w.signed(pushToken, "one")); got != "200" {
		t.Errorf("when it is there: %s", got)
	}
}

func status(code int) string { return map[bool]string{true: "200", false: "401"}[code == 200] }

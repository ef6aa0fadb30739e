// Package examples_test executes every story of this folder against a real server, a real SMTP server and
// the real plugin.
package examples_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/internal/pipetest"
	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/internal/testkit/smtpsink"
	"github.com/penstock/penstock/runtime/secret"
	"github.com/penstock/penstock/runtime/wasm"
)

const token = "6b6fea8b-76e6-4c33-83cc-a202862f4446"

// plugins builds the plugin that the examples use and gives its folder.
func plugins(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	host, err := wasm.NewHost(t.Context(), wasm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	packed, err := host.Pack(t.Context(), guest.Build(t, "../plugins/mail.send"))
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mail.send.wasm"), packed, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestCases runs the test files of every example with the real plugin. Each pipeline has one, and no step and no
// branch is left out.
func TestCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*/config.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("the examples are %v, %v", files, err)
	}
	dir := plugins(t)
	for _, config := range files {
		t.Run(filepath.Dir(config), func(t *testing.T) {
			t.Parallel()
			runCases(t, config, dir)
		})
	}
}

func runCases(t *testing.T, config, plugins string) {
	t.Helper()
	cfg, err := configs.Load(configs.Sources{
		File: config, FileRequired: true, Set: []string{"plugins.dir=" + plugins, "plugins.cache=" + guest.CacheDir(t)},
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := pipetest.Open(t.Context(), app.Params{
		Config: cfg, Logger: slog.New(slog.DiscardHandler), Version: "test", Resolver: secret.NewResolver(secret.Options{}), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	files, err := pipetest.Find([]string{filepath.Dir(config)})
	if err != nil {
		t.Fatal(err)
	}
	report, err := r.Run(t.Context(), files, pipetest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Files {
		for _, c := range f.Cases {
			if c.Outcome != pipetest.Passed {
				t.Errorf("%s: %s: %s\n%s", c.File, c.Name, c.Outcome, strings.Join(c.Lines(), "\n"))
			}
		}
	}
	pipelines, err := filepath.Glob(filepath.Join(filepath.Dir(config), "pipelines", "*.pi.yaml"))
	plans, percent := report.Coverage()
	if err != nil || len(plans) != len(pipelines) || percent < 100 {
		t.Errorf("%d of %d pipelines have tests, which execute %.0f %%: %+v", len(plans), len(pipelines), percent, plans)
	}
}

// serve runs an example's configuration on free ports and gives the addresses and the mails.
func serve(t *testing.T, example string) (app.Addresses, *smtpsink.Sink) {
	t.Helper()
	dir := t.TempDir()
	sink := smtpsink.Start(t, smtpsink.Options{})
	smtpHost, smtpPort := sink.HostPort()
	config, err := configs.Load(configs.Sources{
		File: filepath.Join(example, "config.yaml"), FileRequired: true,
		Set: []string{
			"store.dir=" + filepath.Join(dir, "data"), "plugins.dir=" + plugins(t), "plugins.cache=" + guest.CacheDir(t),
			"ingress.address=127.0.0.1:0", "admin.address=127.0.0.1:0", "admin.token=" + token,
			"smtp.host=" + smtpHost, fmt.Sprintf("smtp.port=%d", smtpPort),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Params{
		Config: config, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Version: "test",
		Resolver: secret.NewResolver(secret.Options{}), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with: %v", err)
		}
	})
	select {
	case at := <-a.Listening():
		return at, sink
	case err := <-ended:
		ended <- err
		t.Fatalf("the server ended early: %v", err)
		return app.Addresses{}, nil
	}
}

func send(t *testing.T, method, url, body string, header map[string]string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range header {
		req.Header.Set(name, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// put creates a webhook with a known token through the admin API.
func put(t *testing.T, at app.Addresses, params string) {
	t.Helper()
	status, text := send(t, http.MethodPost, "http://"+at.Admin+"/api/v3/command/webhook.put?params=body",
		`{"uuid":"`+token+`",`+params+`}`, map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json"})
	if status != http.StatusOK {
		t.Fatalf("webhook.put: %d %s", status, text)
	}
}

func wait(t *testing.T, sink *smtpsink.Sink, n int) []smtpsink.Mail {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	mails, err := sink.Wait(ctx, n)
	if err != nil {
		t.Fatalf("waiting for %d mails: %v", n, err)
	}
	return mails
}

// The lead becomes three mails: by event.listen as systemuser and as anonymousUser, and by message.receive.
func TestLeadToMail(t *testing.T) {
	t.Parallel()
	at, sink := serve(t, "lead-to-mail")
	put(t, at, `"eventKey":"webhook.lead.created"`)
	status, text := send(t, http.MethodPost, "http://"+at.Public+"/api/v3/command/webhook.receive?token="+token, "Jane wants a boat",
		map[string]string{"Content-Type": "text/plain"})
	if status != http.StatusOK || !strings.Contains(text, `"status":"processing"`) {
		t.Fatalf("the webhook answered %d %s", status, text)
	}
	var bodies []string
	for _, m := range wait(t, sink, 3) {
		if !slices.Equal(m.Recipients, []string{"name@company.tld"}) || !strings.Contains(string(m.Data), "Subject: New lead was created!") {
			t.Errorf("a mail to %v:\n%s", m.Recipients, m.Data)
		}
		_, body, _ := strings.Cut(string(m.Data), "\r\n\r\n")
		bodies = append(bodies, strings.TrimSpace(body))
	}
	slices.Sort(bodies)
	// message.receive hands on the payload as it is: base64 in a map.
	if len(bodies) != 3 || bodies[0] != "Jane wants a boat" || bodies[1] != "Jane wants a boat" || !strings.Contains(bodies[2], "SmFuZSB3YW50cyBhIGJvYXQ=") &&
		!strings.Contains(bodies[2], "SmFuZSB3YW50cyBhIGJvYXQ=3D") {
		t.Errorf("the bodies are %q", bodies)
	}
}

func TestGitHubPushToMail(t *testing.T) {
	t.Parallel()
	at, sink := serve(t, "github-push-to-mail")
	put(t, at, `"eventKey":"webhook.github.push","payloadType":"raw","preset":"github","secret":"It's a Secret to Everybody"`)
	body := `{"ref":"refs/heads/main","after":"abc","repository":{"full_name":"acme/boat"},"pusher":{"name":"jane"}}`
	mac := hmac.New(sha256.New, []byte("It's a Secret to Everybody"))
	mac.Write([]byte(body))
	header := map[string]string{
		"Content-Type": "application/json", "X-GitHub-Event": "push", "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
		"X-Hub-Signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil)),
	}
	status, text := send(t, http.MethodPost, "http://"+at.Public+"/hooks/"+token+"?pollingRedirectEnabled=true", body, header)
	if status != http.StatusOK || text != `"mailed the push to acme/boat"` {
		t.Errorf("the webhook answered, after its redirects, %d %s", status, text)
	}
	mails := wait(t, sink, 1)
	if !strings.Contains(string(mails[0].Data), "Subject: Push to acme/boat by jane") {
		t.Errorf("the mail is\n%s", mails[0].Data)
	}
	header["X-Hub-Signature-256"] = "sha256=" + strings.Repeat("0", 64)
	if status, _ := send(t, http.MethodPost, "http://"+at.Public+"/hooks/"+token, body, header); status != http.StatusUnauthorized {
		t.Errorf("a forgery was answered with %d", status)
	}
}

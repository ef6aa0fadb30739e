package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/secret"
)

const adminToken = "interop-0123456789abcdef"

// server is a whole one in this process.
type server struct {
	t     *testing.T
	admin string
}

func startServer(t *testing.T) *server {
	t.Helper()
	dir := t.TempDir()
	config, err := configs.Load(configs.Sources{Set: []string{
		"store.dir=" + filepath.Join(dir, "data"), "store.reserve=8MiB", "pipelines.dir=" + filepath.Join(dir, "pipelines"),
		"plugins.dir=" + filepath.Join(dir, "plugins"), "ingress.address=127.0.0.1:0", "admin.address=127.0.0.1:0",
		"admin.token=" + adminToken, "ingress.failure_budget.count=100000",
	}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Params{
		Config: config, Logger: slog.New(slog.DiscardHandler), Version: "test", Resolver: secret.NewResolver(secret.Options{}), Now: time.Now,
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
			t.Error(err)
		}
	})
	return &server{t: t, admin: (<-a.Listening()).Admin}
}

// put makes a webhook and gives its address.
func (s *server) put(who sender) string {
	s.t.Helper()
	params := map[string]any{"eventKey": "webhook.interop", "preset": who.Preset}
	if len(who.Secrets) > 0 {
		params["secret"] = who.Secrets
	}
	if len(who.Keys) > 0 {
		params["key"] = who.Keys
	}
	for name, values := range who.Options {
		switch {
		case name == "acceptWeak":
			params[name] = true
		case len(values) == 1:
			params[name] = values[0]
		default:
			params[name] = values
		}
	}
	body, err := json.Marshal(params)
	if err != nil {
		s.t.Fatal(err)
	}
	header := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + adminToken}
	status, answer := s.send(http.MethodPost, "http://"+s.admin+"/api/v3/command/webhook.put?params=body", header, string(body), nil)
	var made struct{ Value struct{ WebhookURL string } }
	if err := json.Unmarshal(answer, &made); err != nil || status != http.StatusOK || made.Value.WebhookURL == "" {
		s.t.Fatalf("webhook.put for %s: status %d, %s", who.Library, status, answer)
	}
	return made.Value.WebhookURL
}

// post sends a request and gives the status of the answer. twice names a header that is sent two times.
func (s *server) post(r request, twice string) int {
	s.t.Helper()
	status, _ := s.send(http.MethodPost, r.URL, r.Headers, r.Body, func(h http.Header) {
		if twice != "" {
			h.Add(twice, h.Get(twice))
		}
	})
	return status
}

func (s *server) send(method, url string, headers map[string]string, body string, more func(http.Header)) (int, []byte) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, v := range headers {
		req.Header.Set(name, v)
	}
	if more != nil {
		more(req.Header)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, answer
}

// with gives a copy of the request with one header changed, or without it where to gives "".
func (r request) with(header string, to func(string) string) request {
	headers := maps.Clone(r.Headers)
	for name, v := range headers {
		if strings.EqualFold(name, header) {
			if headers[name] = to(v); headers[name] == "" {
				delete(headers, name)
			}
		}
	}
	r.Headers = headers
	return r
}

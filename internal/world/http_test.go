package world_test

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/internal/testkit/ssrf"
	"github.com/penstock/penstock/internal/world"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
)

const canary = "kanari-5f2c77d1e0"

// echo answers with what it was asked, and does what the path says: /away leads to the other server.
func echo(t *testing.T) (s, other *httptest.Server) {
	t.Helper()
	other = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "the other one")
		for _, name := range []string{"Authorization", "X-Api-Key"} {
			if r.Header.Get(name) != "" {
				t.Errorf("a redirect carried %s to another server", name)
			}
		}
	}))
	t.Cleanup(other.Close)
	s = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/busy":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, r.Header.Get("Authorization"))
			return
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		case "/slow":
			<-r.Context().Done()
			return
		case "/broken":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"a":`+r.Header.Get("Authorization"))
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Shown", r.Header.Get("Authorization"))
		if err := json.NewEncoder(w).Encode(map[string]any{
			"method": r.Method, "uri": r.RequestURI, "type": r.Header.Get("Content-Type"), "body": string(body), "auth": r.Header.Get("Authorization"),
			"key": r.Header.Get("X-Api-Key"), "x": r.Header.Get("X-A"), "idem": r.Header.Get("Idempotency-Key"), r.Header.Get("Authorization"): 1,
		}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s, other
}

func TestHTTPCommands(t *testing.T) {
	t.Parallel()
	server, other := echo(t)
	host := server.Listener.Addr().String()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	resolver := secret.NewResolver(secret.Options{Environ: func() []string { return []string{"TOKEN=" + canary, "PAIR=user:" + canary} }})
	mine := func(format, value, header string) configs.Secret {
		return configs.Secret{Value: secret.New(value), Format: format, Header: header, Hosts: []string{host}, Identities: []string{"system"}}
	}
	elsewhere := mine("bearer", "env:TOKEN", "")
	elsewhere.Hosts = []string{"api.example.org"}
	secrets, err := world.NewSecrets(map[string]configs.Secret{
		"bearer": mine("", "env:TOKEN", ""), "key": mine("header", "env:TOKEN", "X-Api-Key"), "pair": mine("username-password", "env:PAIR", ""),
		"elsewhere": elsewhere, "gone": mine("bearer", "env:NONE", ""),
	}, resolver)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	deps := builtin.Deps{
		Now: now, Secrets: secrets, Outbound: egress.New(egress.Options{AllowHosts: []string{host, other.Listener.Addr().String()}, RootCAs: roots, Timeout: 5 * time.Second}),
	}
	registry, err := command.NewRegistry(builtin.All(deps)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, command string
		params        map[string]any
		body          any
		want          map[string]any
		code          fault.Code
		wait          time.Duration
	}{
		{"get", "http.get", map[string]any{"url": "/a?b=1", "query": map[string]any{"q": "x&y=z", "n": []any{1, 2}}, "headers": map[string]any{"X-A": 5}}, "ignored", map[string]any{"method": "GET", "uri": "/a?b=1&n=1&n=2&q=x%26y%3Dz", "x": "5", "body": "", "idem": ""}, "", 0},
		{"post the body", "http.post", map[string]any{"url": "/"}, map[string]any{"a": 1}, map[string]any{"type": "application/json", "body": `{"a":1}`, "idem": "run-1:4"}, "", 0},
		{"post a text", "http.post", map[string]any{"url": "/", "body": "hi", "headers": "X-A: 1, Idempotency-Key: mine"}, nil, map[string]any{"type": "text/plain; charset=utf-8", "body": "hi", "x": "1", "idem": "mine"}, "", 0},
		{"post content", "http.post", map[string]any{"url": "/"}, map[string]any{"name": "a.png", "contentType": "image/png", "contentLength": 2, "contentBase64": "SGk="}, map[string]any{"type": "image/png", "body": "Hi"}, "", 0},
		{"put a form", "http.put", map[string]any{"url": "/", "headers": []any{"Content-Type: application/x-www-form-urlencoded"}, "body": map[string]any{"a": "1&2", "b": true}}, nil, map[string]any{"body": "a=1%262&b=true", "idem": ""}, "", 0},
		{"patch null", "http.patch", map[string]any{"url": "/", "body": nil}, "unused", map[string]any{"body": "", "type": ""}, "", 0},
		{"delete", "http.delete", map[string]any{"url": "/x"}, "ignored", map[string]any{"method": "DELETE", "body": ""}, "", 0},
		{"a token", "http.get", map[string]any{"url": "/", "secret": "bearer"}, nil, map[string]any{"auth": "Bearer [redacted]", "Bearer [redacted]": 1}, "", 0},
		{"a field", "http.get", map[string]any{"url": "/", "secret": "key"}, nil, map[string]any{"key": "[redacted]"}, "", 0},
		{"a password", "http.get", map[string]any{"url": "/", "secret": "pair"}, nil, map[string]any{"auth": "Basic [redacted]"}, "", 0},
		{"a secret for another host", "http.get", map[string]any{"url": "/", "secret": "elsewhere"}, nil, nil, fault.SecretDenied, 0},
		{"a secret that nobody set", "http.get", map[string]any{"url": "/", "secret": "gone"}, nil, nil, fault.ConfigEnv, 0},
		{"no secret", "http.get", map[string]any{"url": "/", "secret": "none"}, nil, nil, fault.SecretUnknown, 0},
		{"a secret stays here", "http.get", map[string]any{"url": "/away", "secret": "key", "includeResponse": true}, nil, map[string]any{"body": "the other one"}, "", 0},
		{"busy", "http.get", map[string]any{"url": "/busy", "secret": "bearer"}, nil, nil, fault.HTTPUnavailable, 7 * time.Second},
		{"broken JSON", "http.get", map[string]any{"url": "/broken", "secret": "bearer"}, nil, nil, fault.DataInvalid, 0},
		{"a text after all", "http.get", map[string]any{"url": "/broken", "forceContentType": "text/plain", "includeResponse": true}, nil, map[string]any{"status": 200, "body": `{"a":`}, "", 0},
		{"headers that are none", "http.get", map[string]any{"url": "/", "headers": []any{"x"}}, nil, nil, fault.CommandType, 0},
		{"a header that is two", "http.get", map[string]any{"url": "/", "headers": map[string]any{"X-A": "1\r\nX-B: 2"}}, nil, nil, fault.EgressDenied, 0},
		{"another host", "http.get", map[string]any{"url": "/", "headers": map[string]any{"Host": "example.org"}}, nil, nil, fault.EgressDenied, 0},
	} {
		d, err := registry.Lookup(c.command)
		if err != nil {
			t.Fatal(err)
		}
		c.params["url"] = server.URL + c.params["url"].(string)
		got, err := command.Execute(t.Context(), d, c.params, command.Call{
			Body: c.body, Identity: "system", RunID: "run-1", Step: 4, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		if (err != nil) != (c.code != "") || err != nil && fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		if _, wait := fault.Retryable(err); wait != c.wait {
			t.Errorf("%s: wait %s", c.name, wait)
		}
		if text := fmt.Sprint(got, err); strings.Contains(text, canary) {
			t.Errorf("%s: the secret shows: %s", c.name, text)
		}
		answer, _ := got.(map[string]any)
		for name, want := range c.want {
			if diff := cmp.Diff(want, answer[name]); diff != "" {
				t.Errorf("%s, %s:\n%s", c.name, name, diff)
			}
		}
	}
	if strings.Contains(log.String(), canary) {
		t.Error("the secret is in the log")
	}

	d, err := registry.Lookup("http.get")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := command.Execute(t.Context(), d, map[string]any{"url": server.URL, "secret": "bearer"}, command.Call{Identity: "guest"}); fault.CodeOf(err) != fault.SecretDenied {
		t.Errorf("a guest: %v", err)
	}
}

func TestSecretsSettings(t *testing.T) {
	t.Parallel()
	_, err := world.NewSecrets(map[string]configs.Secret{
		"a": {Value: secret.New("x"), Format: "header"}, "b": {Value: secret.New("x"), Hosts: []string{"https://example.org"}}, "c": {},
	}, secret.NewResolver(secret.Options{}))
	for _, want := range []string{"secrets.a.header", "secrets.b.hosts", "secrets.c.value"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
}

// TestCommandsStayOutside: no forbidden URL is reached by any command.
func TestCommandsStayOutside(t *testing.T) {
	t.Parallel()
	listener := ssrf.Listen(t, 0)
	deps := builtin.Deps{Now: now, Outbound: egress.New(egress.Options{Ports: []uint16{uint16(listener.Port)}, Resolver: ssrf.Serve(t, ssrf.Zone())})}
	count, asking := 0, 0
	for _, d := range builtin.All(deps) {
		if _, asks := d.Spec.Param("url"); !asks {
			continue
		}
		asking++
		for _, scheme := range []string{"http", "https"} {
			for _, c := range ssrf.Cases(scheme, listener.Port) {
				_, err := command.Execute(t.Context(), &d, map[string]any{"url": c.URL}, command.Call{Body: "x"})
				if fault.CodeOf(err) != fault.EgressDenied && c.URL != "" {
					t.Errorf("%s %s: %v", d.Spec.Name, c.Name, err)
				}
				count++
			}
		}
	}
	if seen := listener.Seen(t); len(seen) > 0 {
		t.Errorf("connections to %v", seen)
	}
	if asking < 5 {
		t.Errorf("only %d commands ask", asking)
	}
	t.Logf("%d requests denied, 0 connections seen", count)
}

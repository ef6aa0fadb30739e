package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/testkit/child"
)

// TestMetricsAreServed: what the door did can be read from the admin listener, with the token that is for it.
func TestMetricsAreServed(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0], args[1:]...)
		return
	}
	const own = "metrics-0123456789abcdef"
	s := startServer(t, t.TempDir(), "admin.metrics_token="+own)
	t.Cleanup(s.Kill)
	s.putWebhook(t)
	if status, _, _, err := s.post(t.Context(), client(), []byte(`{"n":1}`)); err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v", status, err)
	}
	if status, _, _, err := s.post(t.Context(), client(), []byte(`{`)); err != nil || status != http.StatusBadRequest {
		t.Fatalf("%d, %v", status, err)
	}
	get := func(path, bearer string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.admin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+bearer)
		res, err := client().Do(req)
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
	status, text := get("/metrics", own)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	for _, want := range []string{
		`penstock_ingress_accepted_total{preset="none"} 1`, `penstock_ingress_accepted_total{preset="github"} 0`,
		`penstock_ingress_refused_total{reason="payload.json"} 1`, `penstock_ingress_requests_in_flight 0`,
		`penstock_ingress_request_bytes_total 8`, `penstock_ingress_request_duration_seconds_count 2`, "penstock_build_info{", "go_goroutines ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if status, _ := get("/metrics", token); status != http.StatusOK {
		t.Errorf("with the token of the API: %d", status)
	}
	if status, _ := get("/api/v3/status", own); status != http.StatusUnauthorized {
		t.Errorf("the API with the token of the metrics: %d", status)
	}
	res, err := client().Get("http://" + s.public + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("the public listener: %d", res.StatusCode)
	}
}

// TestKeptRejects: with the setting on, a refused request can be had as it came; it is off by default.
func TestKeptRejects(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0], args[1:]...)
		return
	}
	for _, keep := range []string{"true", "false"} {
		s := startServer(t, t.TempDir(), "ingress.keep_rejected="+keep)
		t.Cleanup(s.Kill)
		res, err := client().Post("http://"+s.public+"/hooks/guess-0123456789", "text/plain", strings.NewReader("CANARY"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.admin+"/api/v3/rejects/"+res.Header.Get("X-Request-Id"), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		var status int
		var text []byte
		for range 200 { // it is written behind the answer
			res, err := client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			text, err = io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if status = res.StatusCode; status == http.StatusOK || keep == "false" {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if keep == "true" && (status != http.StatusOK || !strings.HasPrefix(string(text), "POST /hooks/guess-0123456789 HTTP/1.1\r\n") || !strings.HasSuffix(string(text), "\r\n\r\nCANARY")) {
			t.Errorf("on: %d %q", status, text)
		}
		if keep == "false" && status != http.StatusNotFound {
			t.Errorf("off: %d %q", status, text)
		}
	}
}

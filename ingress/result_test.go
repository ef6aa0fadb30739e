package ingress_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/run"
)

func TestResult(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{PublicURL: "https://a.test/in", Hold: time.Millisecond, Failures: many})
	w.set(func() {
		w.results["busy"] = run.Result{State: run.ResultProcessing}
		w.results["ok"] = run.Result{State: run.ResultOK, Value: []byte(`{"a":[1]}`)}
		w.results["text"] = run.Result{State: run.ResultOK, Value: []byte(`"<b>hi</b>"`)}
		w.results["null"] = run.Result{State: run.ResultOK}
		w.results["failed"] = run.Result{State: run.ResultError, Code: "mail.rejected", Message: `the "relay" refused`}
	})
	const to = "/in/api/v3/result?correlationId=busy&pollingRedirectEnabled=true"
	for name, c := range map[string]struct {
		method, query string
		status        int
		location      string
		body          string
	}{
		"processing":           {"GET", "?correlationId=busy", 302, to, ""},
		"processing, followed": {"GET", "?correlationId=busy&pollingRedirectEnabled=true", 302, to, ""},
		"processing, no redirect": {
			"GET", "?correlationId=busy&pollingRedirectEnabled=false", 200, "",
			`{"statusCode":200,"status":"processing","value":null,"pollingRedirectEnabled":false,"correlationId":"busy"}`,
		},
		"value":       {"GET", "?correlationId=ok", 200, "", `{"a":[1]}`},
		"text":        {"GET", "?correlationId=text&pollingRedirectEnabled=false", 200, "", `"<b>hi</b>"`},
		"null":        {"GET", "?correlationId=null", 200, "", "null"},
		"failed":      {"GET", "?correlationId=failed", 500, "", `{"statusCode":500,"status":"error","code":"mail.rejected","message":"the \"relay\" refused"}`},
		"unknown":     {"GET", "?correlationId=other", 410, "", `{"statusCode":410,"status":"gone","message":"the result does not exist or is no longer kept"}`},
		"no id":       {"GET", "", 410, "", `{"statusCode":410,"status":"gone","message":"the result does not exist or is no longer kept"}`},
		"strange id":  {"GET", "?correlationId=%22%0d%0aX:%20y", 410, "", `{"statusCode":410,"status":"gone","message":"the result does not exist or is no longer kept"}`},
		"long id":     {"GET", "?correlationId=" + strings.Repeat("a", 65), 410, "", `{"statusCode":410,"status":"gone","message":"the result does not exist or is no longer kept"}`},
		"POST":        {"POST", "?correlationId=ok", 401, "", `{"status":"error","message":"the request was refused"}`},
		"broken id":   {"GET", "?correlationId=%", 400, "", `{"status":"error","message":"the request was refused"}`},
		"HEAD, quiet": {"HEAD", "?correlationId=ok", 401, "", ""},
	} {
		a := w.do(c.method, "/api/v3/result"+c.query, "")
		if a.StatusCode != c.status || a.Header.Get("Location") != c.location || a.body != c.body {
			t.Errorf("%s: %d %q %q", name, a.StatusCode, a.Header.Get("Location"), a.body)
		}
		if a.Header.Get("X-Content-Type-Options") != "nosniff" || c.body != "" && a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: header %v", name, a.Header)
		}
		if c.status < 303 && a.Header.Get("pipeforce-result-correlationid") == "" {
			t.Errorf("%s: no correlation id in the header", name)
		}
	}
}

// TestHold: a poll waits for its result, as long as not too many wait.
func TestHold(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Hold: time.Minute, MaxHolds: 2})
	w.set(func() { w.results["r"] = run.Result{State: run.ResultProcessing} })
	var wg sync.WaitGroup
	got := make([]answer, 2)
	for i := range got {
		wg.Go(func() { got[i] = w.do("GET", "/api/v3/result?correlationId=r", "") })
	}
	eventually(t, func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.polls > 4 })
	if a := w.do("GET", "/api/v3/result?correlationId=r", ""); a.StatusCode != 302 {
		t.Errorf("one too many waits: %d", a.StatusCode)
	}
	if a := w.do("GET", "/api/v3/result?correlationId=r&pollingRedirectEnabled=false", ""); a.StatusCode != 200 {
		t.Errorf("a poll that does not follow redirects waits: %d", a.StatusCode)
	}
	w.set(func() { w.results["r"] = run.Result{State: run.ResultOK, Value: []byte(`1`)} })
	wg.Wait()
	for _, a := range got {
		if a.StatusCode != 200 || a.body != "1" {
			t.Errorf("held poll: %d %s", a.StatusCode, a.body)
		}
	}
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatal("it never came so far")
}

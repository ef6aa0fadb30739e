package ingress_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/webhook"
)

// resulting makes every event have this result at once.
func (w *world) resulting(r run.Result) {
	w.set(func() { w.onEmit = func(e event.Event) { w.results[e.ID] = r } })
}

// TestWait: an answer holds the result when it is ready in time, else the standard one, with which the
// caller may poll.
func TestWait(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	hook := w.put(webhook.Webhook{Response: webhook.Response{Wait: 30_000}})
	short := w.put(webhook.Webhook{Response: webhook.Response{Wait: 1}})
	none := w.put(webhook.Webhook{})
	ok := run.Result{State: run.ResultOK, Value: []byte(`{"a":1}`)}
	failed := run.Result{State: run.ResultError, Code: "mail.rejected", Message: `the "relay" refused`}
	busy := run.Result{State: run.ResultProcessing}
	for name, c := range map[string]struct {
		token  string
		result run.Result
		prefer string
		want   map[string]any
		took   string // Preference-Applied
	}{
		"ready":                     {hook.token, ok, "", map[string]any{"statusCode": 200.0, "status": "ok", "value": map[string]any{"a": 1.0}}, ""},
		"ready, without a value":    {hook.token, run.Result{State: run.ResultOK}, "", map[string]any{"statusCode": 200.0, "status": "ok", "value": nil}, ""},
		"failed":                    {hook.token, failed, "", map[string]any{"statusCode": 500.0, "status": "error", "value": nil, "code": "mail.rejected", "message": `the "relay" refused`}, ""},
		"not ready in time":         {short.token, busy, "", map[string]any{"statusCode": 200.0, "status": "processing", "value": nil}, ""},
		"prefers not to wait":       {hook.token, busy, "Respond-Async", map[string]any{"statusCode": 200.0, "status": "processing", "value": nil}, "respond-async"},
		"prefers to wait less":      {hook.token, busy, "foo, wait=0", map[string]any{"statusCode": 200.0, "status": "processing", "value": nil}, "wait=0"},
		"prefers to wait longer":    {hook.token, ok, "wait=3600", map[string]any{"statusCode": 200.0, "status": "ok", "value": map[string]any{"a": 1.0}}, ""},
		"prefers nonsense":          {hook.token, ok, "wait=-1, wait=x", map[string]any{"statusCode": 200.0, "status": "ok", "value": map[string]any{"a": 1.0}}, ""},
		"prefers to, and must not":  {none.token, ok, "wait=10", map[string]any{"statusCode": 200.0, "status": "processing", "value": nil}, ""},
		"the redirect wins":         {hook.token, ok, "redirect", nil, ""},
		"unknown to the result API": {hook.token, run.Result{State: "gone"}, "", map[string]any{"statusCode": 200.0, "status": "processing", "value": nil}, ""},
	} {
		w.resulting(c.result)
		if c.result.State == "gone" {
			w.set(func() { w.onEmit = nil })
		}
		path, header := "/hooks/"+c.token, []string{"Prefer: " + c.prefer}
		if c.prefer == "redirect" {
			path, header = path+"?pollingRedirectEnabled=true", nil
		}
		a := w.do("POST", path, "b", header...)
		e := one(t, w, name)
		if c.prefer == "redirect" {
			if a.StatusCode != 302 {
				t.Errorf("%s: %d", name, a.StatusCode)
			}
			continue
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(a.body), &got); err != nil {
			t.Errorf("%s: %s: %v", name, a.body, err)
			continue
		}
		c.want["pollingRedirectEnabled"], c.want["correlationId"], c.want["traceId"] = false, e.ID, e.TraceID
		if diff := cmp.Diff(c.want, got); diff != "" || a.StatusCode != 200 || a.Header.Get("Preference-Applied") != c.took {
			t.Errorf("%s: %d, %q: %s", name, a.StatusCode, a.Header.Get("Preference-Applied"), diff)
		}
	}
}

// TestWaitersAreBounded: one caller too many is answered at once, and the end of the server ends all waiting.
func TestWaitersAreBounded(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{MaxHolds: 3})
	hook := w.put(webhook.Webhook{Response: webhook.Response{Wait: 30_000}})
	w.resulting(run.Result{State: run.ResultProcessing})
	var wg sync.WaitGroup
	var mu sync.Mutex
	var got []string
	for range 3 {
		wg.Go(func() {
			a := w.do("POST", "/hooks/"+hook.token, "b")
			mu.Lock()
			got = append(got, fmt.Sprint(a.StatusCode, " ", strings.Contains(a.body, "processing")))
			mu.Unlock()
		})
	}
	eventually(t, func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.polls > 6 })
	if a := w.do("POST", "/hooks/"+hook.token, "b"); a.StatusCode != 200 || !strings.Contains(a.body, "processing") {
		t.Errorf("one too many: %d %s", a.StatusCode, a.body)
	}
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if diff := cmp.Diff([]string{"200 true", "200 true", "200 true"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestCustomAnswer: status, header and body are those of the webhook, from expressions over the request, the
// event and the result.
func TestCustomAnswer(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	const js = "Content-Type: application/json"
	for name, c := range map[string]struct {
		response webhook.Response
		result   run.Result
		body     string
		status   int
		kind     string
		want     string
		header   map[string]string
	}{
		"text": {
			webhook.Response{Status: 202, Body: "thanks, ${body.name}"},
			run.Result{},
			`{"name":"Ada"}`,
			202, "text/plain; charset=utf-8", "thanks, Ada", nil,
		},
		"object": {
			webhook.Response{Body: "${ {ok: true, id: event.correlationId, by: request.method, q: request.query.a} }"},
			run.Result{},
			`{}`,
			200, "application/json", `{"by":"POST","id":"ID","ok":true,"q":"1"}`, nil,
		},
		"header and type": {
			webhook.Response{Headers: map[string]string{"Content-Type": "application/xml", "X-Name": "${body.name}", "Location": "/r/${event.id}"}, Body: "<ok/>"},
			run.Result{},
			`{"name":"Ada"}`, 200, "application/xml", "<ok/>",
			map[string]string{"X-Name": "Ada", "Location": "/r/ID"},
		},
		"result": {
			webhook.Response{Wait: 30_000, Status: 201, Body: "${context.status}: ${context.value.total}"},
			run.Result{State: run.ResultOK, Value: []byte(`{"total":7}`)},
			`{}`,
			201, "text/plain; charset=utf-8", "ok: 7", nil,
		},
		"failure": {
			webhook.Response{Wait: 30_000, Body: "${context.status} ${context.code}"},
			run.Result{State: run.ResultError, Code: "a.b"},
			`{}`,
			200, "text/plain; charset=utf-8", "error a.b", nil,
		},
		"no content": {webhook.Response{Status: 204}, run.Result{}, `{}`, 204, "", "", nil},
		"header that would split": {
			webhook.Response{Headers: map[string]string{"X-Name": "${body.name}"}, Body: "b"},
			run.Result{},
			`{"name":"a\r\nSet-Cookie: x=1"}`,
			200, "text/plain; charset=utf-8", "b",
			map[string]string{"X-Name": "", "Set-Cookie": ""},
		},
		"expression that fails": {
			webhook.Response{Status: 202, Body: "${body.a.b.c}"},
			run.Result{},
			`{"a":1}`,
			202, "application/json", `{"statusCode":200,"status":"processing","value":null,"pollingRedirectEnabled":false,"correlationId":"ID","traceId":"TRACE"}`, nil,
		},
		"body that is not JSON": {
			webhook.Response{Body: "${body == null}"},
			run.Result{},
			`{`,
			200, "text/plain; charset=utf-8", "true", nil,
		},
		"expression in the data": {
			webhook.Response{Body: "${body.name}"},
			run.Result{},
			`{"name":"${event.id}"}`,
			200, "text/plain; charset=utf-8", "${event.id}", nil,
		},
	} {
		hook := w.put(webhook.Webhook{Response: c.response})
		w.resulting(c.result)
		a := w.do("POST", "/hooks/"+hook.token+"?a=1", c.body, js, "Authorization: CANARY")
		e := one(t, w, name)
		body := strings.ReplaceAll(strings.ReplaceAll(a.body, e.TraceID, "TRACE"), e.ID, "ID")
		if a.StatusCode != c.status || a.Header.Get("Content-Type") != c.kind || body != c.want {
			t.Errorf("%s: %d %q %q, want %d %q %q", name, a.StatusCode, a.Header.Get("Content-Type"), body, c.status, c.kind, c.want)
		}
		for field, want := range c.header {
			if got := strings.ReplaceAll(a.Header.Get(field), e.ID, "ID"); got != want {
				t.Errorf("%s: %s = %q, want %q", name, field, got, want)
			}
		}
		if a.Header.Get("pipeforce-result-correlationid") != e.ID || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: header %v", name, a.Header)
		}
	}
}

// TestExpressionsSeeNoProof: what proves a request, and the token, is not shown to expressions.
func TestExpressionsSeeNoProof(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	hook := w.put(webhook.Webhook{Verify: signed(), Response: webhook.Response{Body: "${ {h: headers, r: request} }"}})
	a := w.do("POST", "/hooks/"+hook.token+"?a=1", "b", proof("b"), "Token: "+hook.token, "Authorization: Bearer CANARY", "Cookie: a=CANARY", "X-Thing: t")
	var got struct{ H, R map[string]any }
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	want := map[string]any{"host": "door.test", "connection": "close", "content-length": "1", "x-thing": "t"}
	if diff := cmp.Diff(want, got.H); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"method": "POST", "query": map[string]any{"a": "1"}, "address": "127.0.0.1"}, got.R); diff != "" {
		t.Error(diff)
	}
}

// TestDedupe: a delivery is what the webhook says.
func TestDedupe(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	const js = "Content-Type: application/json"
	verify := webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "k"}}}
	for name, c := range map[string]struct {
		dedupe webhook.Dedupe
		calls  []string // body and delivery id
		want   int      // events; -1 = refused
	}{
		"the preset's id":      {webhook.Dedupe{}, []string{`{"id":1} a`, `{"id":2} a`, `{"id":1} b`}, 2},
		"a field of the body":  {webhook.Dedupe{Key: "body.id"}, []string{`{"id":1} a`, `{"id":2} a`, `{"id":1} b`}, 2},
		"a header":             {webhook.Dedupe{Key: `headers["x-github-delivery"]`}, []string{`{"id":1} a`, `{"id":2} a`}, 1},
		"of both":              {webhook.Dedupe{Key: `body.id + headers["x-github-delivery"]`}, []string{`{"id":"1"} a`, `{"id":"2"} a`, `{"id":"1"} a`}, 2},
		"the query":            {webhook.Dedupe{Key: "request.query.n"}, []string{`{"id":1} a`, `{"id":2} b`}, 1},
		"none":                 {webhook.Dedupe{Key: "none"}, []string{`{"id":1} a`, `{"id":1} a`}, 2},
		"a long key":           {webhook.Dedupe{Key: "body.id"}, []string{`{"id":"` + strings.Repeat("x", 1000) + `"} a`, `{"id":"` + strings.Repeat("x", 1000) + `"} b`}, 1},
		"a key that is absent": {webhook.Dedupe{Key: "body.other"}, []string{`{"id":1} a`}, -1},
		"a key that fails":     {webhook.Dedupe{Key: "body.id.deeper.still"}, []string{`{"id":1} a`}, -1},
		"a body of other form": {webhook.Dedupe{Key: "body.id"}, []string{`{ a`}, -1},
	} {
		hook := w.put(webhook.Webhook{Verify: verify, Dedupe: c.dedupe})
		for _, call := range c.calls {
			body, id, _ := strings.Cut(call, " ")
			a := w.do("POST", "/hooks/"+hook.token+"?n=1", body, js, "X-Hub-Signature-256: sha256="+sign("k", body), "X-GitHub-Delivery: "+id)
			if want := map[bool]int{true: 400, false: 200}[c.want < 0]; a.StatusCode != want {
				t.Errorf("%s: %d; %+v", name, a.StatusCode, w.refused())
			}
		}
		if rejects := w.refused(); c.want < 0 && (len(rejects) != 1 || rejects[0].Reason != "dedupe.key") {
			t.Errorf("%s: %+v", name, rejects)
		}
		if events := w.taken(); len(events) != max(0, c.want) {
			t.Errorf("%s: %d events, want %d", name, len(events), c.want)
		}
	}
}

// TestSchemaModes: a body that does not fit is refused, parked or taken with a word.
func TestSchemaModes(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	const js, form = "Content-Type: application/json", "Content-Type: application/x-www-form-urlencoded"
	document := json.RawMessage(`{"type":"object","properties":{"n":{"type":["integer","string"]}},"required":["n"]}`)
	for name, c := range map[string]struct {
		mode   webhook.SchemaMode
		kind   webhook.PayloadType
		header string
		body   string
		status int
		reason string
		parked bool
		at     string // of the header
	}{
		"fits":                       {webhook.Reject, webhook.Raw, js, `{"n":1}`, 200, "", false, ""},
		"fits, as a form":            {webhook.Reject, webhook.Raw, form, `n=1`, 200, "", false, ""},
		"refused":                    {webhook.Reject, webhook.Raw, js, `{"n":true}`, 422, "schema.mismatch", false, ""},
		"refused, as a form":         {webhook.Reject, webhook.Base64, form, `m=1`, 422, "schema.mismatch", false, ""},
		"refused, though ignored":    {webhook.Reject, webhook.Ignore, js, `{}`, 422, "schema.mismatch", false, ""},
		"no JSON, refused":           {webhook.Reject, webhook.Base64, js, `{`, 400, "payload.json", false, ""},
		"warned":                     {webhook.Warn, webhook.Raw, js, `{"n":true}`, 200, "", false, "#/properties/n/type"},
		"parked":                     {webhook.Park, webhook.Raw, js, `{}`, 200, "", true, "#/required"},
		"no JSON, parked as base64":  {webhook.Park, webhook.Base64, js, `{`, 200, "", true, "# (not valid JSON near byte 1)"},
		"no JSON is never a payload": {webhook.Park, webhook.Raw, js, `{`, 400, "payload.json", false, ""},
	} {
		hook := w.put(webhook.Webhook{PayloadType: c.kind, Schema: webhook.Schema{Mode: c.mode, Document: document}})
		a := w.do("POST", "/hooks/"+hook.token, c.body, c.header)
		rejects := w.refused()
		if a.StatusCode != c.status {
			t.Errorf("%s: %d; %+v", name, a.StatusCode, rejects)
		}
		if c.reason != "" {
			if len(rejects) != 1 || rejects[0].Reason != c.reason || len(w.taken()) != 0 {
				t.Errorf("%s: %+v, want %s", name, rejects, c.reason)
			}
			continue
		}
		e := one(t, w, name)
		if (e.Parked != "") != c.parked || e.Headers["x-penstock-schema"] != c.at || c.parked && !strings.Contains(e.Parked, c.at) {
			t.Errorf("%s: parked %q, header %q", name, e.Parked, e.Headers["x-penstock-schema"])
		}
	}
}

// TestSignedAddress: a scheme that signs the address gets the configured one, with path and query exactly as
// they came, whatever the request says about its host.
func TestSignedAddress(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{PublicURL: "https://hooks.test/in", Failures: many})
	hook := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "hubspot-v3", Secrets: []webhook.Secret{{Ref: "k"}}}})
	for name, c := range map[string]struct {
		query  string
		signed string // address that the sender signs, without the query
		want   int
	}{
		"plain":                     {"", "https://hooks.test/in", 200},
		"query as it came":          {"?b=2&a=%21+%7E&&c", "https://hooks.test/in", 200},
		"address of the request":    {"", "http://door.test", 401},
		"address of the forwarding": {"", "https://evil.test", 401},
		"other path":                {"", "https://hooks.test", 401},
	} {
		ms := fmt.Sprint(w.now().UnixMilli())
		target := "/hooks/" + hook.token + c.query
		address := strings.NewReplacer("%21", "!").Replace(c.signed + target)
		body := `{"name":"` + name + `"}`
		a := w.do("POST", target, body, "X-HubSpot-Request-Timestamp: "+ms, "X-Forwarded-Host: evil.test", "X-Forwarded-Proto: https",
			"X-HubSpot-Signature-v3: "+sign64("k", "POST", address, body, ms))
		if a.StatusCode != c.want {
			t.Errorf("%s: %d, want %d; %+v", name, a.StatusCode, c.want, w.refused())
		}
	}
	nowhere := open(t, ingress.Options{})
	hook = nowhere.put(webhook.Webhook{Verify: webhook.Verify{Preset: "hubspot-v3", Secrets: []webhook.Secret{{Ref: "k"}}}})
	ms := fmt.Sprint(w.now().UnixMilli())
	nowhere.do("POST", "/hooks/"+hook.token, "{}", "X-HubSpot-Request-Timestamp: "+ms, "X-HubSpot-Signature-v3: "+sign64("k", "POST", "/hooks/"+hook.token, "{}", ms))
	if r := nowhere.refused(); len(r) != 1 || r[0].Reason != "url.unknown" {
		t.Errorf("without a public address: %+v", r)
	}
}

// confirming is a Confirmer that remembers.
type confirming struct {
	mu    sync.Mutex
	asked []string
	err   error
}

func (c *confirming) Confirm(_ context.Context, address string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, address)
	return c.err
}

// TestHandshakes: each kind is answered as the sender wants it, and none makes an event.
func TestHandshakes(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	const js = "Content-Type: application/json"
	meta := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "meta", Secrets: []webhook.Secret{{Ref: "k"}}, Options: webhook.Options{"verifyToken": {"open"}}}})
	cloud := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "cloudevents-webhook", Secrets: []webhook.Secret{{Ref: "k"}}, Options: webhook.Options{"origins": {"events.test"}}}})
	zoom := w.put(webhook.Webhook{Methods: []string{"POST"}, Verify: webhook.Verify{Preset: "zoom", Secrets: []webhook.Secret{{Ref: "k"}}}})
	asana := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "asana"}})
	ask := `{"event":"endpoint.url_validation","payload":{"plainToken":"abc"}}`
	ts := itoa(w.now().Unix())
	for _, c := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		want                     string
		fields                   map[string]string
	}{
		{"Meta", "GET", "/hooks/" + meta.token + "?hub.mode=subscribe&hub.challenge=c1&hub.verify_token=open", "", nil, 200, "c1", map[string]string{"Content-Type": "text/plain"}},
		{"Meta with a wrong token", "GET", "/hooks/" + meta.token + "?hub.mode=subscribe&hub.challenge=c1&hub.verify_token=no", "", nil, 401, "", nil},
		{"Meta, nothing but GET", "GET", "/hooks/" + meta.token, "", nil, 401, "", nil},
		{"CloudEvents", "OPTIONS", "/hooks/" + cloud.token, "", []string{"WebHook-Request-Origin: events.test"}, 200, "", map[string]string{"WebHook-Allowed-Origin": "events.test", "Allow": "POST"}},
		{"CloudEvents of a stranger", "OPTIONS", "/hooks/" + cloud.token, "", []string{"WebHook-Request-Origin: evil.test"}, 401, "", nil},
		{"Zoom", "POST", "/hooks/" + zoom.token, ask, []string{js, "x-zm-request-timestamp: " + ts, "x-zm-signature: v0=" + sign("k", "v0:", ts, ":", ask)}, 200, `{"plainToken":"abc","encryptedToken":"` + sign("k", "abc") + `"}`, map[string]string{"Content-Type": "application/json"}},
		{"Zoom, unproven", "POST", "/hooks/" + zoom.token, ask, []string{js, "x-zm-request-timestamp: " + ts, "x-zm-signature: v0=" + sign("other", "v0:", ts, ":", ask)}, 401, "", nil},
		{"Asana", "POST", "/hooks/" + asana.token, "", []string{"X-Hook-Secret: 0123456789abcdef"}, 200, "", map[string]string{"X-Hook-Secret": "0123456789abcdef"}},
		{"Asana again", "POST", "/hooks/" + asana.token, "", []string{"X-Hook-Secret: another-0123456789"}, 401, "", nil},
	} {
		a := w.do(c.method, c.path, c.body, c.header...)
		if a.StatusCode != c.status || c.status == 200 && a.body != c.want || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %q, want %d %q; %+v", c.name, a.StatusCode, a.body, c.status, c.want, w.refused())
		}
		for field, want := range c.fields {
			if got, _, _ := strings.Cut(a.Header.Get(field), ";"); got != want {
				t.Errorf("%s: %s = %q, want %q", c.name, field, got, want)
			}
		}
		if n := len(w.taken()); n != 0 {
			t.Errorf("%s: %d events", c.name, n)
		}
	}
	// The learned secret proves from now on.
	if a := w.do("POST", "/hooks/"+asana.token, "{}", "X-Hook-Signature: "+sign("0123456789abcdef", "{}")); a.StatusCode != 200 {
		t.Errorf("with the learned secret: %d; %+v", a.StatusCode, w.refused())
	}
	one(t, w, "learned")
}

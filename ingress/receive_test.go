package ingress_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

func one(t *testing.T, w *world, name string) event.Event {
	t.Helper()
	events := w.taken()
	if len(events) != 1 {
		t.Fatalf("%s: %d events; refusals %+v", name, len(events), w.refused())
	}
	return events[0]
}

func TestAccept(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Namespace: "acme"})
	token := w.put(webhook.Webhook{}).token
	a := w.do("POST", "/api/v3/command/webhook.receive?token="+token, "SGVsbG8", "Content-Type: text/plain", "X-Thing: 7")
	e := one(t, w, "accept")
	var got map[string]any
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != 200 {
		t.Fatalf("%d %s: %v", a.StatusCode, a.body, err)
	}
	want := map[string]any{
		"statusCode": 200.0, "status": "processing", "value": nil, "pollingRedirectEnabled": false,
		"correlationId": e.ID, "traceId": e.TraceID,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, value := range map[string]string{
		"pipeforce-result-correlationid": e.ID, "Content-Type": "application/json",
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Server": "",
	} {
		if got := a.Header.Get(name); got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
	if e.Key != "webhook.lead.created" || e.Namespace != "acme" || e.CorrelationID != e.ID || !e.Async || e.Hops != 0 || !e.Time.Equal(w.now()) {
		t.Errorf("event = %+v", e)
	}
	if want := token[len(token)-6:] + ":"; !strings.HasPrefix(e.TraceID, want) || len(e.TraceID) < len(want)+7 {
		t.Errorf("trace id %q", e.TraceID)
	}
	if want := `{"origin":"` + base64.StdEncoding.EncodeToString([]byte("SGVsbG8")) + `"}`; string(e.Payload) != want {
		t.Errorf("payload = %s, want %s", e.Payload, want)
	}
	headers := map[string]string{"content-type": "text/plain", "x-thing": "7", "x-penstock-content-type": "text/plain", "x-penstock-payload": "base64"}
	if diff := cmp.Diff(headers, e.Headers); diff != "" {
		t.Error(diff)
	}
}

func TestTokenPlaces(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	token := w.put(webhook.Webhook{}).token
	other := w.put(webhook.Webhook{}).token
	const form = "Content-Type: application/x-www-form-urlencoded"
	const receive = "/api/v3/command/webhook.receive"
	multi := "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n" + token + "\r\n--b--\r\n"
	for name, c := range map[string]struct {
		method, path, body string
		header             []string
		status             int
	}{
		"query":                    {"POST", receive + "?token=" + token, "", nil, 200},
		"query of a GET":           {"GET", receive + "?token=" + token, "", nil, 200},
		"query with a colon path":  {"POST", "/api/v3/command:webhook.receive?token=" + token, "", nil, 200},
		"query uuid":               {"POST", receive + "?uuid=" + token, "", nil, 200},
		"query escaped":            {"POST", receive + "?%74oken=%" + hex2(token[0]) + token[1:], "", nil, 200},
		"header":                   {"POST", receive, "", []string{"Token: " + token}, 200},
		"header of a GET":          {"GET", receive, "", []string{"token: " + token}, 200},
		"path":                     {"POST", "/hooks/" + token, "", nil, 200},
		"path of a GET":            {"GET", "/hooks/" + token, "", nil, 200},
		"form":                     {"POST", receive, "a=1&token=" + token, []string{form}, 200},
		"form uuid":                {"POST", receive, "uuid=" + token, []string{form + "; charset=utf-8"}, 200},
		"multipart":                {"POST", receive, multi, []string{"Content-Type: multipart/form-data; boundary=b"}, 200},
		"same token twice":         {"POST", "/hooks/" + token + "?token=" + token, "", []string{"Token: " + token}, 200},
		"form has its own token":   {"POST", "/hooks/" + token, "token=of-the-sender", []string{form}, 200},
		"form of another type":     {"POST", receive, "token=" + token, []string{"Content-Type: text/plain"}, 401},
		"form of a GET":            {"GET", receive, "token=" + token, []string{form}, 401},
		"two tokens in path/query": {"POST", "/hooks/" + token + "?token=" + other, "", nil, 401},
		"two tokens in the query":  {"POST", receive + "?token=" + token + "&uuid=" + other, "", nil, 401},
		"two tokens query/header":  {"POST", receive + "?token=" + token, "", []string{"Token: " + other}, 401},
		"two tokens in the form":   {"POST", receive, "token=" + token + "&uuid=" + other, []string{form}, 401},
		"header twice":             {"POST", receive, "", []string{"Token: " + token, "Token: " + token}, 400},
		"broken escape":            {"POST", receive + "?token=" + token + "&a=%zz", "", nil, 400},
		"no token":                 {"POST", receive, "", nil, 401},
		"empty token":              {"POST", receive + "?token=", "", nil, 401},
		"unknown token":            {"POST", receive + "?token=" + strings.Repeat("0", 36), "", nil, 401},
		"token in other case":      {"POST", receive + "?token=" + strings.ToUpper(token), "", nil, 401},
		"token with more behind":   {"POST", receive + "?token=" + token + "0", "", nil, 401},
		"huge token":               {"POST", receive + "?token=" + strings.Repeat(token, 50), "", nil, 401},
		"HEAD":                     {"HEAD", "/hooks/" + token, "", nil, 401},
		"OPTIONS":                  {"OPTIONS", "/hooks/" + token, "", nil, 401},
		"PUT":                      {"PUT", "/hooks/" + token, "", nil, 401},
		"DELETE":                   {"DELETE", receive + "?token=" + token, "", nil, 401},
	} {
		a := w.do(c.method, c.path, c.body, c.header...)
		if a.StatusCode != c.status {
			t.Errorf("%s: %d %s; %+v", name, a.StatusCode, a.body, w.refused())
		}
		if events := len(w.taken()); (events == 1) != (c.status == 200) {
			t.Errorf("%s: %d events", name, events)
		}
	}
}

func hex2(c byte) string { const h = "0123456789abcdef"; return string([]byte{h[c>>4], h[c&15]}) }

func TestPayload(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	const js = "Content-Type: application/json"
	b64 := func(s string) string { return `{"origin":"` + base64.StdEncoding.EncodeToString([]byte(s)) + `"}` }
	for name, c := range map[string]struct {
		kind         webhook.PayloadType
		method, body string
		query        string
		header       string
		want         string // payload; "-" = refused
		reason       string
	}{
		"base64 of bytes":           {webhook.Base64, "POST", "\x00\xff\r\n", "", js, b64("\x00\xff\r\n"), ""},
		"base64 of nothing":         {webhook.Base64, "POST", "", "", "", `{"origin":""}`, ""},
		"base64 of a query":         {webhook.Base64, "GET", "", "&b=2&a=1", "", b64(`{"a":"1","b":"2"}`), ""},
		"base64 of broken JSON":     {webhook.Base64, "POST", "{", "", js, b64("{"), ""},
		"raw JSON":                  {webhook.Raw, "POST", " {\"a\": [1, 2.50, 12345678901234567890]}\n", "", js, " {\"a\": [1, 2.50, 12345678901234567890]}\n", ""},
		"raw JSON of a vendor":      {webhook.Raw, "POST", "[]", "", "Content-Type: application/vnd.acme+json; charset=utf-8", "[]", ""},
		"raw text":                  {webhook.Raw, "POST", "say \"hé\"\n", "", "Content-Type: text/plain", `"say \"hé\"\n"`, ""},
		"raw without a type":        {webhook.Raw, "POST", "{}", "", "X-A: b", `"{}"`, ""},
		"raw nothing":               {webhook.Raw, "POST", "", "", js, "", ""},
		"raw query":                 {webhook.Raw, "GET", "", "&a=1&a=2&a=3&b=x%20y&" + "pollingRedirectEnabled=false", "", `{"a":["1","2","3"],"b":"x y"}`, ""},
		"raw GET without a query":   {webhook.Raw, "GET", "", "", "", "", ""},
		"raw GET with a body":       {webhook.Raw, "GET", "{}", "&a=1", js, "{}", ""},
		"raw POST leaves the query": {webhook.Raw, "POST", "", "&a=1", js, "", ""},
		"raw broken JSON":           {webhook.Raw, "POST", "{", "", js, "-", "payload.json"},
		"raw JSON name twice":       {webhook.Raw, "POST", `{"a":1,"a":2}`, "", js, "-", "payload.json"},
		"raw JSON too deep":         {webhook.Raw, "POST", strings.Repeat("[", 100_000), "", js, "-", "payload.json"},
		"raw JSON with more behind": {webhook.Raw, "POST", "{} {}", "", js, "-", "payload.json"},
		"raw JSON lone surrogate":   {webhook.Raw, "POST", `"\ud800"`, "", js, "-", "payload.json"},
		"raw JSON huge number":      {webhook.Raw, "POST", "1e400000", "", js, "-", "payload.json"},
		"raw text not UTF-8":        {webhook.Raw, "POST", "\xff\xfe", "", "Content-Type: text/plain", "-", "payload.text"},
		"ignore":                    {webhook.Ignore, "POST", "{", "&a=1", js, "", ""},
		"ignore a query":            {webhook.Ignore, "GET", "", "&a=1", "", "", ""},
	} {
		hook := w.put(webhook.Webhook{PayloadType: c.kind})
		var header []string
		if c.header != "" {
			header = append(header, c.header)
		}
		a := w.do(c.method, "/api/v3/command/webhook.receive?token="+hook.token+c.query, c.body, header...)
		if c.want == "-" {
			rejects := w.refused()
			if a.StatusCode != 400 || len(w.taken()) != 0 || len(rejects) != 1 || rejects[0].Reason != c.reason {
				t.Errorf("%s: %d, %+v", name, a.StatusCode, rejects)
			}
			continue
		}
		e := one(t, w, name)
		if a.StatusCode != 200 || string(e.Payload) != c.want {
			t.Errorf("%s: %d, payload %s, want %s", name, a.StatusCode, e.Payload, c.want)
		}
		if _, _, err := event.Unmarshal(e.AppendJSON(nil)); err != nil {
			t.Errorf("%s: the event cannot be read: %v", name, err)
		}
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	plain := w.put(webhook.Webhook{MaxPayloadLength: 100}).token
	signed := w.put(webhook.Webhook{MaxPayloadLength: 100, Verify: webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}, Secrets: []webhook.Secret{{Ref: "k"}}}}).token
	largest := w.put(webhook.Webhook{MaxPayloadLength: webhook.MaxMaxPayloadLength}).token
	body := strings.Repeat("x", 101)
	for name, c := range map[string]struct {
		path, body string
		header     []string
		status     int
	}{
		"at the limit":                 {"/hooks/" + plain, body[1:], nil, 200},
		"over the limit":               {"/hooks/" + plain, body, nil, 413},
		"over the limit and proven":    {"/hooks/" + signed, body, []string{"X-Sig: " + sign("k", body)}, 413},
		"over the limit and unproven":  {"/hooks/" + signed, body, nil, 413},
		"large to an unknown token":    {"/hooks/" + strings.Repeat("0", 36), body, nil, 401},
		"at the largest limit":         {"/hooks/" + largest, strings.Repeat("x", webhook.MaxMaxPayloadLength), nil, 200},
		"one above the largest limit":  {"/hooks/" + largest, strings.Repeat("x", webhook.MaxMaxPayloadLength+1), nil, 413},
		"content encoding":             {"/hooks/" + plain, "x", []string{"Content-Encoding: gzip"}, 400},
		"content encoding not known":   {"/hooks/" + plain, "x", []string{"Content-Encoding: compress"}, 415},
		"content encoding of nothing":  {"/hooks/" + plain, "x", []string{"Content-Encoding: identity"}, 200},
		"content encoding twice":       {"/hooks/" + plain, "x", []string{"Content-Encoding: identity", "Content-Encoding: gzip"}, 400},
		"content encoding, unproven":   {"/hooks/" + signed, "x", []string{"Content-Encoding: gzip"}, 401},
		"content encoding, but proven": {"/hooks/" + signed, "x", []string{"Content-Encoding: br", "X-Sig: " + sign("k", "x")}, 400},
	} {
		if a := w.do("POST", c.path, c.body, c.header...); a.StatusCode != c.status {
			t.Errorf("%s: %d, want %d; %+v", name, a.StatusCode, c.status, w.refused())
		}
		if events := len(w.taken()); (events == 1) != (c.status == 200) {
			t.Errorf("%s: %d events", name, events)
		}
	}
}

// TestProof drives presets through the door, over the bytes on the wire.
func TestProof(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	hook := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "env:GOOD"}}}})
	body := "{\"a\" : 1}\r\n"
	sig := "X-Hub-Signature-256: sha256=" + sign("from the environment", body)
	for name, c := range map[string]struct {
		method, body string
		header       []string
		reason       string
	}{
		"proven":             {"POST", body, []string{sig, "X-GitHub-Delivery: 1", "X-GitHub-Event: push"}, ""},
		"name in other case": {"POST", body, []string{strings.ToLower(sig), "x-github-delivery: 2"}, ""},
		"body changed":       {"POST", "{\"a\":1}", []string{sig, "X-GitHub-Delivery: 3"}, "signature.mismatch"},
		"signature twice":    {"POST", body, []string{sig, sig, "X-GitHub-Delivery: 4"}, "header.repeated"},
		"no signature":       {"POST", body, []string{"X-GitHub-Delivery: 5"}, "signature.missing"},
		"GET":                {"GET", body, []string{sig, "X-GitHub-Delivery: 6"}, "method.refused"},
	} {
		a := w.do(c.method, "/hooks/"+hook.token+"?a=1", c.body, c.header...)
		events, rejects := w.taken(), w.refused()
		if c.reason == "" {
			if a.StatusCode != 200 || len(events) != 1 {
				t.Errorf("%s: %d, %+v", name, a.StatusCode, rejects)
			} else if events[0].Headers["x-hub-signature-256"] != "" || events[0].Headers["x-github-delivery"] == "" {
				t.Errorf("%s: headers %v", name, events[0].Headers)
			}
			continue
		}
		if a.StatusCode != 401 || len(events) != 0 || len(rejects) != 1 || rejects[0].Reason != c.reason ||
			rejects[0].Webhook != hook.token[len(hook.token)-6:] || rejects[0].Detail == "" {
			t.Errorf("%s: %d, %+v, want %s", name, a.StatusCode, rejects, c.reason)
		}
	}
}

// TestReplay: a delivery is one event however often it comes, and every answer names that event.
func TestReplay(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	hook := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "k"}}}})
	header := []string{"X-Hub-Signature-256: sha256=" + sign("k", "b"), "X-GitHub-Delivery: d1"}
	first := w.do("POST", "/hooks/"+hook.token, "b", header...).Header.Get("pipeforce-result-correlationid")
	for range 5 {
		a := w.do("POST", "/hooks/"+hook.token, "b", header...)
		if a.StatusCode != 200 || a.Header.Get("pipeforce-result-correlationid") != first || !strings.Contains(a.body, first) {
			t.Errorf("%d %s, want the id %s", a.StatusCode, a.body, first)
		}
	}
	if e := one(t, w, "replay"); e.ID != first {
		t.Errorf("event %s, answers %s", e.ID, first)
	}
	// The same delivery id at another webhook is another delivery.
	other := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "k"}}}})
	w.do("POST", "/hooks/"+other.token, "b", header...)
	one(t, w, "other webhook")
	// A timestamped scheme without an id: the same request is one event, a new one is a new event.
	slack := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "slack", Secrets: []webhook.Secret{{Ref: "k"}}}})
	stamp := func(at time.Time, body string) []string {
		ts := itoa(at.Unix())
		return []string{"X-Slack-Request-Timestamp: " + ts, "X-Slack-Signature: v0=" + sign("k", "v0:", ts, ":", body)}
	}
	for range 3 {
		w.do("POST", "/hooks/"+slack.token, "event=1", stamp(w.now(), "event=1")...)
	}
	one(t, w, "slack")
	w.do("POST", "/hooks/"+slack.token, "event=2", stamp(w.now(), "event=2")...)
	one(t, w, "slack again")
	w.set(func() { w.clock = w.clock.Add(301 * time.Second) })
	a := w.do("POST", "/hooks/"+slack.token, "event=3", stamp(w.now().Add(-301*time.Second), "event=3")...)
	if a.StatusCode != 401 || len(w.taken()) != 0 {
		t.Errorf("stale: %d", a.StatusCode)
	}
}

func itoa(n int64) string { b, _ := json.Marshal(n); return string(b) }

func TestEventHeaders(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	hook := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Proof"}}, Secrets: []webhook.Secret{{Ref: "k"}}}})
	w.do("POST", "/hooks/"+hook.token, "b", "X-Proof: "+sign("k", "b"), "Content-Type: text/plain", "User-Agent: tester",
		"Authorization: Bearer CANARY", "Cookie: a=CANARY", "Token: "+hook.token, "X-Api-Key: CANARY", "X-Auth-Token: CANARY",
		"X-Hub-Signature: CANARY", "X-Forwarded-For: 1.2.3.4", "X-Real-IP: 1.2.3.4", "Accept: */*", "X-Many: 1", "X-Many: 2",
		"X-Long: "+strings.Repeat("a", 1025), "X-Bytes: \xff", "X-Text: é", "X-Penstock-Preset: forged", "X-Penstock-Else: forged")
	want := map[string]string{
		"content-type": "text/plain", "user-agent": "tester", "x-many": "1, 2", "x-text": "é",
		"x-penstock-preset": "hmac", "x-penstock-content-type": "text/plain", "x-penstock-payload": "base64",
	}
	if diff := cmp.Diff(want, one(t, w, "headers").Headers); diff != "" {
		t.Error(diff)
	}
	std := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "stripe", Secrets: []webhook.Secret{{Ref: "k"}}}})
	ts := itoa(w.now().Unix())
	w.do("POST", "/hooks/"+std.token, "b", "Stripe-Signature: t="+ts+",v1="+sign("k", ts, ".b"))
	h := one(t, w, "stripe").Headers
	if !strings.HasPrefix(h["x-penstock-delivery-id"], "body:") || h["stripe-signature"] != "" {
		t.Errorf("headers %v", h)
	}
	delete(h, "x-penstock-delivery-id")
	if diff := cmp.Diff(map[string]string{"x-penstock-preset": "stripe", "x-penstock-provider": "stripe", "x-penstock-payload": "base64"}, h); diff != "" {
		t.Error(diff)
	}
	hub := w.put(webhook.Webhook{PayloadType: webhook.Raw, Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "k"}}}})
	w.do("POST", "/hooks/"+hub.token, "{}", "X-Hub-Signature-256: sha256="+sign("k", "{}"), "X-GitHub-Delivery: d1", "X-GitHub-Event: push",
		"Content-Type: Application/JSON; charset=utf-8")
	want = map[string]string{
		"content-type": "Application/JSON; charset=utf-8", "x-github-delivery": "d1", "x-github-event": "push",
		"x-penstock-preset": "github", "x-penstock-provider": "github", "x-penstock-delivery-id": "d1",
		"x-penstock-event": "push", "x-penstock-content-type": "application/json", "x-penstock-payload": "json",
	}
	if diff := cmp.Diff(want, one(t, w, "github").Headers); diff != "" {
		t.Error(diff)
	}
}

// TestRefusalsAreAlike: nobody learns from an answer whether a webhook exists or what was wrong.
func TestRefusalsAreAlike(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	signed := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}, Secrets: []webhook.Secret{{Ref: "k"}}}}).token
	unready := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}, Secrets: []webhook.Secret{{Ref: "k"}}}}).token
	alike := func(a answer) string {
		h := a.Header.Clone()
		h.Del("Date")
		if len(h.Get("X-Request-Id")) != 16 {
			t.Errorf("request id %q", h.Get("X-Request-Id"))
		}
		h.Del("X-Request-Id")
		var b strings.Builder
		b.WriteString(a.Status)
		h.Write(&b)
		return b.String() + a.body
	}
	unknown := alike(w.do("POST", "/hooks/"+strings.Repeat("0", 36), "b"))
	if !strings.HasPrefix(unknown, "401") || strings.Contains(strings.ToLower(unknown), "token") {
		t.Errorf("answer %q", unknown)
	}
	for name, a := range map[string]answer{
		"no signature":      w.do("POST", "/hooks/"+signed, "b"),
		"bad signature":     w.do("POST", "/hooks/"+signed, "b", "X-Sig: "+sign("other", "b")),
		"short signature":   w.do("POST", "/hooks/"+signed, "b", "X-Sig: ab"),
		"wrong method":      w.do("PUT", "/hooks/"+signed, "b"),
		"GET":               w.do("GET", "/hooks/"+unready, "b"),
		"unknown, no token": w.do("POST", "/api/v3/command/webhook.receive", "b"),
		"encoded":           w.do("POST", "/hooks/"+signed, "b", "Content-Encoding: gzip"),
	} {
		if got := alike(a); got != unknown {
			t.Errorf("%s: %q, want %q", name, got, unknown)
		}
	}
	large := strings.Repeat("b", 600_000)
	if known, unknown := alike(w.do("POST", "/hooks/"+signed, large)), alike(w.do("POST", "/hooks/"+strings.Repeat("0", 36), large)); known != unknown || !strings.HasPrefix(known, "413") {
		t.Errorf("large: %q, unknown and large: %q", known, unknown)
	}
}

// TestRefusalsTellOperators: log and list hold the reason, and neither token, payload nor header value.
func TestRefusalsTellOperators(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	hook := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}, Secrets: []webhook.Secret{{Ref: "CANARYsecret"}}}})
	guess := "CANARYtoken" + strings.Repeat("0", 25)
	w.do("POST", "/hooks/"+guess, "CANARYpayload")
	w.do("POST", "/hooks/"+hook.token, "CANARYpayload", "X-Sig: CANARYheader", "X-\x7fA: x")
	w.do("POST", "/hooks/"+hook.token+"?a=CANARYquery", "CANARYpayload", "X-Sig: CANARYheader\x1b[2J")
	w.do("POST", "/hooks/"+hook.token+"?a=CANARYquery", "CANARYpayload", "X-Sig: CANARYheader\u202e")
	rejects := w.refused()
	if len(rejects) != 4 || rejects[0].Reason != "token.unknown" || rejects[0].Remote != "127.0.0.1" || rejects[0].Bytes != 13 || rejects[0].Status != 401 {
		t.Errorf("refusals %+v", rejects)
	}
	log := w.logged()
	for _, secret := range []string{"CANARY", hook.token} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
	lines := strings.Split(strings.TrimSpace(log), "\n")
	if len(lines) != 4 {
		t.Errorf("%d lines, want 4:\n%s", len(lines), log)
	}
	for i, line := range lines {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil || m["trace_id"] != rejects[i].TraceID || m["reason"] != rejects[i].Reason {
			t.Errorf("line %q: %v", line, err)
		}
		for _, c := range line {
			if c < ' ' || c == 0x7f || c == 0x202e {
				t.Errorf("a raw control character in %q", line)
			}
		}
	}
}

func TestEmitRefuses(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{Failures: many})
	hook := w.put(webhook.Webhook{})
	for name, c := range map[string]struct {
		err    error
		status int
		retry  string
	}{
		"full":        {fault.New(fault.StoreFull, "disk full").WithRetry(30 * time.Second), 503, "30"},
		"unavailable": {fault.New(fault.StoreUnavailable, "sync failed"), 503, "5"},
		"unknown":     {errors.New("something"), 503, "5"},
		"too large":   {fault.New(fault.EventTooLarge, "too large"), 413, ""},
	} {
		w.set(func() { w.emitErr = c.err })
		a := w.do("POST", "/hooks/"+hook.token, "b")
		if a.StatusCode != c.status || a.Header.Get("Retry-After") != c.retry || !strings.Contains(a.body, "refused") {
			t.Errorf("%s: %d, Retry-After %q, %s", name, a.StatusCode, a.Header.Get("Retry-After"), a.body)
		}
		if r := w.refused(); len(r) != 1 || r[0].Reason != string(fault.CodeOf(c.err)) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestPanicIsRefused(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	hook := w.put(webhook.Webhook{})
	w.set(func() { w.onEmit = func(event.Event) { panic("CANARY in a panic") } })
	a := w.do("POST", "/hooks/"+hook.token, "b")
	if a.StatusCode != 500 || !strings.Contains(a.body, "refused") || !a.Close {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if log := w.logged(); !strings.Contains(log, "recovered from a panic") || strings.Contains(log, "CANARY") {
		t.Errorf("log: %s", log)
	}
	w.set(func() { w.onEmit = nil })
	if a := w.do("POST", "/hooks/"+hook.token, "b"); a.StatusCode != 200 {
		t.Errorf("after the panic: %d", a.StatusCode)
	}
}

// TestFailureBudget: whoever guesses is soon told nothing but 429; others, and those who can prove
// themselves, are served.
func TestFailureBudget(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	hook := w.put(webhook.Webhook{})
	count := map[int]int{}
	guess := func(from string) int {
		return w.do("POST", "/hooks/"+strings.Repeat("0", 36), "", "X-Forwarded-For: "+from).StatusCode
	}
	for range 100 {
		count[guess("6.6.6.6, 198.51.100.7")]++
	}
	if count[401] != 20 || count[429] != 80 {
		t.Errorf("answers %v, want 20 of 401 and 80 of 429", count)
	}
	if n := len(w.refused()); n != 21 {
		t.Errorf("%d refusals listed, want 20 and one that says the budget is used up", n)
	}
	if got := guess("198.51.100.8"); got != 401 {
		t.Errorf("another address: %d", got)
	}
	if got := guess("198.51.100.7, 198.51.100.9"); got != 401 {
		t.Errorf("an address that the caller wrote in front counts: %d", got)
	}
	if a := w.do("POST", "/hooks/"+hook.token, "", "X-Forwarded-For: 198.51.100.7"); a.StatusCode != 200 {
		t.Errorf("a good call from the address: %d", a.StatusCode)
	}
	w.set(func() { w.clock = w.clock.Add(10 * time.Second) })
	if got := guess("198.51.100.7"); got != 401 {
		t.Errorf("after a refill: %d", got)
	}
	if got := guess("198.51.100.7"); got != 429 {
		t.Errorf("after one refill: %d", got)
	}
}

// TestForwardedIsNotTrusted: without trusted proxies, what the header says about the caller has no effect.
func TestForwardedIsNotTrusted(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{PublicURL: "https://hooks.acme.test/in"})
	hook := w.put(webhook.Webhook{})
	last := 0
	for i := range 25 {
		last = w.do("POST", "/hooks/"+strings.Repeat("0", 36), "", "X-Forwarded-For: 10.0.0."+itoa(int64(i)), "Forwarded: for=10.0.0.9").StatusCode
	}
	if last != 429 {
		t.Errorf("a caller got a new budget by naming another address: %d", last)
	}
	a := w.do("POST", "/hooks/"+hook.token+"?pollingRedirectEnabled=true", "", "X-Forwarded-Host: evil.test", "X-Forwarded-Proto: http")
	if l := a.Header.Get("Location"); !strings.HasPrefix(l, "/in/api/v3/result?") {
		t.Errorf("Location %q", l)
	}
	if got := w.dir.URL(hook.token); got != "https://hooks.acme.test/in/api/v3/command/webhook.receive?token="+hook.token {
		t.Errorf("URL %q", got)
	}
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	hook := w.put(webhook.Webhook{})
	a := w.do("POST", "/hooks/"+hook.token+"?pollingRedirectEnabled=true", "b")
	e := one(t, w, "redirect")
	if a.StatusCode != http.StatusFound || a.Header.Get("Location") != "/api/v3/result?correlationId="+e.ID+"&pollingRedirectEnabled=true" || a.Header.Get("pipeforce-result-correlationid") != e.ID {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
}

// TestHandshake: a proven handshake is answered and is no event; an unproven one is refused like anything
// else, and elsewhere the same body is an event.
func TestHandshake(t *testing.T) {
	t.Parallel()
	w := open(t, ingress.Options{})
	slack := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "slack", Secrets: []webhook.Secret{{Ref: "k"}}}})
	plain := w.put(webhook.Webhook{})
	body, ts := `{"type":"url_verification","challenge":"abc"}`, itoa(w.now().Unix())
	a := w.do("POST", "/hooks/"+slack.token, body, "X-Slack-Request-Timestamp: "+ts, "X-Slack-Signature: v0="+sign("k", "v0:", ts, ":", body))
	if a.StatusCode != 200 || a.body != `{"challenge":"abc"}` || a.Header.Get("X-Content-Type-Options") != "nosniff" || len(w.taken()) != 0 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	a = w.do("POST", "/hooks/"+slack.token, body, "X-Slack-Request-Timestamp: "+ts, "X-Slack-Signature: v0="+sign("other", "v0:", ts, ":", body))
	if a.StatusCode != 401 || strings.Contains(a.body, "abc") {
		t.Errorf("unproven: %d %s", a.StatusCode, a.body)
	}
	w.do("POST", "/hooks/"+plain.token, body)
	one(t, w, "elsewhere")
}

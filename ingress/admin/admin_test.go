package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/ingress/admin"
	"github.com/penstock/penstock/ingress/kept"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

const token = "CANARY-0123456789abcdef"

// world is what stands behind the API, kept in memory.
type world struct {
	url   string
	stop  func()
	ended chan struct{} // closed when Run has returned

	mu     sync.Mutex
	call   map[string]any // the last command
	answer any
	err    error
	sick   error
	log    bytes.Buffer
}

func (w *world) Execute(_ context.Context, identity, name string, params map[string]any, body any) (any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.call = map[string]any{"identity": identity, "name": name, "params": params, "body": body}
	return w.answer, w.err
}

var (
	when  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	first = run.Run{
		EventID: "e1", EventKey: "webhook.a", Pipeline: "global/app/mail", Status: run.Done, Attempt: 1, Started: when,
		Body: []byte(`"CANARY"`), Steps: []run.Step{{Command: "log", Status: run.StepDone}},
	}
)

func (*world) Event(_ context.Context, id string) (store.Event, error) {
	if id != "e1" {
		return store.Event{}, store.ErrNotFound
	}
	e := event.Event{ID: "e1", Key: "webhook.a", Time: when, Payload: []byte(`{"origin":"CANARY"}`)}
	return store.Event{Seq: 7, ID: "e1", Key: "webhook.a", Time: when, Data: e.AppendJSON(nil)}, nil
}

func (*world) Raw(context.Context, string) ([]byte, error) { return []byte("a=CANARY"), nil }

func (w *world) Events(ctx context.Context, q store.EventQuery) ([]store.Event, error) {
	if q.Key == "sick" {
		return nil, fault.New(fault.StoreUnavailable, "the disk is gone").WithHint("look at the disk")
	}
	if q.Before != 0 && q.Before <= 7 || q.Limit < 1 || q.Key != "" && q.Key != "webhook.a" {
		return nil, nil
	}
	e, err := w.Event(ctx, "e1")
	return []store.Event{e}, err
}

func (*world) RunsOf(context.Context, string) ([]run.Run, error) { return []run.Run{first}, nil }

func (*world) Run(_ context.Context, id, pipeline string) (run.Run, error) {
	if id != first.EventID || pipeline != first.Pipeline {
		return run.Run{}, store.ErrNotFound
	}
	return first, nil
}

func (*world) FindRuns(_ context.Context, q store.RunQuery) ([]run.Run, error) {
	if q.Status != "" && q.Status != first.Status || q.Pipeline != "" && q.Pipeline != first.Pipeline || q.EventID != "" && q.EventID != "e1" {
		return nil, nil
	}
	return []run.Run{first}, nil
}

func (*world) Rejects(_ context.Context, limit int) ([]store.Reject, error) {
	return []store.Reject{{Reason: "token.unknown", Status: limit}}, nil
}

func (w *world) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(line)
}

func (w *world) deps() admin.Deps {
	return admin.Deps{
		Scrub: func(text string) string {
			return strings.ReplaceAll(strings.ReplaceAll(text, "known-secret", "[redacted]"), "12345678", "[redacted]")
		},
		Commands: w, Ledger: w, Operator: w, Logger: slog.New(slog.NewJSONHandler(w, nil)),
		Plugins: func() any { return []string{"mail.send"} },
		Status: func(context.Context) (any, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return map[string]any{"version": "1"}, w.err
		},
		Health: func() error { w.mu.Lock(); defer w.mu.Unlock(); return w.sick },
		Metrics: func(accept string) (string, []byte, bool) {
			return "text/plain; version=0.0.4", []byte("counted 1 # " + accept), accept != "broken"
		},
		Kept: func(id string) ([]byte, error) {
			if id != "abcdef:0123" {
				return nil, kept.ErrUnknown
			}
			return []byte("POST / HTTP/1.1\r\n\r\n"), nil
		},
	}
}

func open(t *testing.T, o admin.Options) *world {
	t.Helper()
	w := &world{}
	o.Address = "127.0.0.1:0"
	s, err := admin.New(o, w.deps())
	if err != nil {
		t.Fatal(err)
	}
	addr, err := s.Listen()
	if err != nil {
		t.Fatal(err)
	}
	w.url = "http://" + addr.String()
	ctx, cancel := context.WithCancel(context.Background())
	w.stop, w.ended = cancel, make(chan struct{})
	go func() {
		defer close(w.ended)
		if err := s.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-w.ended
	})
	return w
}

func standard(t *testing.T) *world {
	t.Helper()
	return open(t, admin.Options{Token: token, Identity: "operator", Hosts: []string{"Console.test"}})
}

// do sends a request with the token, unless a header given replaces or (with an empty value) drops it.
func (w *world) do(t *testing.T, method, path, body string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	for _, h := range header {
		name, text, _ := strings.Cut(h, ": ")
		switch {
		case name == "Host":
			r.Host = text
		case text == "":
			r.Header.Del(name)
		case name == "Authorization":
			r.Header.Set(name, text)
		default:
			r.Header.Add(name, text)
		}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"} {
		if resp.Header.Get(name) != want {
			t.Errorf("%s %s: %s = %q", method, path, name, resp.Header.Get(name))
		}
	}
	return resp.StatusCode, string(got)
}

func TestDoesNotOpen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options admin.Options
		where   string
	}{
		"everywhere without a token": {admin.Options{Address: "0.0.0.0:0"}, "admin.token"},
		"no host":                    {admin.Options{Address: ":8081"}, "admin.token"},
		"IPv6 without a token":       {admin.Options{Address: "[::]:0"}, "admin.token"},
		"name without a token":       {admin.Options{Address: "host.test:0"}, "admin.token"},
		"network without a token":    {admin.Options{Address: "10.0.0.1:0"}, "admin.token"},
		"short token":                {admin.Options{Address: "127.0.0.1:0", Token: "123456789012345", Identity: "a"}, "admin.token"},
		"token of nobody":            {admin.Options{Address: "127.0.0.1:0", Token: token}, "admin.identity"},
		"no port":                    {admin.Options{Address: "127.0.0.1"}, "admin.address"},
	} {
		_, err := admin.New(c.options, (&world{}).deps())
		if fault.CodeOf(err) != fault.ConfigValue || !strings.HasPrefix(err.Error(), c.where+": ") || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, address := range []string{"127.0.0.1:0", "127.9.9.9:0", "[::1]:0", "localhost:0"} {
		if _, err := admin.New(admin.Options{Address: address}, (&world{}).deps()); err != nil {
			t.Errorf("%s without a token: %v", address, err)
		}
	}
	if _, err := admin.New(admin.Options{Address: "0.0.0.0:0", Token: token, Identity: "a"}, (&world{}).deps()); err != nil {
		t.Errorf("everywhere with a token: %v", err)
	}
}

var everyPath = []string{
	"/", "/api/v3/", "/api/v3/command/log", "/api/v3/command:log", "/api/v3/events", "/api/v3/events/e1", "/api/v3/runs",
	"/api/v3/runs/e1/a", "/api/v3/rejects", "/api/v3/plugins", "/api/v3/status", "/api/v3/health/", "/debug/pprof/", "/API/v3/status",
}

func TestNeedsToken(t *testing.T) {
	t.Parallel()
	w := standard(t)
	for _, path := range everyPath {
		for name, header := range map[string][]string{
			"none":         {"Authorization: "},
			"wrong":        {"Authorization: Bearer " + strings.Repeat("x", len(token))},
			"prefix":       {"Authorization: Bearer " + token[:len(token)-1]},
			"longer":       {"Authorization: Bearer " + token + "x"},
			"other scheme": {"Authorization: Basic " + token},
			"bare":         {"Authorization: " + token},
			"empty":        {"Authorization: Bearer"},
		} {
			if status, body := w.do(t, "GET", path, "", header...); status != 401 || strings.Contains(body, "CANARY") {
				t.Errorf("%s, %s: %d %s", path, name, status, body)
			}
		}
	}
	if w.call != nil {
		t.Errorf("a command ran: %v", w.call)
	}
	if status, body := w.do(t, "GET", "/api/v3/health", "", "Authorization: "); status != 200 || body != `{"status":"ok"}` {
		t.Errorf("health: %d %s", status, body)
	}
	w.mu.Lock()
	w.sick = errors.New("CANARY")
	w.mu.Unlock()
	if status, body := w.do(t, "GET", "/api/v3/health", "", "Authorization: "); status != 503 || body != `{"status":"unavailable"}` {
		t.Errorf("health: %d %s", status, body)
	}
	if status, _ := w.do(t, "GET", "/api/v3/status", "", "Authorization: bearer "+token); status != 200 {
		t.Errorf("scheme in lower case: %d", status)
	}
	if w.mu.Lock(); strings.Contains(w.log.String(), "CANARY") {
		t.Errorf("the log holds a token: %s", w.log.String())
	}
	w.mu.Unlock()
}

// TestNoTokenConfigured: loopback is no identity. Nothing opens, whatever a caller sends.
func TestNoTokenConfigured(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{})
	for _, path := range everyPath {
		for _, header := range []string{"Authorization: ", "Authorization: Bearer", "Authorization: Bearer ", "Authorization: Bearer x"} {
			if status, _ := w.do(t, "GET", path, "", header); status != 401 {
				t.Errorf("%s with %q: %d", path, header, status)
			}
		}
	}
}

func TestBrowsers(t *testing.T) {
	t.Parallel()
	w := standard(t)
	own := strings.TrimPrefix(w.url, "http://")
	for name, c := range map[string]struct {
		header []string
		status int
	}{
		"no browser":               {nil, 200},
		"own page":                 {[]string{"Origin: " + w.url, "Sec-Fetch-Site: same-origin"}, 200},
		"typed address":            {[]string{"Sec-Fetch-Site: none"}, 200},
		"localhost":                {[]string{"Host: localhost:1234"}, 200},
		"IPv6":                     {[]string{"Host: [::1]:1234"}, 200},
		"configured name":          {[]string{"Host: console.TEST"}, 200},
		"console behind a proxy":   {[]string{"Host: console.test", "Origin: https://console.test"}, 200},
		"rebound name":             {[]string{"Host: evil.example"}, 421},
		"rebound name and port":    {[]string{"Host: evil.example:" + own[strings.LastIndex(own, ":")+1:]}, 421},
		"name that ends like ours": {[]string{"Host: xlocalhost"}, 421},
		"name below ours":          {[]string{"Host: localhost.evil.example"}, 421},
		"other origin":             {[]string{"Origin: https://evil.example"}, 403},
		"other port":               {[]string{"Origin: http://127.0.0.1:1"}, 403},
		"null origin":              {[]string{"Origin: null"}, 403},
		"two origins":              {[]string{"Origin: " + w.url, "Origin: https://evil.example"}, 403},
		"cross site":               {[]string{"Sec-Fetch-Site: cross-site"}, 403},
		"same site":                {[]string{"Sec-Fetch-Site: same-site"}, 403},
		"two sites":                {[]string{"Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site"}, 403},
	} {
		for _, method := range []string{"GET", "POST"} {
			if status, body := w.do(t, method, "/api/v3/command/log", "", c.header...); status != c.status {
				t.Errorf("%s, %s: %d %s, want %d", name, method, status, body, c.status)
			}
		}
	}
	if status, _ := w.do(t, "GET", "/api/v3/health", "", "Host: evil.example", "Authorization: "); status != 421 {
		t.Errorf("health of a rebound name: %d", status)
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	w := standard(t)
	const js, form = "Content-Type: application/json", "Content-Type: application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		method, path, body, header string
		status                     int
		params                     map[string]any
		command                    any
	}{
		"query":               {"GET", "/api/v3/command/webhook.put?eventKey=a.b&n=1&n=2&s=x%20y", "", "", 200, map[string]any{"eventKey": "a.b", "n": []any{"1", "2"}, "s": "x y"}, nil},
		"colon":               {"POST", "/api/v3/command:webhook.put?eventKey=a", "", "", 200, map[string]any{"eventKey": "a"}, nil},
		"JSON body":           {"POST", "/api/v3/command/webhook.put?eventKey=a", `{"x":[1,2.5]}`, js, 200, map[string]any{"eventKey": "a"}, map[string]any{"x": []any{1, 2.5}}},
		"JSON params":         {"POST", "/api/v3/command/webhook.put?params=body&b=1", `{"a":{"x":1}}`, js, 200, map[string]any{"a": map[string]any{"x": 1}, "b": "1"}, nil},
		"parameter of a name": {"GET", "/api/v3/command/webhook.put?params=x", "", "", 200, map[string]any{"params": "x"}, nil},
		"form":                {"POST", "/api/v3/command/webhook.put?b=1", "a=%C3%A9", form, 200, map[string]any{"a": "é", "b": "1"}, nil},
		"text body":           {"POST", "/api/v3/command/webhook.put", "hello", "Content-Type: text/plain", 200, map[string]any{}, "hello"},
		"given twice":         {"POST", "/api/v3/command/webhook.put?a=1", "a=2", form, 400, nil, nil},
		"params are a list":   {"POST", "/api/v3/command/webhook.put?params=body", "[1]", js, 400, nil, nil},
		"broken JSON":         {"POST", "/api/v3/command/webhook.put", "{", js, 400, nil, nil},
		"broken query":        {"GET", "/api/v3/command/webhook.put?a=%zz", "", "", 400, nil, nil},
		"not UTF-8":           {"POST", "/api/v3/command/webhook.put", "\xff", "Content-Type: text/plain", 400, nil, nil},
		"encoded body":        {"POST", "/api/v3/command/webhook.put", "x", "Content-Encoding: gzip", 400, nil, nil},
		"strange name":        {"GET", "/api/v3/command/a%2fb", "", "", 404, nil, nil},
		"no name":             {"GET", "/api/v3/command/", "", "", 404, nil, nil},
		"PUT":                 {"PUT", "/api/v3/command/webhook.put", "", "", 404, nil, nil},
	} {
		w.mu.Lock()
		w.call, w.answer = nil, map[string]any{"b": []any{1, "x"}, "a": nil}
		w.mu.Unlock()
		var header []string
		if c.header != "" {
			header = append(header, c.header)
		}
		status, body := w.do(t, c.method, c.path, c.body, header...)
		if status != c.status {
			t.Errorf("%s: %d %s", name, status, body)
		}
		if c.status != 200 {
			if w.call != nil {
				t.Errorf("%s: ran %v", name, w.call)
			}
			continue
		}
		want := map[string]any{"identity": "operator", "name": "webhook.put", "params": c.params, "body": c.command}
		if diff := cmp.Diff(want, w.call); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if body != `{"value":{"a":null,"b":[1,"x"]}}` {
			t.Errorf("%s: %s", name, body)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	w := standard(t)
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{fault.New(fault.CommandType, "wrong").WithHint("do it right").In("eventKey"), 400, "command.type"},
		{fault.New(fault.WebhookInvalid, "wrong"), 400, "webhook.invalid"},
		{fault.New(fault.IAMDenied, "no"), 403, "iam.denied"},
		{fault.New(fault.CommandUnknown, "no"), 404, "command.unknown"},
		{fault.New(fault.WebhookUnknown, "no"), 404, "webhook.unknown"},
		{fault.New(fault.ResultGone, "no"), 410, "result.gone"},
		{fault.New(fault.StoreFull, "full"), 503, "store.full"},
		{fault.New(fault.CommandFailed, "no"), 500, "command.failed"},
		{errors.New("CANARY from below"), 500, "internal"},
	} {
		w.mu.Lock()
		w.err = c.err
		w.mu.Unlock()
		status, body := w.do(t, "POST", "/api/v3/command/log", "")
		var got struct {
			StatusCode                  int
			Status, Code, Message, Hint string
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if status != c.status || got.StatusCode != c.status || got.Status != "error" || got.Code != c.code || got.Message == "" || strings.Contains(body, "CANARY") {
			t.Errorf("%v: %d %s", c.err, status, body)
		}
		if c.code == "command.type" && (got.Hint != "do it right" || got.Message != "eventKey: wrong") {
			t.Errorf("message %q, hint %q", got.Message, got.Hint)
		}
	}
	if status, body := w.do(t, "GET", "/api/v3/status", ""); status != 500 || strings.Contains(body, "CANARY") {
		t.Errorf("a status that fails: %d %s", status, body)
	}
	w.mu.Lock()
	w.err, w.answer = nil, func() {}
	w.mu.Unlock()
	if status, body := w.do(t, "POST", "/api/v3/command/log", ""); status != 500 || !strings.Contains(body, `"internal"`) {
		t.Errorf("a result that is no value: %d %s", status, body)
	}
}

func TestLedger(t *testing.T) {
	t.Parallel()
	w := standard(t)
	for name, c := range map[string]struct {
		path    string
		status  int
		want    []string
		wantNot []string
	}{
		"events":            {"/api/v3/events", 200, []string{`{"events":[{"seq":7,"id":"e1","eventKey":"webhook.a","time":"2026-01-02T03:04:05Z"}]}`}, nil},
		"events of a key":   {"/api/v3/events?key=other", 200, []string{`{"events":[]}`}, nil},
		"events before":     {"/api/v3/events?before=7&limit=1000", 200, []string{`{"events":[]}`}, nil},
		"limit zero":        {"/api/v3/events?limit=0", 400, []string{`"command.type"`}, nil},
		"limit too large":   {"/api/v3/events?limit=1001", 400, []string{"1 to 1000"}, nil},
		"before of text":    {"/api/v3/events?before=x", 400, []string{"before"}, nil},
		"slip":              {"/api/v3/events?kye=a", 400, []string{`did you mean \"key\"?`}, nil},
		"sick store":        {"/api/v3/events?key=sick", 503, []string{`"store.unavailable"`, `"hint":"look at the disk"`}, nil},
		"event":             {"/api/v3/events/e1", 200, []string{`"eventKey":"webhook.a"`, `"pipeline":"global/app/mail"`, `"steps":[{`}, []string{"CANARY", "payload"}},
		"event and payload": {"/api/v3/events/e1?payload=true", 200, []string{`"payload":{"origin":"CANARY"}`}, []string{`"CANARY"]`}},
		"no event":          {"/api/v3/events/e2", 404, []string{`"statusCode":404`}, nil},
		"runs":              {"/api/v3/runs", 200, []string{`"eventId":"e1"`}, []string{"CANARY"}},
		"runs of a status":  {"/api/v3/runs?status=dead&pipeline=a&event=e1&limit=5", 200, []string{`{"runs":[]}`}, nil},
		"no status":         {"/api/v3/runs?status=deda", 400, []string{`did you mean \"dead\"?`}, nil},
		"run":               {"/api/v3/runs/e1/global/app/mail", 200, []string{`"eventId":"e1"`, `"command":"log"`}, []string{"CANARY"}},
		"run, escaped":      {"/api/v3/runs/e1/global%2Fapp%2Fmail", 200, []string{`"eventId":"e1"`}, nil},
		"no run":            {"/api/v3/runs/e1/other", 404, []string{`"statusCode":404`}, nil},
		"run of no name":    {"/api/v3/runs/e1", 404, nil, nil},
		"rejects":           {"/api/v3/rejects?limit=3", 200, []string{`"reason":"token.unknown","status":3`}, nil},
		"plugins":           {"/api/v3/plugins", 200, []string{`{"plugins":["mail.send"]}`}, nil},
		"status":            {"/api/v3/status", 200, []string{`{"version":"1"}`}, nil},
		"below status":      {"/api/v3/status/x", 404, nil, nil},
		"unknown":           {"/api/v3/other", 404, nil, nil},
		"root":              {"/", 404, nil, nil},
	} {
		status, body := w.do(t, "GET", c.path, "")
		if status != c.status {
			t.Errorf("%s: %d %s", name, status, body)
		}
		for _, want := range c.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %s, want %s", name, body, want)
			}
		}
		for _, not := range c.wantNot {
			if strings.Contains(body, not) {
				t.Errorf("%s: %s holds %s", name, body, not)
			}
		}
		if status, _ := w.do(t, "POST", c.path, ""); status != 404 {
			t.Errorf("%s with POST: %d", name, status)
		}
	}
}

// TestMetrics: the API's token and the metrics' own token read them, and the latter reads nothing else.
func TestMetrics(t *testing.T) {
	t.Parallel()
	const own = "METRICS-0123456789abcdef"
	w := open(t, admin.Options{Token: token, Metrics: own, Identity: "operator"})
	get := func(path, bearer, accept string) (int, string, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+bearer)
		r.Header.Set("Accept", accept)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header.Get("Content-Type"), string(text)
	}
	for _, bearer := range []string{token, own} {
		if status, kind, text := get("/metrics", bearer, "text/plain"); status != 200 || kind != "text/plain; version=0.0.4" || text != "counted 1 # text/plain" {
			t.Errorf("%s: %d %q %q", bearer, status, kind, text)
		}
	}
	for _, path := range append([]string{"/metrics/", "/metrics/x", "/api/v3/metrics"}, everyPath...) {
		if status, _, _ := get(path, own, ""); status != 401 {
			t.Errorf("%s with the token of the metrics: %d", path, status)
		}
	}
	if status, _, _ := get("/metrics", "wrong-0123456789abcdef", ""); status != 401 {
		t.Errorf("wrong token: %d", status)
	}
	if status, _, _ := get("/metrics", own, "broken"); status != 500 {
		t.Errorf("broken: %d", status)
	}
	none := standard(t)
	if status, _ := none.do(t, "GET", "/metrics", "", "Authorization: Bearer "); status != 401 {
		t.Errorf("an empty token: %d", status)
	}
	if _, err := admin.New(admin.Options{Address: "127.0.0.1:0", Metrics: "short"}, w.deps()); fault.CodeOf(err) != fault.ConfigValue {
		t.Errorf("a short token: %v", err)
	}
}

// TestDownloads: what senders sent is given byte for byte, and never as something that a browser shows.
func TestDownloads(t *testing.T) {
	t.Parallel()
	w := standard(t)
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/api/v3/events/e1/body":           {200, "a=CANARY"},
		"/api/v3/events/e2/body":           {404, ""},
		"/api/v3/rejects/abcdef:0123":      {200, "POST / HTTP/1.1\r\n\r\n"},
		"/api/v3/rejects/abcdef%3A0123":    {200, "POST / HTTP/1.1\r\n\r\n"},
		"/api/v3/rejects/other":            {404, ""},
		"/api/v3/rejects/%zz":              {404, ""},
		"/api/v3/rejects/..%2f..%2fpasswd": {404, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, nil)
		if err != nil {
			if strings.Contains(path, "%zz") {
				continue // no address for this client
			}
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != want.status || want.status == 200 && (string(text) != want.text ||
			res.Header.Get("Content-Type") != "application/octet-stream" || res.Header.Get("Content-Disposition") != "attachment") {
			t.Errorf("%s: %d %v %q, %v", path, res.StatusCode, res.Header, text, err)
		}
	}
}

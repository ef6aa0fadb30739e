package admin_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

func (w *world) called(call map[string]any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.call = call
	return w.err
}

func (w *world) Cancel(_ context.Context, eventID, pipeline string) (run.Run, error) {
	err := w.called(map[string]any{"cancel": eventID, "pipeline": pipeline})
	return run.Run{EventID: eventID, Pipeline: pipeline, Status: run.Cancelled}, err
}

func (w *world) Replay(_ context.Context, r run.Replay) (event.Accepted, error) {
	call := map[string]any{"replay": r.EventID, "pipeline": r.Pipeline, "from": r.From, "close": r.Close, "body": string(r.Body)}
	if r.Version != "" {
		call["version"] = r.Version
	}
	err := w.called(call)
	return event.Accepted{EventID: "e2", Fresh: true}, err
}

func (w *world) Drop(_ context.Context, eventID, pipeline string) error {
	return w.called(map[string]any{"drop": eventID, "pipeline": pipeline})
}

func (w *world) Rehearse(_ context.Context, r run.Replay) (run.Rehearsal, error) {
	err := w.called(map[string]any{"rehearse": r.EventID, "version": r.Version, "from": r.From})
	step := run.Step{Command: "mail.send", Status: run.StepDone, Input: []byte(`{"params":{"to":"CANARY"}}`)}
	return run.Rehearsal{Version: "v1", Status: run.Done, Steps: []run.Step{step}, Mocked: []bool{true}, Body: []byte(`1`)}, err
}

func (*world) Running() []run.Run {
	return []run.Run{
		{EventID: "e8", EventKey: "webhook.c", Pipeline: "secretive", Status: run.Running, Message: "no known-secret", Body: []byte(`"known-secret"`)},
		{EventID: "e7", EventKey: "webhook.c", Pipeline: "digits", Status: run.Running, StepIndex: 12345678, Message: "12345678"},
		{EventID: "e1", EventKey: "webhook.a", Pipeline: "global/app/mail", Status: run.Running, Attempt: 2},
		{EventID: "e9", EventKey: "webhook.b", Pipeline: "new", Status: run.Running, Attempt: 1},
	}
}

// Updates has one update, number 3, and then nothing until the end.
func (w *world) Updates(ctx context.Context, after int64) ([]run.Update, int64, bool) {
	switch {
	case after < 0:
		return nil, 2, false
	case after == 2:
		return []run.Update{{Number: 3, Time: when, Run: run.Run{EventID: "e1", Pipeline: "lead", Status: run.Waiting}, Step: "3 (mail.send)"}}, 3, false
	case after > 3:
		return nil, 3, true
	}
	<-ctx.Done()
	return nil, 3, false
}

func TestUpdates(t *testing.T) {
	t.Parallel()
	w := standard(t)
	for _, c := range []struct {
		query  string
		status int
		want   string
	}{
		{"", 200, `{"updates":[],"next":2}`},
		{"?after=2", 200, `"step":"3 (mail.send)"`},
		{"?after=2&pipeline=lead&event=e1&status=dead,waiting", 200, `"next":3`},
		{"?after=2&pipeline=other&wait=10ms", 200, `{"updates":[],"next":3}`},
		{"?after=2&status=done&wait=10ms", 200, `{"updates":[],"next":3}`},
		{"?after=3&wait=1ms", 200, `{"updates":[],"next":3}`},
		{"?after=4711", 200, `"missed":true`},
		{"?after=x", 400, "after is the number"},
		{"?wait=1h", 400, "wait is a duration"},
		{"?since=1h", 400, "unknown parameter"},
	} {
		if status, body := w.do(t, http.MethodGet, "/api/v3/runs/updates"+c.query, ""); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s; want %d and %s", c.query, status, body, c.status, c.want)
		}
	}
}

// Requests that wait do not keep the listener from ending.
func TestUpdatesEndWithTheListener(t *testing.T) {
	t.Parallel()
	w := standard(t)
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, w.url+"/api/v3/runs/updates?after=3", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	asked := make(chan struct{})
	go func() {
		close(asked)
		if resp, err := http.DefaultClient.Do(r); err == nil {
			resp.Body.Close()
		}
	}()
	<-asked
	w.stop()
	select {
	case <-w.ended:
	case <-time.After(15 * time.Second):
		t.Error("the listener waits for who waits for news")
	}
}

func TestOperate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path, body string
		fails            error
		status           int
		want             string
		call             map[string]any
		dry              bool
	}{
		{name: "cancel", path: "runs/e1/lead/cancel", status: 200, want: `{"status":"cancelled"}`, call: map[string]any{"cancel": "e1", "pipeline": "lead"}},
		{
			name: "replay", path: "runs/e1/global%2Fapp%2Fmail/replay", status: 200, want: `"eventId":"e2"`,
			call: map[string]any{"replay": "e1", "pipeline": "global/app/mail", "from": "", "close": false, "body": ""},
		},
		{
			name: "replay with all", path: "runs/e1/%28parked%29/replay?from=failed&close=true", body: ` { "CANARY" : 1 } `, status: 200, want: `"fresh":true`,
			call: map[string]any{"replay": "e1", "pipeline": "(parked)", "from": "failed", "close": true, "body": `{"CANARY":1}`},
		},
		{name: "replay null", path: "runs/e1/lead/replay", body: `null`, status: 200, want: `"eventId"`, call: map[string]any{"replay": "e1", "pipeline": "lead", "from": "", "close": false, "body": "null"}},
		{
			name: "another version", path: "runs/e1/lead/replay?version=abc&from=2", status: 200, want: `"eventId":"e2"`,
			call: map[string]any{"replay": "e1", "pipeline": "lead", "from": "2", "close": false, "body": "", "version": "abc"},
		},
		{
			name: "dry", path: "runs/e1/lead/replay?dry=true&version=abc&from=failed", status: 200, want: `"mocked":true`,
			call: map[string]any{"rehearse": "e1", "version": "abc", "from": "failed"}, dry: true,
		},
		{name: "drop", path: "runs/e1/lead/drop", status: 200, want: `{"closed":"dropped"}`, call: map[string]any{"drop": "e1", "pipeline": "lead"}},
		{name: "body that is no JSON", path: "runs/e1/lead/replay", body: `{`, status: 400, want: `"command.type"`},
		{name: "unknown parameter", path: "runs/e1/lead/replay?form=1", status: 400, want: `"command.param"`},
		{name: "unknown parameter of drop", path: "runs/e1/lead/drop?all=true", status: 400, want: `"command.param"`},
		{name: "unknown action", path: "runs/e1/lead/destroy", status: 404, want: `refused`},
		{name: "no pipeline", path: "runs/e1//cancel", status: 404, want: `refused`},
		{name: "over", path: "runs/e1/lead/cancel", fails: fault.New(fault.RunFinal, "it is over"), status: 409, want: `"run.final"`},
		{name: "not possible", path: "runs/e1/lead/replay", fails: fault.New(fault.RunReplay, "nothing is kept"), status: 409, want: `"run.replay"`},
		{name: "unknown", path: "runs/e1/lead/drop", fails: fault.New(fault.RunUnknown, "none"), status: 404, want: `"run.unknown"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := standard(t)
			w.err = c.fails
			status, body := w.do(t, http.MethodPost, "/api/v3/"+c.path, c.body)
			if status != c.status || !strings.Contains(body, c.want) {
				t.Errorf("%d %s; want %d and %s", status, body, c.status, c.want)
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if c.fails == nil {
				if diff := cmp.Diff(c.call, w.call); diff != "" {
					t.Errorf("the call (-want +got):\n%s", diff)
				}
			}
			log := w.log.String()
			if c.status == 200 && (strings.Contains(log, "changed a run") == c.dry || !strings.Contains(log, `"identity":"operator"`)) {
				t.Errorf("the change is not in the log: %s", log)
			}
			if strings.Contains(log, "CANARY") {
				t.Error("the log holds a payload")
			}
		})
	}
}

// What changes something asks for a token and for POST.
func TestOperateIsGuarded(t *testing.T) {
	t.Parallel()
	w := standard(t)
	for _, action := range []string{"cancel", "replay", "drop"} {
		if status, _ := w.do(t, http.MethodPost, "/api/v3/runs/e1/lead/"+action, "", "Authorization: "); status != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d", action, status)
		}
		if status, _ := w.do(t, http.MethodPost, "/api/v3/runs/e1/lead/"+action, "", "Sec-Fetch-Site: cross-site"); status != http.StatusForbidden {
			t.Errorf("%s from another site: %d", action, status)
		}
		if status, _ := w.do(t, http.MethodGet, "/api/v3/runs/e1/lead/"+action, ""); status == http.StatusOK {
			t.Errorf("%s by GET: %d", action, status)
		}
	}
	if w.call != nil {
		t.Errorf("called %v", w.call)
	}
}

func TestDeadLetterListing(t *testing.T) {
	t.Parallel()
	w := standard(t)
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"dlq", 200, `{"dlq":[]}`},
		{"dlq?pipeline=lead&eventKey=a.b&code=command.failed&since=2026-01-02T03:04:05Z&limit=3", 200, `{"dlq":[]}`},
		{"dlq?since=yesterday", 400, "since is a time"},
		{"dlq?until=tomorrow", 400, "until is a time"},
		{"dlq?until=2026-01-02T03:04:05Z&contains=no%20answer", 200, `{"dlq":[]}`},
		{"dlq?status=done", 400, "unknown parameter"},
		{"dlq/e1", 404, "refused"},
		{"runs?eventKey=webhook.a&since=2026-01-02T03:04:05Z", 200, `"eventId":"e1"`},
		{"runs?eventKey=webhook.b", 200, `{"runs":[{"eventId":"e9","eventKey":"webhook.b","pipeline":"new"`},
		{"runs?limit=1&event=e9", 200, `"pipeline":"new","version":"","status":"running","attempt":1,"identity":"","started":"0001-01-01T00:00:00Z","stepIndex":0}]}`},
		{"runs?status=running&pipeline=new", 200, `"eventId":"e9"`},
		{"runs?status=running&event=e2", 200, `{"runs":[]}`},
		{"runs?code=x&event=e9", 200, `{"runs":[]}`},
		{"runs/e9/new", 200, `"status":"running"`},
		{"runs/e8/secretive?payload=true", 200, `"body":"[redacted]"`},
		{"runs/e8/secretive", 200, `"message":"no [redacted]"`},
		{"runs/e7/digits", 200, `"stepIndex":12345678`},
		{"runs/e7/digits", 200, `"message":"[redacted]"`},
		{"runs/e9/other", 404, "there is no such run"},
		{"runs/e1/global%2Fapp%2Fmail", 200, `"status":"done"`},
		{"runs/e1/global%2Fapp%2Fmail?payload=true", 200, `"body":"CANARY"`},
		{"runs/e1/global%2Fapp%2Fmail?payloads=true", 400, "unknown parameter"},
	} {
		if status, body := w.do(t, http.MethodGet, "/api/v3/"+c.path, ""); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s; want %d and %s", c.path, status, body, c.status, c.want)
		}
	}
}

package builtin_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/command/commandtest"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
)

// call runs one command with evaluated arguments.
func call(t *testing.T, d builtin.Deps, name string, c command.Call) (command.Result, error) {
	t.Helper()
	for _, def := range builtin.All(d) {
		if def.Spec.Name == name {
			if c.Logger == nil {
				c.Logger = slog.New(slog.DiscardHandler)
			}
			return def.Invoke(t.Context(), c)
		}
	}
	t.Fatalf("no command %s", name)
	return command.Result{}, nil
}

func TestEventSendFollows(t *testing.T) {
	t.Parallel()
	cause := event.Event{ID: "1", Namespace: "acme", TraceID: "trace", CorrelationID: "result", Hops: 3}
	cases := map[string]struct {
		cause event.Event
		args  map[string]any
		want  event.Event
	}{
		"of an event": {
			cause,
			map[string]any{"key": "a.b", "payload": map[string]any{"n": 1}},
			event.Event{Key: "a.b", Namespace: "acme", TraceID: "trace", CorrelationID: "result", Hops: 4, Async: true, Payload: []byte(`{"n":1}`)},
		},
		"own trace": {
			cause,
			map[string]any{"key": "a.b", "traceId": "mine", "async": false},
			event.Event{Key: "a.b", Namespace: "acme", TraceID: "mine", CorrelationID: "result", Hops: 4, Payload: []byte("null")},
		},
		"by hand": {
			event.Event{},
			map[string]any{"key": "a.b"},
			event.Event{Key: "a.b", Hops: 1, Async: true, Payload: []byte("null")},
		},
	}
	for name, c := range cases {
		w := commandtest.NewWorld()
		res, err := call(t, w.Deps(), "event.send", command.Call{Args: c.args, Event: c.cause})
		if err != nil || res.HasValue {
			t.Fatalf("%s: %+v, %v", name, res, err)
		}
		got := w.Events()[0]
		if got.ID == "" || got.ID == c.cause.ID || !got.Time.Equal(commandtest.Now()) {
			t.Errorf("%s: id %q, time %s", name, got.ID, got.Time)
		}
		if c.cause.ID == "" && (got.TraceID != got.ID || got.CorrelationID != got.ID) {
			t.Errorf("%s: a first event is its own trace: %+v", name, got)
		}
		c.want.ID, c.want.Time = got.ID, got.Time
		if c.want.TraceID == "" {
			c.want.TraceID, c.want.CorrelationID = got.ID, got.ID
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestEventSendBreaksCircles lets every event lead to the next one until the limit.
func TestEventSendBreaksCircles(t *testing.T) {
	t.Parallel()
	w := commandtest.NewWorld()
	var e event.Event
	for range event.MaxHops {
		if _, err := call(t, w.Deps(), "event.send", command.Call{Args: map[string]any{"key": "a"}, Event: e}); err != nil {
			t.Fatal(err)
		}
		e = w.Events()[len(w.Events())-1]
	}
	_, err := call(t, w.Deps(), "event.send", command.Call{Args: map[string]any{"key": "a"}, Event: e})
	if fault.CodeOf(err) != fault.EventHops || len(w.Events()) != event.MaxHops {
		t.Errorf("%d events, %v", len(w.Events()), err)
	}
	want := "the event would be number 17 in a row, and 16 are allowed; look for pipelines that start each other in a circle, or raise engine.max_hops"
	if err.Error() != want {
		t.Error(err)
	}
}

// TestEventSendKeepsRetryability: what the store says about trying again reaches the run.
func TestEventSendKeepsRetryability(t *testing.T) {
	t.Parallel()
	d := commandtest.NewWorld().Deps()
	d.Emit = func(context.Context, event.Event) (event.Accepted, error) {
		return event.Accepted{}, fault.New(fault.StoreFull, "full").WithRetry(time.Second)
	}
	_, err := call(t, d, "event.send", command.Call{Args: map[string]any{"key": "a"}})
	if retry, after := fault.Retryable(err); !retry || after != time.Second || fault.CodeOf(err) != fault.StoreFull {
		t.Error(err)
	}
}

func TestResultComplete(t *testing.T) {
	t.Parallel()
	w := commandtest.NewWorld()
	body := map[string]any{"b": 1}
	cases := []struct {
		args map[string]any
		e    event.Event
	}{
		{map[string]any{}, event.Event{CorrelationID: "of the event"}},
		{map[string]any{"value": "late"}, event.Event{CorrelationID: "of the event"}},
		{map[string]any{"value": nil, "correlationId": "given"}, event.Event{CorrelationID: "unused"}},
	}
	for _, c := range cases {
		if res, err := call(t, w.Deps(), "result.complete", command.Call{Args: c.args, Event: c.e, Body: body}); err != nil || res.HasValue {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	if diff := cmp.Diff(map[string]string{"of the event": `{"b":1}`, "given": "null"}, w.Results()); diff != "" {
		t.Errorf("the first one wins: %s", diff)
	}
	if _, err := call(t, w.Deps(), "result.complete", command.Call{Args: map[string]any{}}); fault.CodeOf(err) != fault.CommandMissing {
		t.Error(err)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	const canary = "S3CRET"
	cases := map[string]struct {
		args map[string]any
		body any
		want string
	}{
		"text":  {map[string]any{"message": "hello", "level": "INFO"}, canary, `level=INFO msg="pipeline says" pipeline=p step=4 message=hello`},
		"map":   {map[string]any{"message": map[string]any{"a": 1}, "level": "ERROR"}, canary, `level=ERROR msg="pipeline says" pipeline=p step=4 message="{\"a\":1}"`},
		"trace": {map[string]any{"message": "x", "level": "TRACE"}, canary, `level=DEBUG-4 msg="pipeline says" pipeline=p step=4 message=x`},
		"empty": {map[string]any{"level": "WARN"}, map[string]any{canary: canary}, `level=WARN msg="pipeline is here" pipeline=p step=4 event_key=webhook.a body_type=map body_size=1 vars=2`},
		"bytes": {map[string]any{"message": "", "level": "DEBUG"}, canary, `level=DEBUG msg="pipeline is here" pipeline=p step=4 event_key=webhook.a body_type=text body_size=6 vars=2`},
		"list":  {map[string]any{"level": "INFO"}, []any{1, 2}, `level=INFO msg="pipeline is here" pipeline=p step=4 event_key=webhook.a body_type=list body_size=2 vars=2`},
	}
	for name, c := range cases {
		var log bytes.Buffer
		handler := slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 4, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})
		res, err := call(t, builtin.Deps{}, "log", command.Call{
			Args: c.args, Body: c.body, Pipeline: "p", Step: 4, Event: event.Event{Key: "webhook.a"},
			Vars: map[string]any{"x": canary, "y": canary}, Logger: slog.New(handler),
		})
		if err != nil || res.HasValue {
			t.Fatalf("%s: %+v, %v", name, res, err)
		}
		if got := strings.TrimSpace(log.String()); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

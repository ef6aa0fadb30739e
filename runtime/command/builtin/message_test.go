package builtin_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/commandtest"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
)

func TestMessageSend(t *testing.T) {
	t.Parallel()
	cause := event.Event{ID: "1", Namespace: "acme", TraceID: "trace", CorrelationID: "result", Hops: 3}
	body := map[string]any{"b": 1}
	wrapped := func(kind, value string) string {
		return `{"status":200,"value":` + value + `,"valueType":"` + kind + `"}`
	}
	for name, c := range map[string]struct {
		args    map[string]any
		key     string
		event   bool
		payload string
		headers map[string]string
	}{
		"the body":       {map[string]any{}, "sales.order", false, `{"b":1}`, nil},
		"a map":          {map[string]any{"payload": map[string]any{"a": true}}, "sales.order", false, `{"a":true}`, nil},
		"a list":         {map[string]any{"payload": []any{1}}, "sales.order", false, `[1]`, nil},
		"null":           {map[string]any{"payload": nil}, "sales.order", false, `null`, nil},
		"an empty text":  {map[string]any{"payload": ""}, "sales.order", false, `null`, nil},
		"a text":         {map[string]any{"payload": "Hello"}, "sales.order", false, wrapped("string", `"Hello"`), nil},
		"a text of JSON": {map[string]any{"payload": `{"a":1}`}, "sales.order", false, `{"a":1}`, nil},
		"nearly JSON":    {map[string]any{"payload": `{"a":`}, "sales.order", false, wrapped("string", `"{\"a\":"`), nil},
		"a whole number": {map[string]any{"payload": 7}, "sales.order", false, wrapped("integer", "7"), nil},
		"a number":       {map[string]any{"payload": 7.5}, "sales.order", false, wrapped("number", "7.5"), nil},
		"a big number":   {map[string]any{"payload": json.Number("99999999999999999999")}, "sales.order", false, wrapped("integer", "99999999999999999999"), nil},
		"a boolean":      {map[string]any{"payload": false}, "sales.order", false, wrapped("boolean", "false"), nil},
		"another type":   {map[string]any{"payload": "a,b", "contentType": "text/csv"}, "sales.order", false, wrapped("text/csv", `"a,b"`), map[string]string{"content_type": "text/csv"}},
		"a map as text":  {map[string]any{"payload": map[string]any{"a": 1}, "contentType": "text/plain"}, "sales.order", false, wrapped("text/plain", `"{\"a\":1}"`), map[string]string{"content_type": "text/plain"}},
		"JSON by suffix": {map[string]any{"contentType": "application/vnd.x+json"}, "sales.order", false, `{"b":1}`, map[string]string{"content_type": "application/vnd.x+json"}},
		"headers": {
			map[string]any{"headers": map[string]any{"region": "north", "n": 5, "ok": true, "none": nil, "content_type": "x"}},
			"sales.order", false, `{"b":1}`,
			map[string]string{"region": "north", "n": "5", "ok": "true", "content_type": "x"},
		},
		"an event":         {map[string]any{"key": "pipeforce.event.com.acme.paid"}, "com.acme.paid", true, `{"b":1}`, nil},
		"text of an event": {map[string]any{"key": "pipeforce.event.a", "payload": "Hello"}, "a", true, `"Hello"`, nil},
		"old exchange":     {map[string]any{"exchange": "pipeforce.hub.default.topic"}, "sales.order", false, `{"b":1}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := commandtest.NewWorld()
			args := map[string]any{"key": "sales.order", "contentType": "application/json"}
			for k, v := range c.args {
				args[k] = v
			}
			res, err := call(t, w.Deps(), "message.send", command.Call{Args: args, Body: body, Event: cause})
			if err != nil || res.HasValue {
				t.Fatalf("%+v, %v", res, err)
			}
			e := w.Events()[0]
			if e.Key != c.key || e.Message == c.event || e.Hops != 4 || e.Namespace != "acme" || e.TraceID != "trace" || e.CorrelationID != "result" {
				t.Errorf("sent %+v", e)
			}
			if string(e.Payload) != c.payload {
				t.Errorf("the payload is %s, want %s", e.Payload, c.payload)
			}
			if c.headers == nil {
				c.headers = map[string]string{"content_type": "application/json"}
			}
			if diff := cmp.Diff(c.headers, e.Headers); diff != "" {
				t.Errorf("headers: %s", diff)
			}
		})
	}
}

func TestMessageSendRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args  map[string]any
		cause event.Event
		want  fault.Code
	}{
		"a wildcard":        {map[string]any{"key": "sales.*"}, event.Event{}, fault.EventInvalid},
		"only the prefix":   {map[string]any{"key": "pipeforce.event."}, event.Event{}, fault.EventInvalid},
		"another exchange":  {map[string]any{"key": "a", "exchange": "orders"}, event.Event{}, fault.PipelineUnsupported},
		"a list in headers": {map[string]any{"key": "a", "headers": map[string]any{"x": []any{1}}}, event.Event{}, fault.CommandType},
		"a circle":          {map[string]any{"key": "a"}, event.Event{Hops: event.MaxHops}, fault.EventHops},
	} {
		w := commandtest.NewWorld()
		_, err := call(t, w.Deps(), "message.send", command.Call{Args: c.args, Event: c.cause})
		if fault.CodeOf(err) != c.want || len(w.Events()) != 0 {
			t.Errorf("%s: %d events, %v", name, len(w.Events()), err)
		}
	}
	d := commandtest.NewWorld().Deps()
	d.MaxHops, d.MessagePrefix = 2, "acme."
	if _, err := call(t, d, "message.send", command.Call{Args: map[string]any{"key": "a"}, Event: event.Event{Hops: 2}}); fault.CodeOf(err) != fault.EventHops {
		t.Errorf("a limit of two: %v", err)
	}
}

func TestJobRunCountsHops(t *testing.T) {
	t.Parallel()
	w := commandtest.NewWorld()
	if _, err := call(t, w.Deps(), "job.run", command.Call{Args: map[string]any{"pipeline": "report"}, Event: event.Event{Hops: 5}}); err != nil {
		t.Fatal(err)
	}
	if e := w.Events()[0]; e.Hops != 6 || e.Key != "job.report" {
		t.Errorf("fired %+v", e)
	}
}

package pipetest

import (
	"maps"
	"time"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// EventOf makes an event of what is given of it. Only eventKey (or key) is needed: the other fields are those
// of a new event. An unknown field is a fault.
func EventOf(given map[string]any, now time.Time) (event.Event, error) {
	fields := maps.Clone(given)
	if key, short := fields["key"]; short && fields["eventKey"] == nil {
		delete(fields, "key")
		fields["eventKey"] = key
	}
	known := []string{"id", "eventKey", "namespace", "time", "traceId", "correlationId", "async", "hops", "headers", "payload", "origin", "target", "parked", "replayOf", "message"}
	for name := range fields {
		if !isOneOf(name, known) {
			return event.Event{}, fault.New(fault.EventInvalid, "an event has no field %q", name).WithHint("%s", fault.DidYouMean(name, known))
		}
	}
	base := event.New("x", now)
	for name, v := range map[string]any{
		"id": base.ID, "time": base.Time.Format("2006-01-02T15:04:05.000Z07:00"), "async": true, "hops": 0, "namespace": "",
	} {
		if fields[name] == nil {
			fields[name] = v
		}
	}
	id, _ := fields["id"].(string)
	for _, name := range []string{"traceId", "correlationId"} {
		if fields[name] == nil {
			fields[name] = id
		}
	}
	text, err := value.AppendJSON(nil, fields)
	if err != nil {
		return event.Event{}, fault.Wrap(fault.EventInvalid, err, "reading an event")
	}
	e, object, err := event.Unmarshal(text)
	if err != nil {
		return e, err
	}
	e.Payload, err = object.Payload()
	return e, err
}

func isOneOf(name string, names []string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

package event

import (
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// Object is the event as pipelines see it: the decoded JSON text. It is shared and must not be changed.
type Object map[string]any

// Unmarshal reads an event's JSON text. It gives the event (Payload is encoded again only when asked
// for with [Object.Payload], so it is nil here, and so are HeaderText and Raw) and the object for pipelines, without the
// field replay, which is for the engine. Unknown fields stay in the object. The errors carry fault.EventInvalid and never quote the data.
func Unmarshal(data []byte) (Event, Object, error) {
	v, err := value.Decode(data)
	if err != nil {
		return Event{}, nil, fault.Wrap(fault.EventInvalid, err, "reading an event")
	}
	m, ok := v.(map[string]any)
	if !ok {
		return Event{}, nil, fault.New(fault.EventInvalid, "an event is a JSON object, not a %s", value.TypeName(v))
	}
	o := Object(m)
	e := Event{
		ID: o.text("id"), Key: o.text("eventKey"), Namespace: o.text("namespace"),
		TraceID: o.text("traceId"), CorrelationID: o.text("correlationId"), Parked: o.text("parked"), ReplayOf: o.text("replayOf"),
	}
	e.Async, _ = m["async"].(bool)
	e.Hops, _ = m["hops"].(int)
	e.Message, _ = m["message"].(bool)
	if e.ID == "" || len(e.ID) > 64 {
		return Event{}, nil, fault.New(fault.EventInvalid, "an event has no usable id")
	}
	if err := CheckKey(e.Key); err != nil {
		return Event{}, nil, err
	}
	if e.Replay, err = o.takeReplay(); err != nil {
		return Event{}, nil, err
	}
	if e.Batch, err = o.batch(); err != nil {
		return Event{}, nil, err
	}
	if e.Time, err = time.Parse(time.RFC3339, o.text("time")); err != nil {
		return Event{}, nil, fault.New(fault.EventInvalid, "an event has no RFC 3339 time")
	}
	if headers, ok := m["headers"].(map[string]any); ok && len(headers) > 0 {
		e.Headers = make(map[string]string, len(headers))
		for name, h := range headers {
			text, ok := h.(string)
			if !ok {
				return Event{}, nil, fault.New(fault.EventInvalid, "event header %q is not text", name)
			}
			e.Headers[name] = text
		}
	}
	return e, o, nil
}

func (o Object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// Payload gives the JSON text of the payload, nil for null.
func (o Object) Payload() ([]byte, error) {
	if o["payload"] == nil {
		return nil, nil
	}
	return value.AppendJSON(nil, o["payload"])
}

// View gives body as expressions see it. An event object shows the virtual fields origin and target:
// payload.origin and payload.target, an empty map where they are missing, so that reading below them
// never fails. They are not part of the event's JSON text. Any other body is returned as it is.
func View(body any) any {
	m, ok := body.(map[string]any)
	if !ok {
		return body
	}
	if _, ok := m["eventKey"].(string); !ok {
		return body
	}
	payload, has := m["payload"]
	if !has {
		return body
	}
	view := make(map[string]any, len(m)+2)
	for name, v := range m {
		view[name] = v
	}
	fields, _ := payload.(map[string]any)
	for _, name := range []string{"origin", "target"} {
		if _, taken := m[name]; taken {
			continue
		}
		if v := fields[name]; v != nil {
			view[name] = v
		} else {
			view[name] = map[string]any{}
		}
	}
	return view
}

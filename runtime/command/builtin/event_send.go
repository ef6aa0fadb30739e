package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// eventSend makes an event that follows from the one that started the run.
func eventSend(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "event.send",
			Summary: "Sends an event; it is safe in the store when the command returns.",
			Params: []command.Param{
				{Name: "key", Type: command.TypeText, Required: true, Aliases: []string{"eventKey"}, Summary: "Key of the event, such as com.company.order.paid."},
				{Name: "payload", Type: command.TypeAny, Summary: "Payload of the event; default is null."},
				{Name: "traceId", Type: command.TypeText, Summary: "Trace id; default is that of the event that started the run."},
				{Name: "async", Type: command.TypeBoolean, Default: true, Summary: "What the event says about its sender waiting."},
			},
			Effect: true,
			Examples: []command.Example{
				{
					Title:    "a payload",
					Pipeline: "pipeline:\n  - event.send:\n      key: com.acme.lead.checked\n      payload: {name: \"${body.name}\"}\n",
					Body:     `{"name":"Ada"}`,
					Want:     `{"name":"Ada"}`,
				},
				{
					Title:    "no payload",
					Pipeline: "pipeline:\n  - event.send: {key: com.acme.tick}\n  - set: sent\n",
					Want:     `"sent"`,
				},
				{
					Title:    "a key that cannot be one",
					Pipeline: "pipeline:\n  - event.send: {key: \"com.acme.*\"}\n",
					WantCode: "event.invalid",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Emit == nil {
				return command.Result{}, missing("event store")
			}
			e, err := follow(d, call)
			if err != nil {
				return command.Result{}, err
			}
			_, err = d.Emit(ctx, e)
			return command.Result{}, err
		}),
	}
}

// follow makes the event: it keeps namespace, trace and correlation id, and counts one hop more.
func follow(d Deps, call command.Call) (event.Event, error) {
	key, _ := call.Args["key"].(string)
	if event.CheckKey(key) != nil { // its message shows the key, which may come from a payload
		return event.Event{}, fault.New(fault.EventInvalid, "parameter %q is not an event key", "key").
			WithHint("join words of letters, digits, _ - : / @ by single dots, %d bytes at most", event.MaxKeyLength)
	}
	if most := d.hops(); call.Event.Hops >= most {
		return event.Event{}, fault.New(fault.EventHops, "the event would be number %d in a row, and %d are allowed", call.Event.Hops+1, most).
			WithHint("look for pipelines that start each other in a circle, or raise engine.max_hops")
	}
	payload, err := value.AppendJSON(nil, call.Args["payload"])
	if err != nil {
		return event.Event{}, fault.Wrap(fault.EventInvalid, err, "encoding the payload")
	}
	e := event.New(key, d.Now())
	e.Namespace, e.Hops, e.Payload = call.Event.Namespace, call.Event.Hops+1, payload
	if call.Event.CorrelationID != "" {
		e.CorrelationID = call.Event.CorrelationID
	}
	if trace, _ := call.Args["traceId"].(string); trace != "" {
		e.TraceID = trace
	} else if call.Event.TraceID != "" {
		e.TraceID = call.Event.TraceID
	}
	if async, ok := call.Args["async"].(bool); ok {
		e.Async = async
	}
	return e, nil
}

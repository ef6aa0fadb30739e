package builtin

import (
	"context"
	"encoding/json"
	"mime"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/trigger"
	"github.com/penstock/penstock/runtime/value"
)

const jsonType = "application/json"

// messageSend sends a message; one under the prefix of events is an event.
func messageSend(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "message.send",
			Summary: "Sends a message to every message.receive whose key matches; it is safe in the store when the command returns.",
			Params: []command.Param{
				{Name: "key", Type: command.TypeText, Required: true, Summary: "Key of the message, such as sales.order.created. With pipeforce.event. in front it is an event, which event.listen sees too."},
				{Name: "payload", Type: command.TypeAny, EvalBy: "evalPayload", Summary: "What is sent; default is the body. A text, a number or a boolean is wrapped: {status: 200, valueType: string, value: ...}; null and an empty text are no payload."},
				{Name: "evalPayload", Type: command.TypeBoolean, Literal: true, Default: true, Summary: "Evaluate the expressions in the payload."},
				{Name: "headers", Type: command.TypeMap, Summary: "Headers of the message: names and texts."},
				{Name: "contentType", Type: command.TypeText, Default: jsonType, Summary: "What the payload is; anything but JSON is sent as a text, wrapped with this valueType."},
				{Name: "encoding", Type: command.TypeText, Default: "UTF-8", Enum: []string{"UTF-8"}, Summary: "Encoding of the payload."},
				{Name: "exchange", Type: command.TypeText, Summary: "The default exchange; there is no other one."},
			},
			Effect: true,
			Examples: []command.Example{
				{
					Title:    "the body",
					Pipeline: "pipeline:\n  - message.send: {key: sales.order.created}\n",
					Body:     `{"number":7}`,
					Want:     `{"number":7}`,
				},
				{
					Title:    "a payload with headers",
					Pipeline: "pipeline:\n  - message.send:\n      key: sales.order.created\n      payload: {number: \"${body.number}\"}\n      headers: {region: north}\n  - set: sent\n",
					Body:     `{"number":7}`,
					Want:     `"sent"`,
				},
				{
					Title:    "an event",
					Pipeline: "pipeline:\n  - message.send: {key: pipeforce.event.com.acme.order.paid, payload: {number: 7}}\n  - set: sent\n",
					Want:     `"sent"`,
				},
				{
					Title:    "no wildcards",
					Pipeline: "pipeline:\n  - message.send: {key: \"sales.*\", payload: 1}\n",
					WantCode: "event.invalid",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Emit == nil {
				return command.Result{}, missing("event store")
			}
			if name, _ := call.Args["exchange"].(string); name != "" && !slices.Contains(trigger.DefaultExchanges(), name) {
				return command.Result{}, fault.New(fault.PipelineUnsupported, "there is no exchange %q: all messages go through the default exchange", name).
					WithHint("leave it out; exchanges of a broker's own are not supported yet")
			}
			e, err := message(d, call)
			if err != nil {
				return command.Result{}, err
			}
			_, err = d.Emit(ctx, e)
			return command.Result{}, err
		}),
	}
}

// message makes the event or the message.
func message(d Deps, call command.Call) (event.Event, error) {
	payload, given := call.Args["payload"]
	if !given {
		payload = call.Body
	}
	key, _ := call.Args["key"].(string)
	eventKey, isEvent := strings.CutPrefix(key, d.prefix())
	contentType, _ := call.Args["contentType"].(string)
	if !isEvent {
		eventKey = key
		var err error
		if payload, err = envelope(payload, contentType); err != nil {
			return event.Event{}, err
		}
	}
	sent := call
	sent.Args = map[string]any{"key": eventKey, "payload": payload}
	e, err := follow(d, sent)
	if err != nil {
		return event.Event{}, err
	}
	e.Message = !isEvent
	e.Headers, err = headers(call.Args["headers"], contentType)
	return e, err
}

// envelope gives the payload in the form in which it is always JSON.
func envelope(payload any, contentType string) (any, error) {
	if payload == nil || payload == "" {
		return nil, nil
	}
	kind := ""
	if media, _, err := mime.ParseMediaType(contentType); err != nil || media != jsonType && !strings.HasSuffix(media, "+json") {
		kind = contentType
		if _, isText := payload.(string); !isText {
			text, err := value.AppendJSON(nil, payload)
			if err != nil {
				return nil, fault.Wrap(fault.EventInvalid, err, "encoding the payload")
			}
			payload = string(text)
		}
	}
	switch p := payload.(type) {
	case map[string]any, []any:
		return payload, nil
	case string:
		if kind == "" && strings.ContainsAny(p[:1], "{[") {
			if decoded, err := value.Decode([]byte(p)); err == nil {
				return decoded, nil
			}
		}
		if kind == "" {
			kind = "string"
		}
	case bool:
		kind = "boolean"
	case int:
		kind = "integer"
	case float64:
		kind = "number"
	case json.Number:
		kind = "number"
		if !strings.ContainsAny(p.String(), ".eE") {
			kind = "integer"
		}
	}
	return map[string]any{"status": 200, "valueType": kind, "value": payload}, nil
}

func headers(given any, contentType string) (map[string]string, error) {
	fields, _ := given.(map[string]any)
	out := make(map[string]string, len(fields)+1)
	if contentType != "" {
		out["content_type"] = contentType
	}
	for name, v := range fields {
		switch v := v.(type) {
		case nil:
		case string:
			out[name] = v
		case bool, int, float64, json.Number:
			text, err := value.AppendJSON(nil, v)
			if err != nil {
				return nil, fault.Wrap(fault.EventInvalid, err, "encoding a header")
			}
			out[name] = string(text)
		default:
			return nil, fault.New(fault.CommandType, "a header of a message is a text, not a %s", value.TypeName(v)).
				WithHint("put maps and lists into the payload")
		}
	}
	return out, nil
}

package pipeline

import (
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/trigger"
)

// TriggerCommands describes the commands that start a pipeline, sorted by name, for documentation,
// completion and schemas. One of them may be the first command of a file, and none may stand elsewhere. Of
// the common parameters they take id alone.
func TriggerCommands() []command.Spec {
	return []command.Spec{eventListenSpec(), jobSpec(), messageReceiveSpec()}
}

func triggerSpec(kind trigger.Kind) command.Spec {
	for _, s := range TriggerCommands() {
		if s.Name == string(kind) {
			return s
		}
	}
	return command.Spec{Name: string(kind)}
}

func eventListenSpec() command.Spec {
	return command.Spec{
		Name:    "event.listen",
		Summary: "Starts the pipeline for every event with a key.",
		Params: []command.Param{
			{Name: "eventKey", Type: command.TypeText, Required: true, Literal: true, Aliases: []string{"key"}, Summary: "Key of the events, such as webhook.lead.created; * stands for one word, # for any number of words."},
			{Name: "selector", Type: command.TypeText, Summary: "Only events for which this expression holds; it sees the event without its payload."},
			{Name: "filter", Type: command.TypeText, Deprecated: `use "selector" with the event's headers; the payload can be tested with "if" on a command`, Summary: "Only events for which this expression holds; it sees the payload too."},
		},
		Shorthand: "eventKey",
		Result:    "The event: body.payload, body.eventKey, body.headers, body.traceId, body.correlationId.",
		Examples: []command.Example{
			{
				Title:    "the key of a webhook",
				Pipeline: "pipeline:\n  - event.listen:\n      eventKey: webhook.lead.created\n  - set: done\n",
				Want:     `"done"`,
			},
			{
				Title:    "a selection",
				Pipeline: "pipeline:\n  - event.listen:\n      eventKey: webhook.github.*\n      selector: ${body.headers.urgent == 'yes'}\n  - set: urgent\n",
				Want:     `"urgent"`,
			},
		},
	}
}

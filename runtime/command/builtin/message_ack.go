package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
)

const manual = "pipeline:\n  - message.receive:\n      key: sales.order.*\n      autoack: false\n"

// messageAck, messageNack and messageDrop say what becomes of the message that started the run. Where they may stand is
// a matter of the language.
func messageAck() command.Definition {
	return acknowledge(command.Result{Acknowledge: command.Ack}, command.Spec{
		Name:    "message.ack",
		Summary: "Acknowledges the message: it is not delivered again, and a failure of what follows is dealt with as in any run.",
		Effect:  true,
		Examples: []command.Example{
			{
				Title:    "before the rest is done",
				Pipeline: manual + "  - message.ack\n  - set: ${body.number}\n",
				Body:     `{"number":7}`,
				Want:     `7`,
			},
			{
				Title:    "without autoack: false there is nothing to acknowledge",
				Pipeline: "pipeline:\n  - message.receive: sales.order.*\n  - message.ack\n",
				WantCode: "pipeline.trigger",
			},
		},
	})
}

func messageNack() command.Definition {
	return acknowledge(command.Result{Acknowledge: command.Nack, Exit: true}, command.Spec{
		Name:    "message.nack",
		Summary: "Ends the run and gives the message back: it is delivered again after a while, and the run begins anew then; after engine.attempts times it is a dead letter.",
		Examples: []command.Example{
			{
				Title:    "not yet",
				Pipeline: manual + "  - message.nack:\n      if: ${body.ready == false}\n  - set: never\n",
				Body:     `{"ready":false}`,
				Want:     `{"ready":false}`,
			},
			{
				Title:    "when something fails",
				Pipeline: manual + "  - error: {message: no stock}\n  - except\n  - message.nack\n  - except.end\n",
				Body:     `{"number":7}`,
				Want:     `{"number":7}`,
			},
		},
	})
}

func messageDrop() command.Definition {
	return acknowledge(command.Result{Acknowledge: command.Drop, Exit: true}, command.Spec{
		Name:    "message.drop",
		Summary: "Ends the run, and the message with it: it is not delivered again, and the run is recorded with the code message.dropped.",
		Examples: []command.Example{
			{
				Title:    "what nobody can use",
				Pipeline: manual + "  - message.drop:\n      if: ${body.number == null}\n  - set: never\n",
				Body:     `{}`,
				Want:     `{}`,
			},
			{
				Title:    "the rest is kept",
				Pipeline: manual + "  - message.drop: {if: \"${body.number == null}\"}\n  - set: ${body.number}\n",
				Body:     `{"number":7}`,
				Want:     `7`,
			},
		},
	})
}

func acknowledge(r command.Result, s command.Spec) command.Definition {
	return command.Definition{
		Spec:    s,
		Command: command.Func(func(context.Context, command.Call) (command.Result, error) { return r, nil }),
	}
}

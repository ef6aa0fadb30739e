package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
)

// exit ends the run successfully.
func exit() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "exit",
			Summary: "Ends the run here, successfully, with the body as it is.",
			Examples: []command.Example{
				{
					Title:    "what follows is not done",
					Pipeline: "pipeline:\n  - exit\n  - set: never\n",
					Body:     `1`,
					Want:     `1`,
				},
				{
					Title:    "under a condition",
					Pipeline: "pipeline:\n  - exit:\n      if: ${body.test == true}\n  - set: real\n",
					Body:     `{"test":false}`,
					Want:     `"real"`,
				},
			},
		},
		Command: command.Func(func(context.Context, command.Call) (command.Result, error) {
			return command.Result{Exit: true}, nil
		}),
	}
}

package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// iamRunAs asks for another identity; whether the pipeline may have it is decided by who runs the pipeline.
func iamRunAs() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "iam.run.as",
			Summary: "Runs the following commands as another identity, which the pipeline must be allowed to act as.",
			Params: []command.Param{
				{Name: "username", Type: command.TypeText, Required: true, Literal: true, Summary: "Name of the identity, written out."},
			},
			Shorthand: "username",
			Examples: []command.Example{
				{
					Title:    "the short form",
					Pipeline: "pipeline:\n  - iam.run.as: systemuser\n  - set: ${context.identity}\n",
					Want:     `"systemuser"`,
				},
				{
					Title:    "an identity that does not exist",
					Pipeline: "pipeline:\n  - iam.run.as: {username: nobody}\n",
					WantCode: "iam.unknown",
				},
				{
					Title:    "an expression",
					Pipeline: "pipeline:\n  - iam.run.as: ${body.user}\n",
					Body:     `{"user":"systemuser"}`,
					WantCode: "command.type",
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			name, _ := call.Args["username"].(string)
			if name == "" {
				return command.Result{}, fault.New(fault.CommandType, "parameter %q must not be empty", "username")
			}
			return command.Result{RunAs: name}, nil
		}),
	}
}

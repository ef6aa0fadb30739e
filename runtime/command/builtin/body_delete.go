package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
)

// bodyDelete forgets the body.
func bodyDelete() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "body.delete",
			Aliases: []string{"dev.null"},
			Summary: "Drops the body.",
			Result:  "null.",
			Examples: []command.Example{
				{
					Title:    "nothing is left",
					Pipeline: "pipeline:\n  - body.delete\n",
					Body:     `{"large":"value"}`,
					Want:     `null`,
				},
				{
					Title:    "the other name",
					Pipeline: "pipeline:\n  - dev.null\n  - set: \"${body == null ? 'dropped' : 'there'}\"\n",
					Body:     `1`,
					Want:     `"dropped"`,
				},
			},
		},
		Command: command.Func(func(context.Context, command.Call) (command.Result, error) { return command.Value(nil), nil }),
	}
}

package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// varSet sets one variable of the run.
func varSet() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "var.set",
			Aliases: []string{"set.var"},
			Summary: "Sets a variable.",
			Params: []command.Param{
				{Name: "key", Type: command.TypeText, Required: true, Summary: "Name of the variable."},
				{Name: "value", Type: command.TypeAny, Required: true, Summary: "Its value."},
			},
			Examples: []command.Example{
				{
					Title:    "a number",
					Pipeline: "pipeline:\n  - var.set: {key: total, value: \"${body.price * body.count}\"}\n  - set: ${vars.total}\n",
					Body:     `{"price":3,"count":4}`,
					Want:     `12`,
				},
				{
					Title:    "the body stays",
					Pipeline: "pipeline:\n  - set.var:\n      key: seen\n      value: true\n",
					Body:     `"unchanged"`,
					Want:     `"unchanged"`,
				},
				{
					Title:    "an empty name",
					Pipeline: "pipeline:\n  - var.set: {key: \"\", value: 1}\n",
					WantCode: "command.type",
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			name, _ := call.Args["key"].(string)
			if name == "" {
				return command.Result{}, fault.New(fault.CommandType, "parameter %q must not be empty", "key")
			}
			return command.Result{SetVars: map[string]any{name: call.Args["value"]}}, nil
		}),
	}
}

package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// dataListLimit cuts a list.
func dataListLimit() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:      "data.list.limit",
			Summary:   "Cuts a list off behind its first items.",
			Params:    []command.Param{{Name: "maxLength", Type: command.TypeNumber, Required: true, Summary: "How many stay."}},
			Shorthand: "maxLength",
			Result:    "The first items.",
			Examples: []command.Example{
				{
					Title:    "the first two",
					Pipeline: "pipeline:\n  - data.list.limit: 2\n",
					Body:     `[1,2,3]`,
					Want:     `[1,2]`,
				},
				{
					Title:    "a shorter list",
					Pipeline: "pipeline:\n  - data.list.limit: {maxLength: 5}\n",
					Body:     `[1]`,
					Want:     `[1]`,
				},
				{
					Title:    "less than none",
					Pipeline: "pipeline:\n  - data.list.limit: -1\n",
					Body:     `[1]`,
					WantCode: "command.type",
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			list, err := items(call)
			if err != nil {
				return command.Result{}, err
			}
			most, isWhole := call.Args["maxLength"].(int)
			if !isWhole || most < 0 {
				return command.Result{}, fault.New(fault.CommandType, "parameter %q must be a whole number from 0", "maxLength")
			}
			most = min(most, len(list))
			return command.Value(list[:most:most]), nil
		}),
	}
}

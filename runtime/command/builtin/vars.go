package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// vars sets several variables at once.
func vars() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "vars",
			Summary: "Sets several variables; all values are made from what was before.",
			Params:  []command.Param{{Name: "set", Type: command.TypeMap, Required: true, Summary: "Values by name."}},
			Examples: []command.Example{
				{
					Title:    "two",
					Pipeline: "pipeline:\n  - vars:\n      set:\n        net: ${body.price * body.count}\n        currency: EUR\n  - set: \"${vars.net} ${vars.currency}\"\n",
					Body:     `{"price":3,"count":4}`,
					Want:     `"12 EUR"`,
				},
				{
					Title:    "exchanged",
					Pipeline: "vars: {a: 1, b: 2}\npipeline:\n  - vars: {set: {a: \"${vars.b}\", b: \"${vars.a}\"}}\n  - set: [\"${vars.a}\", \"${vars.b}\"]\n",
					Want:     `[2,1]`,
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			set, _ := call.Args["set"].(map[string]any)
			if _, unnamed := set[""]; unnamed {
				return command.Result{}, fault.New(fault.CommandType, "parameter %q holds an empty name", "set")
			}
			return command.Result{SetVars: set}, nil
		}),
	}
}

package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
)

// set hands on a value, to the body or to where `output` says.
func set() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:      "set",
			Summary:   "Sets the body, or the place that output names, to a value.",
			Params:    []command.Param{{Name: "value", Type: command.TypeAny, Required: true, Summary: "The value; expressions in it are evaluated at any depth."}},
			Shorthand: "value",
			Result:    "The value.",
			Examples: []command.Example{
				{
					Title:    "a variable",
					Pipeline: "pipeline:\n  - set:\n      value: ${body.name}\n      output: vars.name\n  - set: \"Hello ${vars.name}\"\n",
					Body:     `{"name":"Ada"}`,
					Want:     `"Hello Ada"`,
				},
				{
					Title:    "a map with expressions",
					Pipeline: "pipeline:\n  - set:\n      value: {name: \"${body.name}\", tags: [new, \"${body.kind}\"]}\n",
					Body:     `{"name":"Ada","kind":"lead"}`,
					Want:     `{"name":"Ada","tags":["new","lead"]}`,
				},
				{
					Title:    "no value",
					Pipeline: "pipeline:\n  - set\n",
					WantCode: "command.missing_param",
				},
			},
		},
		Command: command.Func(setValue),
	}
}

func setValue(_ context.Context, call command.Call) (command.Result, error) {
	return command.Value(call.Args["value"]), nil
}

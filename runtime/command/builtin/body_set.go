package builtin

import "github.com/penstock/penstock/runtime/command"

// bodySet hands on a value, null when none is given.
func bodySet() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:      "body.set",
			Aliases:   []string{"set.body"},
			Summary:   "Sets the body to a value.",
			Params:    []command.Param{{Name: "value", Type: command.TypeAny, Summary: "The value; without it the body becomes null."}},
			Shorthand: "value",
			Result:    "The value.",
			Examples: []command.Example{
				{
					Title:    "a text",
					Pipeline: "pipeline:\n  - body.set: \"${body.first} ${body.last}\"\n",
					Body:     `{"first":"Ada","last":"Lovelace"}`,
					Want:     `"Ada Lovelace"`,
				},
				{
					Title:    "null",
					Pipeline: "pipeline:\n  - set.body\n",
					Body:     `"text"`,
					Want:     `null`,
				},
			},
		},
		Command: command.Func(setValue),
	}
}

package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
)

// dataEnrich evaluates expressions on the body.
func dataEnrich(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "data.enrich",
			Summary: "Makes a value of the body by expressions in which it is called input.",
			Params: []command.Param{
				{Name: "do", Type: command.TypeText, Required: true, Literal: true, Summary: "The expression, without ${}; of several with ; between them the last one counts."},
			},
			Shorthand: "do",
			Result:    "What the expression gives.",
			Examples: []command.Example{
				{
					Title:    "one field more",
					Pipeline: "pipeline:\n  - data.enrich:\n      do: \"@data.set(input, 'total', input.price * input.count)\"\n",
					Body:     `{"price":3,"count":4}`,
					Want:     `{"price":3,"count":4,"total":12}`,
				},
				{
					Title:    "of a variable",
					Pipeline: "vars: {order: {items: [1, 2]}}\npipeline:\n  - data.enrich: {input: \"${vars.order}\", do: \"input.items.size()\"}\n",
					Want:     `2`,
				},
				{
					Title:    "no expression",
					Pipeline: "pipeline:\n  - data.enrich: {do: \"input +\"}\n",
					WantCode: "expr.syntax",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			f, err := formulaOf(d, call, "do", ";", "input")
			if err != nil {
				return command.Result{}, err
			}
			env := envOf(call)
			env["input"] = call.Body
			v, err := f.value(ctx, env)
			return command.Value(v), err
		}),
	}
}

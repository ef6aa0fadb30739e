package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
)

func itemParam() command.Param {
	return command.Param{Name: "iterItemName", Type: command.TypeText, Default: "item", Literal: true, Summary: "What the expression calls an item."}
}

// dataListFilter leaves items out.
func dataListFilter(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "data.list.filter",
			Summary: "Leaves the items of a list out for which a condition holds.",
			Params: []command.Param{
				{Name: "exclude", Type: command.TypeText, Required: true, Literal: true, Summary: "The condition, without ${}."},
				itemParam(),
			},
			Shorthand: "exclude",
			Result:    "The other items.",
			Examples: []command.Example{
				{
					Title:    "cheap ones",
					Pipeline: "pipeline:\n  - data.list.filter:\n      exclude: item.price < 10\n",
					Body:     `[{"price":5},{"price":20}]`,
					Want:     `[{"price":20}]`,
				},
				{
					Title:    "another name, another list",
					Pipeline: "vars: {words: [a, b, a], drop: a}\npipeline:\n  - data.list.filter: {input: \"${vars.words}\", exclude: word == vars.drop, iterItemName: word}\n",
					Want:     `["b"]`,
				},
				{
					Title:    "no list",
					Pipeline: "pipeline:\n  - data.list.filter: \"true\"\n",
					Body:     `{"price":5}`,
					WantCode: "command.type",
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			list, err := items(call)
			if err != nil {
				return command.Result{}, err
			}
			name, _ := call.Args["iterItemName"].(string)
			f, err := formulaOf(d, call, "exclude", "", name)
			if err != nil {
				return command.Result{}, err
			}
			env, kept := envOf(call), []any{}
			for _, item := range list {
				env[name] = item
				out, err := f.holds(ctx, env)
				if err != nil {
					return command.Result{}, err
				}
				if !out {
					kept = append(kept, item)
				}
			}
			return command.Value(kept), nil
		}),
	}
}

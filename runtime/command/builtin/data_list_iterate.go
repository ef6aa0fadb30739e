package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// maxRounds is how many pairs of items a command looks at.
const maxRounds = 1_000_000

// dataListIterate makes a list of a list, or of each pair of two.
func dataListIterate(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "data.list.iterate",
			Summary: "Makes a list of what expressions give for each item of a list, or for each pair of items of two lists.",
			Params: []command.Param{
				{Name: "do", Type: command.TypeText, Required: true, Literal: true, Summary: "The expression, without ${}; of several with ; between them the last one counts."},
				{Name: "where", Type: command.TypeText, Literal: true, Summary: "Only items, or pairs, for which this condition holds."},
				{Name: "listA", Type: command.TypeList, Summary: "With listB: the first of two lists, whose items are called itemA; default is the body."},
				{Name: "listB", Type: command.TypeList, Summary: "The second of two lists, whose items are called itemB."},
				itemParam(),
			},
			Shorthand: "do",
			Result:    "The list.",
			Examples: []command.Example{
				{
					Title:    "names",
					Pipeline: "pipeline:\n  - data.list.iterate:\n      where: item.age >= 18\n      do: \"@text.upperCase(item.name)\"\n",
					Body:     `[{"name":"Ann","age":30},{"name":"Bob","age":7}]`,
					Want:     `["ANN"]`,
				},
				{
					Title:    "two lists joined",
					Pipeline: "vars: {rates: [{of: EUR, rate: 2}]}\npipeline:\n  - data.list.iterate:\n      listB: ${vars.rates}\n      where: itemA.currency == itemB.of\n      do: itemA.price * itemB.rate\n",
					Body:     `[{"price":3,"currency":"EUR"},{"price":5,"currency":"USD"}]`,
					Want:     `[6]`,
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			return iterate(ctx, d, call)
		}),
	}
}

func iterate(ctx context.Context, d Deps, call command.Call) (command.Result, error) {
	second, pairs := call.Args["listB"].([]any)
	if first, given := call.Args["listA"]; given {
		call.Body = first
	}
	list, err := items(call)
	if err != nil {
		return command.Result{}, err
	}
	name, _ := call.Args["iterItemName"].(string)
	names := []string{name}
	if pairs {
		names = []string{"itemA", "itemB"}
	} else {
		second = []any{nil}
	}
	if len(list)*len(second) > maxRounds {
		return command.Result{}, fault.New(fault.PipelineLimit, "the lists have more than %d pairs", maxRounds)
	}
	do, err := formulaOf(d, call, "do", ";", names...)
	if err != nil {
		return command.Result{}, err
	}
	var where formula
	if _, given := call.Args["where"]; given {
		if where, err = formulaOf(d, call, "where", "", names...); err != nil {
			return command.Result{}, err
		}
	}
	out, size, env := []any{}, made{}, envOf(call)
	for _, a := range list {
		for _, b := range second {
			env[names[0]] = a
			if pairs {
				env[names[1]] = b
			}
			v, taken, err := round(ctx, env, where, do)
			if err != nil {
				return command.Result{}, err
			}
			if !taken {
				continue
			}
			if err := size.add(v); err != nil {
				return command.Result{}, err
			}
			out = append(out, v)
		}
	}
	return command.Value(out), nil
}

func round(ctx context.Context, env expr.Env, where, do formula) (v any, taken bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	if len(where.programs) > 0 {
		if holds, err := where.holds(ctx, env); err != nil || !holds {
			return nil, false, err
		}
	}
	v, err = do.value(ctx, env)
	return v, err == nil, err
}

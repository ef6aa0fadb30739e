package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// datetime tells the time.
func datetime(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:      "datetime",
			Summary:   "Tells the time.",
			Params:    []command.Param{{Name: "format", Type: command.TypeText, Summary: "A date pattern such as dd.MM.yyyy HH:mm; default is ISO 8601."}},
			Shorthand: "format",
			Result:    "The time as text, in UTC.",
			Errors:    []fault.Code{fault.ExprEval},
			Examples: []command.Example{
				{
					Title:    "a pattern",
					Pipeline: "pipeline:\n  - datetime: dd.MM.yyyy HH:mm\n",
					Want:     `"02.01.2026 03:04"`,
				},
				{
					Title:    "ISO 8601",
					Pipeline: "pipeline:\n  - datetime\n",
					Want:     `"2026-01-02T03:04:05.000Z"`,
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Language == nil {
				return command.Result{}, missing("language")
			}
			source := "@date.now()"
			format, _ := call.Args["format"].(string)
			if format != "" {
				source = "@date.now(format)"
			}
			p, err := d.Language.CompileWith(source, "format")
			if err != nil {
				return command.Result{}, err
			}
			v, err := p.Eval(ctx, expr.Env{"format": format})
			if err != nil {
				return command.Result{}, fault.Wrap(fault.CodeOf(err), err, "writing the time")
			}
			return command.Value(v), nil
		}),
	}
}

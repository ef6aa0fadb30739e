package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// resultComplete sets what a polling caller gets. The first one wins; later ones are no error.
func resultComplete(d Deps) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "result.complete",
			Summary: "Completes the result that a caller polls for; only the first completion counts.",
			Params: []command.Param{
				{Name: "correlationId", Type: command.TypeText, Summary: "Correlation id; default is that of the event that started the run."},
				{Name: "value", Type: command.TypeAny, Summary: "The result; default is the body."},
			},
			Effect: true,
			Examples: []command.Example{
				{
					Title:    "the body",
					Pipeline: "pipeline:\n  - set: \"Hello ${body.name}\"\n  - result.complete\n",
					Body:     `{"name":"Ada"}`,
					Want:     `"Hello Ada"`,
				},
				{
					Title:    "a value",
					Pipeline: "pipeline:\n  - result.complete:\n      correlationId: 0192f0c4-0000-7000-8000-000000000000\n      value: {status: done}\n",
					Body:     `1`,
					Want:     `1`,
				},
			},
		},
		Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
			if d.Results == nil {
				return command.Result{}, missing("result store")
			}
			id, _ := call.Args["correlationId"].(string)
			if id == "" {
				id = call.Event.CorrelationID
			}
			if id == "" {
				return command.Result{}, fault.New(fault.CommandMissing, "parameter %q is missing", "correlationId").
					WithHint("no event started this run, so there is no default")
			}
			v, given := call.Args["value"]
			if !given {
				v = call.Body
			}
			text, err := value.AppendJSON(nil, v)
			if err != nil {
				return command.Result{}, fault.Wrap(fault.CommandType, err, "encoding the result")
			}
			_, err = d.Results.CompleteResult(ctx, id, text, d.Now())
			return command.Result{}, err
		}),
	}
}

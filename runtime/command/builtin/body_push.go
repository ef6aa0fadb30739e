package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// maxStack is how many bodies a stack holds.
const maxStack = 1000

func stackParam() []command.Param {
	return []command.Param{{Name: "var", Type: command.TypeText, Default: "bodyStack", Summary: "Name of the variable that holds the stack."}}
}

// bodyPush puts the body aside.
func bodyPush() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:      "body.push",
			Summary:   "Puts the body aside, on a stack in a variable. It stays the body too.",
			Params:    stackParam(),
			Shorthand: "var",
			Examples: []command.Example{
				{
					Title:    "aside and back",
					Pipeline: "pipeline:\n  - body.push\n  - set: something else\n  - body.pop\n",
					Body:     `{"id":7}`,
					Want:     `{"id":7}`,
				},
				{
					Title:    "two stacks",
					Pipeline: "pipeline:\n  - body.push: a\n  - set: 2\n  - body.push: b\n  - set: \"${vars.a.size() + vars.b.size()}\"\n",
					Body:     `1`,
					Want:     `2`,
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			name, stack, err := stackOf(call)
			if err != nil {
				return command.Result{}, err
			}
			if len(stack) == maxStack {
				return command.Result{}, fault.New(fault.PipelineLimit, "a stack holds %d bodies at most", maxStack)
			}
			grown := make([]any, len(stack), len(stack)+1)
			copy(grown, stack)
			return command.Result{SetVars: map[string]any{name: append(grown, call.Body)}}, nil
		}),
	}
}

// bodyPop takes the last body from the stack.
func bodyPop() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:      "body.pop",
			Summary:   "Takes the body back that was put aside last.",
			Params:    stackParam(),
			Shorthand: "var",
			Result:    "That body; null when the stack is empty.",
			Examples: []command.Example{
				{
					Title:    "the last comes first",
					Pipeline: "pipeline:\n  - body.push\n  - set: 2\n  - body.push\n  - body.pop\n  - body.pop\n",
					Body:     `1`,
					Want:     `1`,
				},
				{
					Title:    "an empty stack",
					Pipeline: "pipeline:\n  - body.pop\n",
					Body:     `1`,
					Want:     `null`,
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			name, stack, err := stackOf(call)
			if err != nil || len(stack) == 0 {
				return command.Value(nil), err
			}
			last := len(stack) - 1
			return command.Result{Value: stack[last], HasValue: true, SetVars: map[string]any{name: stack[:last:last]}}, nil
		}),
	}
}

// bodyPeek reads the last body of the stack.
func bodyPeek() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:      "body.peek",
			Summary:   "Reads the body that was put aside last, and leaves it there.",
			Params:    stackParam(),
			Shorthand: "var",
			Result:    "That body; null when the stack is empty.",
			Examples: []command.Example{
				{
					Title:    "twice the same",
					Pipeline: "pipeline:\n  - body.push\n  - set: 2\n  - body.peek\n  - set: ${body + 1}\n  - body.peek\n",
					Body:     `1`,
					Want:     `1`,
				},
				{
					Title:    "an empty stack",
					Pipeline: "pipeline:\n  - body.peek\n",
					Body:     `1`,
					Want:     `null`,
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			_, stack, err := stackOf(call)
			if err != nil || len(stack) == 0 {
				return command.Value(nil), err
			}
			return command.Value(stack[len(stack)-1]), nil
		}),
	}
}

// stackOf finds the stack. Values of variables are never changed.
func stackOf(call command.Call) (name string, stack []any, err error) {
	name, _ = call.Args["var"].(string)
	if name == "" {
		return "", nil, fault.New(fault.CommandType, "parameter %q must not be empty", "var")
	}
	kept := call.Vars[name]
	stack, isList := kept.([]any)
	if kept != nil && !isList {
		return "", nil, fault.New(fault.CommandType, "the variable of parameter %q is no stack", "var")
	}
	return name, stack, nil
}

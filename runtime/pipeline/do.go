package pipeline

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
)

// group is the body of do: commands that share a condition and a policy for failures.
type group struct{ do list }

func (g *group) inside() []*list     { return []*list{&g.do} }
func (g *group) sound(f *frame) bool { return true }

func (g *group) exec(ctx context.Context, x *execution, _ *block, f *frame) (signal, *thrown) {
	f.list = 1
	return x.list(ctx, &g.do)
}

func doSpec() command.Spec {
	return command.Spec{
		Name:      "do",
		Summary:   "Executes commands as one: with one condition, one onError, one retry. An except or finally among them is for them alone.",
		Params:    []command.Param{{Name: "do", Type: command.TypeList, Required: true, Summary: "The commands."}},
		Shorthand: "do",
		Examples: []command.Example{
			{
				Title:    "an except for some commands only",
				Pipeline: "pipeline:\n  - do:\n      - error: {message: no stock, type: stock.empty}\n      - except: {type: stock.empty}\n      - set: ordered\n  - set: \"${body}, then sent\"\n",
				Want:     `"ordered, then sent"`,
			},
			{
				Title:    "one policy",
				Pipeline: "pipeline:\n  - do:\n      onError: IGNORE\n      do:\n        - set: half\n        - error: stop\n        - set: whole\n",
				Want:     `"half"`,
			},
		},
	}
}

func (c *compiler) doPart(e *entry) part {
	b, _ := c.block(e, takes{})
	b.body = &group{do: c.inner(e.lists["do"], nil)}
	return b
}

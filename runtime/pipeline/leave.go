package pipeline

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// leave is break or continue.
type leave struct{ signal signal }

func (l leave) do(context.Context, *execution, *step) (signal, error) { return l.signal, nil }

func breakSpec() command.Spec {
	return command.Spec{
		Name:    "break",
		Summary: "Leaves the innermost loop.",
		Examples: []command.Example{
			{
				Title:    "the first that is large enough",
				Pipeline: "pipeline:\n  - foreach:\n      in: [3, 8, 12]\n      as: n\n      do:\n        - set: ${vars.n}\n        - break:\n            if: ${vars.n > 5}\n",
				Want:     `8`,
			},
			{
				Title:    "outside of a loop",
				Pipeline: "pipeline:\n  - break\n",
				WantCode: "pipeline.invalid",
			},
		},
	}
}

func continueSpec() command.Spec {
	return command.Spec{
		Name:    "continue",
		Summary: "Goes on with the next round of the innermost loop.",
		Examples: []command.Example{
			{
				Title:    "without the odd ones",
				Pipeline: "body: \"\"\npipeline:\n  - foreach: {in: \"a,b,c,d\", as: n}\n  - continue: {if: \"${vars.loop.n.even}\"}\n  - set: ${body}${vars.n}\n  - foreach.end\n",
				Want:     `"bd"`,
			},
			{
				Title:    "outside of a loop",
				Pipeline: "pipeline:\n  - continue\n",
				WantCode: "pipeline.invalid",
			},
		},
	}
}

func (c *compiler) leavePart(e *entry) part {
	s, _ := c.flowStep(e, takes{})
	s.act = leave{map[string]signal{"break": broke, "continue": continued}[e.command]}
	switch {
	case c.around.finally:
		c.faults.add(fault.PipelineInvalid, e.line, e.col, "%s cannot leave a finally", e.command)
	case !c.around.loop:
		c.faults.add(fault.PipelineInvalid, e.line, e.col, "%s stands in no loop", e.command).hint("it belongs into a foreach or while")
	}
	return s
}

// inLoop is what changes inside of a loop.
func inLoop(a *around) { a.loop, a.finally = true, false }

package pipeline

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
)

// evaluation is the command eval: expressions that are evaluated for what they refuse.
type evaluation struct{ expressions []operand }

func (a *evaluation) do(ctx context.Context, x *execution, _ *step) (signal, error) {
	for _, e := range a.expressions {
		if _, err := e.eval(ctx, x.env); err != nil {
			return goOn, err
		}
	}
	return goOn, nil
}

func evalSpec() command.Spec {
	return command.Spec{
		Name:    "eval",
		Summary: "Evaluates expressions and drops what they give; the step fails when one of them does.",
		Params: []command.Param{
			{Name: "expr", Type: command.TypeAny, Required: true, Summary: "An expression, or a list of them, with or without ${...}."},
		},
		Shorthand: "expr",
		Examples: []command.Example{
			{
				Title:    "one",
				Pipeline: "pipeline:\n  - eval: \"@convert.toInteger(body.total)\"\n",
				Body:     `{"total":"12"}`,
				Want:     `{"total":"12"}`,
			},
			{
				Title:    "one of a list fails",
				Pipeline: "pipeline:\n  - eval: [body.total, body.customer.name]\n",
				Body:     `{"total":12}`,
				WantCode: "expr.eval",
			},
		},
	}
}

func (c *compiler) evalPart(e *entry) part {
	s, p := c.flowStep(e, takes{policy: true})
	a := &evaluation{}
	s.act = a
	n, given := p.get("expr")
	if !given {
		return s
	}
	items := []*node{n}
	if n.kind == listNode {
		items = n.items
	}
	for _, item := range items {
		a.expressions = append(a.expressions, c.bare(item))
	}
	return s
}

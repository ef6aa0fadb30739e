package pipeline

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// longestMessage is how much of an author's message is kept, in bytes.
const longestMessage = 1000

// raise is the command error.
type raise struct {
	message operand
	kind    operand
}

func (r *raise) do(ctx context.Context, x *execution, s *step) (signal, error) {
	message, err := r.message.eval(ctx, x.env)
	if err != nil {
		return goOn, err
	}
	kind, err := r.kind.eval(ctx, x.env)
	if err != nil {
		return goOn, err
	}
	return goOn, &raised{err: fault.New(fault.PipelineRaised, "%s", shorten(expr.Text(message))), kind: shorten(expr.Text(kind))}
}

func shorten(text string) string {
	if len(text) <= longestMessage {
		return text
	}
	cut := longestMessage
	for cut > 0 && text[cut]&0xc0 == 0x80 {
		cut--
	}
	return text[:cut] + "..."
}

func errorSpec() command.Spec {
	return command.Spec{
		Name:    "error",
		Summary: "Fails, with a message of the author's.",
		Params: []command.Param{
			{Name: "message", Type: command.TypeAny, Required: true, Summary: "What is wrong."},
			{Name: "type", Type: command.TypeAny, Summary: "Name for except and retry, such as order.unknown."},
		},
		Shorthand: "message",
		Examples: []command.Example{
			{
				Title:    "a message",
				Pipeline: "pipeline:\n  - error: no order ${body.id}\n",
				Body:     `{"id":7}`,
				WantCode: "pipeline.error",
			},
			{
				Title:    "a name for it",
				Pipeline: "pipeline:\n  - error: {message: no order, type: order.unknown}\n  - except: {type: order.*}\n  - set: ${exception.type}\n",
				Want:     `"order.unknown"`,
			},
		},
	}
}

func (c *compiler) errorPart(e *entry) part {
	s, p := c.flowStep(e, takes{policy: true})
	r := &raise{}
	s.act = r
	if n, given := p.get("message"); given {
		r.message = c.operand(n)
	}
	if n, given := p.get("type"); given {
		r.kind = c.operand(n)
	}
	return s
}

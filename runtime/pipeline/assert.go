package pipeline

import (
	"context"
	"slices"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// assertion is the command assert: conditions and pairs of values, all of which must hold.
type assertion struct {
	checks  []check
	message *operand
}

// check is one of an assertion's demands.
type check struct {
	name  string   // of the parameter
	a     operand  // a condition, or a value
	b     *operand // that a must equal; nil for a condition
	holds bool     // what the condition must be
}

func (a *assertion) do(ctx context.Context, x *execution, s *step) (signal, error) {
	for i := range a.checks {
		ch := &a.checks[i]
		ok, err := ch.met(ctx, x)
		if err != nil {
			return goOn, err
		}
		if ok {
			continue
		}
		text := "the assertion " + `"` + ch.name + `" does not hold`
		if a.message != nil {
			v, err := a.message.eval(ctx, x.env)
			if err != nil {
				return goOn, err
			}
			text = shorten(expr.Text(v))
		}
		return goOn, fault.New(fault.PipelineAssert, "%s", text)
	}
	return goOn, nil
}

func (ch *check) met(ctx context.Context, x *execution) (bool, error) {
	a, err := ch.a.eval(ctx, x.env)
	if err != nil || ch.b == nil {
		return expr.Truthy(a) == ch.holds, err
	}
	b, err := ch.b.eval(ctx, x.env)
	return err == nil && equal(a, b), err
}

// equal compares as == does in expressions: by value, whatever the form of a number.
func equal(a, b any) bool {
	left, err := value.AppendJSON(nil, a)
	if err != nil {
		return false
	}
	right, err := value.AppendJSON(nil, b)
	return err == nil && slices.Equal(left, right)
}

func assertSpec() command.Spec {
	return command.Spec{
		Name:    "assert",
		Summary: "Fails unless everything that it is given holds.",
		Params: []command.Param{
			{Name: "true", Type: command.TypeAny, Summary: "A condition that must hold."},
			{Name: "false", Type: command.TypeAny, Summary: "A condition that must not hold."},
			{Name: "expect", Type: command.TypeAny, Summary: "A value that actual must equal."},
			{Name: "actual", Type: command.TypeAny, Summary: "The value that expect is compared with; default is the body."},
			{Name: "equals", Type: command.TypeAny, Summary: "A value that value must equal."},
			{Name: "value", Type: command.TypeAny, Summary: "The value that equals is compared with; default is the body."},
			{Name: "body.equals", Type: command.TypeAny, Summary: "A value that the body must equal."},
			{Name: "message", Type: command.TypeAny, Summary: "What is said when it fails."},
		},
		Shorthand: "true",
		Examples: []command.Example{
			{
				Title:    "it holds",
				Pipeline: "pipeline:\n  - assert:\n      true: ${body.total > 0}\n      expect: EUR\n      actual: ${body.currency}\n",
				Body:     `{"total":5,"currency":"EUR"}`,
				Want:     `{"total":5,"currency":"EUR"}`,
			},
			{
				Title:    "it does not",
				Pipeline: "pipeline:\n  - assert: {body.equals: [1, 2], message: not the list}\n",
				Body:     `[1]`,
				WantCode: "pipeline.assert",
			},
		},
	}
}

func (c *compiler) assertPart(e *entry) part {
	s, p := c.flowStep(e, takes{policy: true})
	a := &assertion{}
	s.act = a
	pair := func(name, with string) {
		n, given := p.get(name)
		other, also := p.get(with)
		switch {
		case given:
			b := c.operand(n)
			ch := check{name: name, a: c.theBody(), b: &b}
			if also {
				ch.a = c.operand(other)
			}
			a.checks = append(a.checks, ch)
		case also:
			c.faults.add(fault.CommandMissing, other.line, other.col, "parameter %q needs %q beside it", with, name)
		}
	}
	if n, given := p.get("true"); given {
		a.checks = append(a.checks, check{name: "true", a: c.condition(n), holds: true})
	}
	if n, given := p.get("false"); given {
		a.checks = append(a.checks, check{name: "false", a: c.condition(n)})
	}
	pair("expect", "actual")
	pair("equals", "value")
	if n, given := p.get("body.equals"); given {
		b := c.operand(n)
		a.checks = append(a.checks, check{name: "body.equals", a: c.theBody(), b: &b})
	}
	if n, given := p.get("message"); given {
		o := c.operand(n)
		a.message = &o
	}
	if len(a.checks) == 0 {
		c.faults.add(fault.CommandMissing, e.line, e.col, "assert has nothing to check").hint("write for example true: ${body.total > 0}")
	}
	return s
}

// bodyValue evaluates to the body.
type bodyValue struct{}

func (bodyValue) eval(_ context.Context, env expr.Env) (any, error) { return env["body"], nil }

func (c *compiler) theBody() operand { return operand{dynamic: bodyValue{}} }

package pipeline

import (
	"context"
	"slices"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// choice is the body of an if, and of a switch with cases: the first list whose condition holds is executed.
type choice struct {
	conditions []operand
	cases      []*list // one for each condition
}

func (ch *choice) inside() []*list     { return ch.cases }
func (ch *choice) sound(f *frame) bool { return true }

func (ch *choice) exec(ctx context.Context, x *execution, b *block, f *frame) (signal, *thrown) {
	for i := 0; f.list == 0 && i < len(ch.cases); i++ {
		holds, err := x.decides(ctx, ch.conditions[i])
		if err != nil {
			return goOn, x.throw(ctx, &b.head, err)
		}
		if holds {
			f.list = i + 1
		}
	}
	if f.list == 0 {
		return goOn, nil
	}
	return x.list(ctx, ch.cases[f.list-1])
}

// exhaustive reports whether one of the cases is always executed.
func (ch *choice) exhaustive() bool {
	return slices.ContainsFunc(ch.conditions, func(o operand) bool { return o.dynamic == nil && o.constant == true })
}

func (ch *choice) add(condition operand, l list) {
	ch.conditions, ch.cases = append(ch.conditions, condition), append(ch.cases, &l)
}

func ifSpec() command.Spec {
	return command.Spec{
		Name:    "if",
		Summary: "Executes the commands inside when a condition holds, else those behind if.else.",
		Params: []command.Param{
			{Name: "true", Type: command.TypeAny, Required: true, Aliases: []string{"condition"}, Summary: "The condition."},
			{Name: "then", Type: command.TypeList, Summary: "Commands for when it holds; without them, those up to if.else or if.end."},
			{Name: "else", Type: command.TypeList, Summary: "Commands for when it does not."},
		},
		Shorthand: "true",
		Examples: []command.Example{
			{
				Title:    "one after the other",
				Pipeline: "pipeline:\n  - if: ${body.total > 100}\n  - set: large\n  - if.else\n  - set: small\n  - if.end\n",
				Body:     `{"total":250}`,
				Want:     `"large"`,
			},
			{
				Title:    "the same, nested",
				Pipeline: "pipeline:\n  - if:\n      true: ${body.total > 100}\n      then:\n        - set: large\n      else:\n        - set: small\n",
				Body:     `{"total":7}`,
				Want:     `"small"`,
			},
		},
	}
}

func (c *compiler) ifPart(e *entry) part {
	b, p := c.block(e, takes{})
	ch := &choice{}
	b.body = ch
	condition := operand{constant: false}
	if n, given := p.get("true"); given {
		condition = c.condition(n)
	}
	if _, given := e.lists["then"]; !given && e.lists["else"] != nil {
		c.faults.add(fault.CommandMissing, e.line, e.col, `if: parameter "then" is missing`)
	}
	ch.add(condition, c.inner(e.lists["then"], nil))
	if inside := e.lists["else"]; inside != nil {
		ch.add(operand{constant: true}, c.inner(inside, nil))
	}
	return b
}

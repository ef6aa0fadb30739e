package pipeline

import (
	"context"
	"strconv"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// The bounds of while.
const (
	standardRounds = 1000
	mostRounds     = 1_000_000
)

// while executes its list as long as a condition holds.
type while struct {
	condition operand
	max       int
	do        list
}

func (l *while) inside() []*list     { return []*list{&l.do} }
func (l *while) sound(f *frame) bool { return f.round <= l.max }

func (l *while) exec(ctx context.Context, x *execution, b *block, f *frame) (signal, *thrown) {
	f.list = 1
	path := x.path
	defer func() { x.setPath(path) }()
	for ; ; f.round, f.index, f.begun = f.round+1, 0, false {
		x.setPath(path + "[" + strconv.Itoa(f.round) + "]")
		if !f.begun {
			if !x.spend() {
				return goOn, x.exhausted(ctx, &b.head)
			}
			holds, err := l.holds(ctx, x, f.round)
			if err != nil {
				x.setPath(path)
				return goOn, x.throw(ctx, &b.head, err)
			}
			if !holds {
				return goOn, nil
			}
			f.begun = true
		}
		sig, t := x.list(ctx, &l.do)
		switch {
		case t != nil || sig == exited || sig == paused:
			return sig, t
		case sig == broke:
			return goOn, nil
		}
	}
}

func (l *while) holds(ctx context.Context, x *execution, round int) (bool, error) {
	if ctx.Err() != nil {
		return false, canceled(ctx)
	}
	v, err := l.condition.eval(ctx, x.env)
	if err != nil || !expr.Truthy(v) {
		return false, err
	}
	if round >= l.max {
		return false, fault.New(fault.PipelineLimit, "the condition still holds after %d rounds", l.max).
			WithHint(`leave the loop with break, or raise its "max"`)
	}
	return true, nil
}

func whileSpec() command.Spec {
	return command.Spec{
		Name:    "while",
		Summary: "Executes the commands inside as long as a condition holds.",
		Params: []command.Param{
			{Name: "true", Type: command.TypeAny, Required: true, Aliases: []string{"condition"}, Summary: "The condition, evaluated before every round."},
			{Name: "max", Type: command.TypeNumber, Default: standardRounds, Literal: true, Summary: "After so many rounds the step fails with pipeline.limit."},
			{Name: "do", Type: command.TypeList, Summary: "The commands; without them, those up to while.end."},
		},
		Shorthand: "true",
		Examples: []command.Example{
			{
				Title:    "a countdown",
				Pipeline: "pipeline:\n  - while: ${body > 3}\n  - set: ${body - 1}\n  - while.end\n",
				Body:     `10`,
				Want:     `3`,
			},
			{
				Title:    "a bound",
				Pipeline: "pipeline:\n  - while:\n      true: true\n      max: 5\n      do:\n        - set: ${body + 1}\n",
				Body:     `1`,
				WantCode: "pipeline.limit",
			},
		},
	}
}

func (c *compiler) whilePart(e *entry) part {
	b, p := c.block(e, takes{})
	l := &while{max: standardRounds}
	b.body = l
	if n, given := p.get("true"); given {
		l.condition = c.condition(n)
	}
	if n, given := p.get("max"); given {
		most, ok := c.literal(&p, "max").(int)
		if !ok || most < 1 || most > mostRounds {
			c.faults.add(fault.CommandType, n.line, n.col, `parameter "max" must be a number from 1 to %d`, mostRounds)
		}
		l.max = most
	}
	l.do = c.inner(e.lists["do"], inLoop)
	return b
}

package pipeline

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// longestPause is how long a run may wait at one command.
const longestPause = 366 * 24 * time.Hour

// pause is the command wait.
type pause struct {
	length operand
	until  *operand // a time instead of a length; nil = none
}

func (p *pause) do(ctx context.Context, x *execution, s *step) (signal, error) {
	now := x.in.Now()
	end, err := p.end(ctx, x, now)
	if err != nil {
		return goOn, err
	}
	if end.Sub(now) > longestPause {
		return goOn, fault.New(fault.PipelineLimit, "a wait must not be longer than %d days", longestPause/(24*time.Hour))
	}
	return x.waitAt(ctx, &s.head, 0, end)
}

func (p *pause) end(ctx context.Context, x *execution, now time.Time) (time.Time, error) {
	if p.until == nil {
		v, err := p.length.eval(ctx, x.env)
		if err != nil {
			return now, err
		}
		d, ok := command.ParseDuration(v)
		if !ok {
			param := command.Param{Name: "ms", Type: command.TypeDuration}
			_, err := param.Check(false)
			return now, err
		}
		return now.Add(d), nil
	}
	v, err := p.until.eval(ctx, x.env)
	if err != nil {
		return now, err
	}
	switch v := v.(type) {
	case string:
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			return t, nil
		}
	case int:
		return time.UnixMilli(int64(v)), nil
	}
	return now, fault.New(fault.CommandType, `parameter "until" must be a time`).
		WithHint("write it as 2026-01-31T08:00:00Z, or as milliseconds since 1970")
}

func waitSpec() command.Spec {
	return command.Spec{
		Name:    "wait",
		Summary: "Waits. On a server a wait of more than a second takes no resources and survives a restart.",
		Params: []command.Param{
			{Name: "ms", Type: command.TypeDuration, Default: 100, Aliases: []string{"for"}, Summary: "How long: milliseconds, or a text with a unit such as 5m."},
			{Name: "until", Type: command.TypeAny, Summary: "Instead: a time such as 2026-01-31T08:00:00Z, or milliseconds since 1970. One that has passed waits for nothing."},
		},
		Shorthand: "ms",
		Examples: []command.Example{
			{
				Title:    "milliseconds",
				Pipeline: "pipeline:\n  - wait: 5\n  - set: done\n",
				Want:     `"done"`,
			},
			{
				Title:    "until a time",
				Pipeline: "pipeline:\n  - wait: {until: \"${body.remindAt}\"}\n",
				Body:     `{"remindAt":"2020-01-01T00:00:00Z"}`,
				Want:     `{"remindAt":"2020-01-01T00:00:00Z"}`,
			},
		},
	}
}

func (c *compiler) waitPart(e *entry) part {
	s, p := c.flowStep(e, takes{policy: true})
	act := &pause{length: operand{constant: 100}}
	s.act = act
	n, given := p.get("ms")
	if given {
		act.length = c.operand(n)
		if act.length.dynamic == nil {
			own, _ := p.spec.Param("ms")
			if _, err := own.Check(act.length.constant); err != nil {
				c.faults.addErr(err, n.line, n.col)
			}
		}
	}
	if until, also := p.get("until"); also {
		if given {
			c.faults.add(fault.PipelineInvalid, until.line, until.col, `"until" stands beside a length`).hint("keep one of them")
		}
		o := c.operand(until)
		act.until = &o
	}
	return s
}

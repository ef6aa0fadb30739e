package pipeline

import (
	"context"
	"slices"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

// except is passed over until something in front of it, in the same list, fails.
type except struct {
	head
	types    []string // names of failures; nil = all
	statuses []int    // of other systems' answers; nil = all
	drop     bool     // the failure ends here; else it goes on behind the commands
	do       list
}

func (e *except) lists() []*list { return []*list{&e.do} }

func (e *except) fits(path []frame) bool {
	f := &path[0]
	return f.part == e.command && f.list == 1 && f.thrown != nil && e.do.fits(f.index, path[1:])
}

// takes reports whether the failure is one for this except.
func (e *except) takes(t *thrown) bool {
	c := t.cause()
	return (e.types == nil || slices.ContainsFunc(e.types, c.is)) && (e.statuses == nil || slices.Contains(e.statuses, t.status))
}

func (e *except) run(ctx context.Context, x *execution) (signal, *thrown) {
	if len(x.pending) == 0 {
		return goOn, nil
	}
	return e.handle(ctx, x, nil)
}

// handle executes the commands for a failure; t is nil when the run goes on in them.
func (e *except) handle(ctx context.Context, x *execution, t *thrown) (signal, *thrown) {
	f, resumed := x.enter(&e.head)
	defer x.leave(f)
	if !resumed {
		f.list, f.thrown = 1, t
	}
	t = f.thrown
	defer x.showException(t)()
	x.setContext(&e.head)
	if !resumed && !e.always() {
		holds, err := x.decides(ctx, e.when)
		if err != nil {
			return goOn, x.failedHere(ctx, &e.head, err)
		}
		if !holds {
			return goOn, t
		}
	}
	rec, _ := x.record(&e.head)
	rec.Attempt = 1
	sig, failed := x.list(ctx, &e.do)
	x.ended(sig, failed)
	switch {
	case failed != nil:
		return goOn, failed
	case sig == goOn && e.after != nil:
		if _, err := e.after.eval(ctx, x.env); err != nil {
			return goOn, x.failedHere(ctx, &e.head, err)
		}
	}
	if sig == goOn && !e.drop {
		return goOn, t
	}
	return sig, nil
}

// failedHere makes and records a failure of a handler itself.
func (x *execution) failedHere(ctx context.Context, h *head, err error) *thrown {
	t := x.throw(ctx, h, err)
	rec, number := x.record(h)
	rec.Attempt, rec.Status, rec.Code, rec.Message = 1, run.StepFailed, string(t.err.Code), x.clean(t.told())
	x.ended(goOn, t)
	x.keepFailure(rec, number)
	return t
}

// showException lets expressions see a failure, until the function is called that it gives.
func (x *execution) showException(t *thrown) (hide func()) {
	if t == nil || !x.plan.mentions.exception {
		return func() {}
	}
	before := x.env["exception"]
	x.env["exception"] = x.exception(t)
	return func() { x.env["exception"] = before }
}

func exceptSpec() command.Spec {
	return command.Spec{
		Name:    "except",
		Summary: "Is executed when a command in front of it, in the same list or inside of it, failed. Then the run goes on behind it.",
		Params: []command.Param{
			{Name: "type", Type: command.TypeAny, Literal: true, Summary: "Which failures: a code, what an error command gave as its type, a beginning such as mail.*, or a list; default is all."},
			{Name: "responseStatusCode", Type: command.TypeAny, Literal: true, Summary: "Which failures: the HTTP status of another system's answer, or a list."},
			{Name: "drop", Type: command.TypeBoolean, Default: true, Literal: true, Summary: "The failure ends here; false lets it go on behind the commands."},
			{Name: "do", Type: command.TypeList, Summary: "The commands; without them, those up to except.end, the next except or finally, or the end of the list."},
		},
		Examples: []command.Example{
			{
				Title:    "one after the other",
				Pipeline: "pipeline:\n  - error: {message: no such customer, type: customer.unknown}\n  - set: never\n  - except: {type: customer.unknown}\n  - set: \"sorry: ${exception.message}\"\n  - except.end\n  - set: \"${body}!\"\n",
				Want:     `"sorry: no such customer!"`,
			},
			{
				Title:    "nested, and not for this failure",
				Pipeline: "pipeline:\n  - assert: {true: \"${body.paid}\"}\n  - except:\n      type: mail.*\n      do:\n        - set: never\n",
				Body:     `{"paid":false}`,
				WantCode: "pipeline.assert",
			},
		},
	}
}

func (c *compiler) exceptPart(e *entry) part {
	p := c.flow(e)
	part := &except{drop: true}
	c.begin(&part.head, e)
	c.common(&part.head, &p, takes{})
	if n, given := p.get("type"); given {
		part.types = c.failureNames(n, "type")
	}
	if n, given := p.get("responseStatusCode"); given {
		part.statuses = c.statuses(n)
	}
	if _, given := p.get("drop"); given {
		part.drop = c.truth(&p, "drop")
	}
	part.do = c.inner(e.lists["do"], nil)
	return part
}

// statuses reads HTTP status codes: a number, a list, or a text with commas.
func (c *compiler) statuses(n *node) []int {
	v := c.operand(n).constant
	if i, ok := v.(int); ok {
		v = []any{i}
	}
	param := command.Param{Name: "responseStatusCode", Type: command.TypeList}
	list, err := param.Check(v)
	if err != nil {
		c.faults.addErr(err, n.line, n.col)
	}
	out := []int{}
	items, _ := list.([]any)
	for _, item := range items {
		number := command.Param{Name: param.Name, Type: command.TypeNumber}
		i, err := number.Check(item)
		if status, ok := i.(int); err == nil && ok && status >= 100 && status <= 599 {
			out = append(out, status)
			continue
		}
		c.faults.add(fault.CommandType, n.line, n.col, "%s is not an HTTP status", short(expr.Text(item)))
	}
	return out
}

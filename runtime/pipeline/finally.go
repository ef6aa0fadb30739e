package pipeline

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/run"
)

// finally is the last part of its list. Its commands are executed however the list in front of it ends.
type finally struct {
	head
	first evaluator // an expression that is evaluated before them; nil = none
	drop  bool      // a failure ends here
	do    list
}

func (e *finally) lists() []*list { return []*list{&e.do} }

func (e *finally) fits(path []frame) bool {
	f := &path[0]
	return f.part == e.command && f.list == 1 && f.after <= exited && e.do.fits(f.index, path[1:])
}

func (e *finally) run(ctx context.Context, x *execution) (signal, *thrown) {
	return e.handle(ctx, x, goOn, nil)
}

// handle executes the commands behind a list that ended with sig or t.
func (e *finally) handle(ctx context.Context, x *execution, sig signal, t *thrown) (signal, *thrown) {
	f, resumed := x.enter(&e.head)
	defer x.leave(f)
	if !resumed {
		f.list, f.thrown, f.after = 1, t, sig
	}
	sig, t = f.after, f.thrown
	defer x.showException(t)()
	x.setContext(&e.head)
	if inner, failed := e.commands(ctx, x, resumed); failed != nil || inner == paused {
		return inner, failed
	}
	if t != nil && e.drop {
		return goOn, nil
	}
	return sig, t
}

func (e *finally) commands(ctx context.Context, x *execution, resumed bool) (signal, *thrown) {
	if !resumed {
		holds, err := x.decides(ctx, e.when)
		if err == nil && !holds {
			rec, _ := x.record(&e.head)
			rec.Status = run.StepSkipped
			x.ended(goOn, nil)
			return goOn, nil
		}
		if err == nil && e.first != nil {
			_, err = e.first.eval(ctx, x.env)
		}
		if err != nil {
			return goOn, x.failedHere(ctx, &e.head, err)
		}
	}
	rec, _ := x.record(&e.head)
	rec.Attempt = 1
	sig, t := x.list(ctx, &e.do)
	x.ended(sig, t)
	if t == nil && sig != paused && e.after != nil {
		if _, err := e.after.eval(ctx, x.env); err != nil {
			return goOn, x.failedHere(ctx, &e.head, err)
		}
	}
	return sig, t
}

func finallySpec() command.Spec {
	return command.Spec{
		Name:    "finally",
		Summary: "The commands inside are executed at the end of the list, also after exit and after a failure that is final.",
		Params: []command.Param{
			{Name: "do", Type: command.TypeAny, Summary: "The commands, or an expression; without commands, all that follow in the list."},
			{Name: "drop", Type: command.TypeBoolean, Default: false, Literal: true, Summary: "A failure ends here."},
		},
		Examples: []command.Example{
			{
				Title:    "all that follow",
				Pipeline: "pipeline:\n  - set: first\n  - exit\n  - set: never\n  - finally\n  - set: \"${body}, last\"\n",
				Want:     `"first, last"`,
			},
			{
				Title:    "nested, with a failure that ends here",
				Pipeline: "pipeline:\n  - error: stop\n  - finally:\n      drop: true\n      do:\n        - set: \"after ${exception.type}\"\n",
				Want:     `"after pipeline.error"`,
			},
		},
	}
}

func (c *compiler) finallyPart(e *entry) part {
	p := c.flow(e)
	part := &finally{}
	c.begin(&part.head, e)
	c.common(&part.head, &p, takes{})
	if n, given := p.get("do"); given && n.kind == scalarNode && !n.isNull() {
		part.first = c.bare(n).dynamic
	}
	part.drop = c.truth(&p, "drop")
	part.do = c.inner(e.lists["do"], func(a *around) { a.loop, a.finally = false, true })
	return part
}

package pipetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

// judge compares what happened with what the case expects.
func (r *Runner) judge(ctx context.Context, c *Case, h *happened, cr *CaseReport) {
	j := judgement{r: r, c: c, x: &c.expect, h: h, cr: cr, ctx: ctx}
	j.env = r.out.env()
	j.env["body"], j.env["vars"], j.env["event"] = event.View(h.out.Body), h.out.Vars, event.View(h.object)
	if h.err != nil {
		j.env["error"] = map[string]any{"code": string(h.err.Code), "message": h.err.Message, "step": h.trace.failing(), "retryable": h.err.Retry}
	}
	j.ending()
	if !j.over {
		j.door()
		j.run()
		j.outside()
	}
	if len(cr.Problems) > 0 {
		cr.Trace = h.trace.Lines(false)
	}
}

type judgement struct {
	r   *Runner
	c   *Case
	x   *expect
	h   *happened
	cr  *CaseReport
	ctx context.Context
	env expr.Env

	over bool // the run ended otherwise than expected, so that nothing else says anything
}

// ending judges how the run ended: as expected, and without acting on the outside.
func (j *judgement) ending() {
	h, x := j.h, j.x
	if len(h.unmocked) > 0 {
		list := slices.Compact(slices.Sorted(slices.Values(h.unmocked)))
		j.cr.fail(Problem{
			What: "a command would act on the outside", At: j.c.At,
			Lines: append(list, "add it under mocks, or name it under allow"),
		})
	}
	status := x.status
	switch {
	case status != "":
	case x.needsDoor() && x.refused.given():
		status = statusRefused
	case x.failure != nil:
		if h.status == statusDone || h.status == statusSkipped || h.status == statusRefused {
			j.differs("error", x.at, "expected a failure, but the run is "+h.status)
		}
	case x.response != nil:
	default:
		if h.status != statusDone && h.status != statusSkipped {
			j.failedRun()
		}
	}
	if status != "" && status != h.status {
		if h.err != nil {
			j.failedRun()
			return
		}
		j.over = true
		j.differs("status", x.at, "expected "+status+", got "+h.status)
	}
	if x.failure != nil && h.err != nil {
		j.failure()
	}
}

// failedRun says why a run failed that was to end otherwise.
func (j *judgement) failedRun() {
	h := j.h
	j.over = true
	if h.err == nil {
		j.differs("status", j.x.at, "the run is "+h.status+map[bool]string{true: ": " + h.refused}[h.refused != ""])
		return
	}
	lines := []string{h.err.Error(), "code: " + string(h.err.Code)}
	j.cr.fail(Problem{What: "the run is " + h.status, At: j.x.at, Lines: lines})
}

func (j *judgement) differs(what string, at fault.Position, lines ...string) {
	j.cr.fail(Problem{What: what, At: at, Lines: lines})
}

func (j *judgement) failure() {
	f, e := j.x.failure, j.h.err
	j.value("error.code", &f.code, string(e.Code), j.x.at)
	j.value("error.message", &f.message, e.In("").At(fault.Position{}).Error(), j.x.at)
	j.value("error.step", &f.step, j.h.trace.failing(), j.x.at)
	if f.retryable != nil && *f.retryable != e.Retry {
		j.differs("error.retryable", j.x.at, fmt.Sprintf("expected %v, got %v", *f.retryable, e.Retry))
	}
}

// value compares one value, if the case says what it must be.
func (j *judgement) value(what string, w *want, got any, at fault.Position) bool {
	if !w.given() {
		return true
	}
	if at == (fault.Position{}) {
		at = w.at
	}
	c := comparison{ctx: j.ctx, env: j.env}
	must := c.compare(w, got, what)
	if c.err != nil {
		e := asFault(c.err)
		j.differs(what, e.Pos, "the expectation cannot be evaluated: "+e.Error())
		return false
	}
	if len(c.found) == 0 {
		return true
	}
	p := Problem{What: what, At: at}
	for _, d := range c.found {
		p.Lines = append(p.Lines, d.String())
	}
	p.Diff = diff(must, got)
	j.cr.fail(p)
	return false
}

func (j *judgement) door() {
	h, x := j.h, j.x
	if x.refused.given() {
		j.value("refused", &x.refused, h.refused, fault.Position{})
	}
	if x.response != nil && h.asked {
		j.fields("response", x.response, h.answer.value())
	}
}

// run judges what the run did and left.
func (j *judgement) run() {
	h, x := j.h, j.x
	j.value("body", &x.body, h.out.Body, x.bodyAt)
	if x.vars.given() {
		vars := any(h.out.Vars)
		if h.out.Vars == nil {
			vars = map[string]any{}
		}
		j.value("vars", &x.vars, vars, x.varsAt)
	}
	if x.steps.given() {
		j.value("steps", &x.steps, h.trace.names(run.StepDone, run.StepFailed, run.StepIgnored, run.StepWaiting), x.stepsAt)
	}
	if x.skipped.given() {
		j.value("skipped", &x.skipped, h.trace.names(run.StepSkipped), x.skippedAt)
	}
	j.value("took", &x.took, h.took.String(), fault.Position{})
	for i := range x.calls {
		j.call(&x.calls[i])
	}
}

// call judges what a command was given.
func (j *judgement) call(w *expectCall) {
	name := w.command
	if w.id != "" {
		name = "#" + w.id
	}
	calls, fits := 0, 0
	var nearest []difference
	for _, one := range j.h.trace.calls(w.command, w.id) {
		calls++
		c := comparison{ctx: j.ctx, env: j.env}
		if w.args.given() {
			args := one.Args
			if args == nil {
				args = map[string]any{}
			}
			c.compare(&w.args, args, "args")
		}
		if w.body.given() {
			c.compare(&w.body, one.Input, "body")
		}
		switch {
		case c.err != nil:
			j.differs("calls", asFault(c.err).Pos, "the expectation cannot be evaluated: "+c.err.Error())
			return
		case len(c.found) == 0:
			fits++
		case nearest == nil || len(c.found) < len(nearest):
			nearest = c.found
		}
	}
	if w.times != nil && fits == *w.times || w.times == nil && fits > 0 {
		return
	}
	wanted := "at least one such call"
	if w.times != nil {
		wanted = fmt.Sprintf("%d such calls", *w.times)
	}
	lines := []string{fmt.Sprintf("%s: expected %s, got %d of %d calls", name, wanted, fits, calls)}
	if fits == 0 {
		for _, d := range nearest {
			lines = append(lines, "nearest: "+d.String())
		}
	}
	j.differs("calls", w.at, lines...)
}

// outside judges what would have left.
func (j *judgement) outside() {
	x, o := j.x, j.r.out
	if x.hasMails {
		j.list("mails", x.at, x.mails, o.sentMails())
	}
	if x.hasSent {
		j.list("events", x.at, x.events, o.sent())
	}
	if x.log.given() {
		j.value("log", &x.log, o.said(), x.logAt)
	}
	if x.result.given() {
		got, is := o.completed()
		if !is {
			j.differs("result", x.resultAt, "expected "+x.result.String()+", but no result was completed")
			return
		}
		j.value("result", &x.result, got, x.resultAt)
	}
}

// list compares lists of which only the named fields count.
func (j *judgement) list(what string, at fault.Position, wanted []wantedFields, got []any) {
	for i := range max(len(wanted), len(got)) {
		where := fmt.Sprintf("%s[%d]", what, i)
		switch {
		case i >= len(got):
			j.differs(where, wanted[i].at, fmt.Sprintf("expected %d, got %d", len(wanted), len(got)))
			return
		case i >= len(wanted):
			j.differs(where, at, fmt.Sprintf("expected %d, got %d; the first one too many: %s", len(wanted), len(got), shortValue(got[i])))
			return
		}
		fields, _ := got[i].(map[string]any)
		j.fields(where, &wanted[i], fields)
	}
}

func (j *judgement) fields(what string, wanted *wantedFields, got map[string]any) {
	for _, name := range sortedNames(wanted.fields) {
		w := wanted.fields[name]
		j.value(what+"."+name, &w, got[name], wanted.at)
	}
}

// names gives ids, or else commands, of the parts that ended so, in their order.
func (t *Trace) names(statuses ...run.StepStatus) []any {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := []any{}
	var walk func(list []*part, around *part)
	walk = func(list []*part, around *part) {
		for _, p := range ordered(list, around) {
			counts := p.ended && slices.Contains(statuses, p.Step.Status) && (p.ID != "" || !isBlock(p.Command))
			if counts {
				name := p.ID
				if name == "" {
					name = p.Command
				}
				out = append(out, name)
			}
			walk(p.inner, p)
		}
	}
	walk(t.roots(), nil)
	return out
}

// isBlock reports whether a command only holds others, or sets up a mock.
func isBlock(command string) bool {
	return slices.Contains([]string{"if", "switch", "foreach", "while", "do", "parallel", "except", "finally", "macro", "macro.run", "mock.command"}, command)
}

// calls gives the calls of a command, or of the step with an id.
func (t *Trace) calls(command, id string) []*part {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []*part
	for _, p := range t.parts {
		if p.ended && p.Step.Status != run.StepSkipped && (id != "" && p.ID == id || id == "" && p.Command == command) {
			out = append(out, p)
		}
	}
	return out
}

// failing names the step that failed last: its id, or else its command.
func (t *Trace) failing() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range slices.Backward(t.parts) {
		if p.Step.Status == run.StepFailed && p.Step.Code != "" {
			if p.ID != "" {
				return p.ID
			}
			return p.Command
		}
	}
	return ""
}

package pipeline

import (
	"context"
	"strconv"
	"sync"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// The bounds of parallel.
const (
	standardLimit = 8
	mostAtOnce    = 64
	mostBranches  = 1000
)

// parallel executes branches side by side: named ones, ones in a list, or one for each item.
//
// A branch begins with the body, the variables and the identity of the part and changes its own. Its final
// body is its result. When a branch fails, those that run come to their end, no other one begins, and the
// part fails as the branch did; a run that goes on there repeats no branch that is done.
type parallel struct {
	limit    int
	branches []*list
	names    []string // of the branches; nil when they are a list

	in *operand // one branch for each item; nil = branches
	as string
	do list
}

func (p *parallel) inside() []*list {
	if p.in != nil {
		return []*list{&p.do}
	}
	return p.branches
}

func (p *parallel) sound(f *frame) bool {
	return f.list == 0 && (p.in != nil && len(f.branches) == len(f.items) || p.in == nil && (f.branches == nil || len(f.branches) == len(p.branches)))
}

func (p *parallel) exec(ctx context.Context, x *execution, b *block, f *frame) (signal, *thrown) {
	if err := p.prepare(ctx, x, f); err != nil {
		return goOn, x.throw(ctx, &b.head, err)
	}
	r := &race{part: p, head: &b.head, join: &join{outer: x, frame: f}, ends: make([]ending, len(f.branches))}
	var workers sync.WaitGroup
	for range min(p.limit, len(f.branches)) {
		workers.Go(func() { r.work(ctx) })
	}
	workers.Wait()
	for i := range r.ends {
		x.trace.append(&r.ends[i].trace)
	}
	switch sig, t := r.result(x); {
	case t != nil:
		return goOn, t
	case sig == paused:
		x.stopped = x.capture()
		return paused, nil
	}
	if err := x.hand(ctx, &b.head, p.collect(f.branches)); err != nil {
		return goOn, x.throw(ctx, &b.head, err)
	}
	return goOn, nil
}

// prepare makes the branches, unless the run goes on with those it has.
func (p *parallel) prepare(ctx context.Context, x *execution, f *frame) error {
	if f.branches != nil {
		return nil
	}
	if err := x.tooDeep(); err != nil {
		return err
	}
	if p.in == nil {
		f.branches = make([]branch, len(p.branches))
		return nil
	}
	v, err := p.in.eval(ctx, x.env)
	if err != nil {
		return err
	}
	if f.items, err = itemsOf(v, "parallel"); err != nil {
		return err
	}
	if len(f.items) > mostBranches {
		return fault.New(fault.PipelineLimit, "parallel has at most %d branches, and the list has %d items", mostBranches, len(f.items)).
			WithHint("use foreach, with a parallel over a part of the list in it")
	}
	f.branches = make([]branch, len(f.items))
	return nil
}

// collect gives the results: a map by the names of the branches, or a list.
func (p *parallel) collect(branches []branch) any {
	if p.names != nil {
		out := make(map[string]any, len(branches))
		for i, b := range branches {
			out[p.names[i]] = b.body
		}
		return out
	}
	out := make([]any, len(branches))
	for i, b := range branches {
		out[i] = b.body
	}
	return out
}

// race is one execution of a parallel.
type race struct {
	part *parallel
	head *head
	join *join
	ends []ending

	mu     sync.Mutex
	next   int
	failed bool
}

// ending is how a branch ended.
type ending struct {
	trace  trace
	x      *execution
	signal signal
	thrown *thrown
}

// work executes branches until none is left.
func (r *race) work(ctx context.Context) {
	for {
		r.mu.Lock()
		i := r.next
		r.next++
		stop := i >= len(r.ends) || r.failed
		r.mu.Unlock()
		if stop {
			return
		}
		if r.join.frame.branches[i].done {
			continue
		}
		e := &r.ends[i]
		r.guard(ctx, i, e)
		if e.thrown != nil {
			r.mu.Lock()
			r.failed = true
			r.mu.Unlock()
		}
	}
}

// guard executes a branch; its panic is its failure.
func (r *race) guard(ctx context.Context, i int, e *ending) {
	defer func() {
		if v := recover(); v != nil {
			e.x = r.join.outer.within(r.join, i, &e.trace)
			e.thrown = e.x.end(ctx, r.head, e.x.panicked(ctx, v))
		}
	}()
	e.x, e.signal, e.thrown = r.branch(ctx, i, &e.trace)
}

func (r *race) branch(ctx context.Context, i int, t *trace) (*execution, signal, *thrown) {
	p, f := r.part, r.join.frame
	c := r.join.outer.within(r.join, i, t)
	l := &p.do
	if p.in == nil {
		l = p.branches[i]
	} else {
		c.setPath(c.path + "[" + strconv.Itoa(i) + "]")
	}
	sig, thrown := c.branchOf(ctx, l, func() error {
		if p.in == nil {
			return nil
		}
		if !c.spend() {
			return fault.New(fault.PipelineLimit, "the run took more than %d steps", c.budget.most)
		}
		one := &frame{items: f.items[i:], round: i}
		one.outer = c.hidden(p.as)
		c.show(p.as, one)
		return nil
	}, r.head)
	return c, sig, thrown
}

// result says how all branches together ended. Of failures the one that no retry mends counts most.
func (r *race) result(x *execution) (signal, *thrown) {
	var worst *thrown
	sig := goOn
	for i := range r.ends {
		e := &r.ends[i]
		if t := e.thrown; t != nil && (worst == nil || weight(t) > weight(worst)) {
			worst = t
		}
		if e.signal == paused && (sig != paused || e.x.until.Before(x.until)) {
			sig, x.until = paused, e.x.until
		}
	}
	if worst != nil {
		return goOn, x.through(worst, nil)
	}
	return sig, nil
}

func weight(t *thrown) int {
	switch {
	case t.fatal && !t.restart:
		return 3
	case !t.err.Retry:
		return 2
	case t.restart:
		return 1
	}
	return 0
}

func parallelSpec() command.Spec {
	return command.Spec{
		Name:    "parallel",
		Summary: "Executes branches side by side, each with its own body and variables, and gives their final bodies.",
		Params: []command.Param{
			{Name: "branches", Type: command.TypeAny, Summary: "The branches: a map of names and lists of commands, or a list of lists."},
			{Name: "in", Type: command.TypeAny, Summary: "Instead of branches: what to go over, as in foreach; every item has its branch."},
			{Name: "as", Type: command.TypeText, Literal: true, Aliases: []string{"item"}, Summary: "Name of the item, as in foreach."},
			{Name: "do", Type: command.TypeList, Summary: "The commands of each item's branch."},
			{Name: "limit", Type: command.TypeNumber, Literal: true, Default: standardLimit, Summary: "How many branches run at once."},
		},
		Result: "A map of the branches' final bodies by name, or a list of them.",
		Examples: []command.Example{
			{
				Title:    "named branches",
				Pipeline: "pipeline:\n  - parallel:\n      branches:\n        net:\n          - set: ${body.price * body.count}\n        name:\n          - set: ${@text.upperCase(body.name)}\n",
				Body:     `{"price":3,"count":4,"name":"nut"}`,
				Want:     `{"name":"NUT","net":12}`,
			},
			{
				Title:    "over a list, two at once",
				Pipeline: "pipeline:\n  - parallel:\n      in: ${body}\n      as: n\n      limit: 2\n      do:\n        - set: ${vars.n * vars.n}\n",
				Body:     `[1,2,3]`,
				Want:     `[1,4,9]`,
			},
		},
	}
}

func (c *compiler) parallelPart(e *entry) part {
	b, p := c.block(e, takes{output: true})
	part := &parallel{limit: standardLimit}
	b.body = part
	if n, given := p.get("limit"); given {
		limit, ok := c.literal(&p, "limit").(int)
		if !ok || limit < 1 || limit > mostAtOnce {
			c.faults.add(fault.CommandType, n.line, n.col, `parameter "limit" must be a number from 1 to %d`, mostAtOnce)
		}
		part.limit = limit
	}
	branches, named := p.get("branches")
	in, over := p.get("in")
	alone := func(a *around) { *a = around{parallel: true} }
	switch {
	case named == over:
		c.faults.add(fault.CommandMissing, e.line, e.col, `parallel needs either "branches" or "in" with "do"`)
	case over:
		o := c.operand(in)
		part.in, part.as = &o, c.loopVariable(&p)
		if _, given := e.lists["do"]; !given {
			c.faults.add(fault.CommandMissing, e.line, e.col, `parallel: parameter "do" is missing`)
		}
		part.do = c.inner(e.lists["do"], alone)
	case branches.kind == scalarNode || len(branches.items) == 0:
		c.faults.add(fault.CommandType, branches.line, branches.col, `"branches" is a map of names and lists of commands, or a list of lists, not %s`, branches.typeName())
	case len(branches.items) > mostBranches:
		c.faults.add(fault.PipelineLimit, branches.line, branches.col, "parallel has at most %d branches", mostBranches)
	default:
		for i := range branches.items {
			name := strconv.Itoa(i)
			if branches.kind == mapNode {
				name = branches.keys[i].name
				part.names = append(part.names, name)
			}
			l := c.inner(e.lists["branches."+name], alone)
			part.branches = append(part.branches, &l)
		}
	}
	return b
}

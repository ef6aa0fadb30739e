package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

// block is a part with lists or executions inside: a branch, a loop, a called pipeline.
type block struct {
	head
	body    construct
	own     bool          // onError or retry were written for the block itself, not in the headers
	timeout time.Duration // of one try of everything inside; 0 = none
}

// construct is what makes a block special.
type construct interface {
	// exec executes the block. f is its frame: fresh, or the kept one of a run that goes on inside.
	exec(ctx context.Context, x *execution, b *block, f *frame) (signal, *thrown)
	// inside gives the lists of the block, in the order in which frame.list counts them from 1.
	inside() []*list
	// sound reports whether a kept frame is one that exec can go on from.
	sound(f *frame) bool
}

func (b *block) lists() []*list { return b.body.inside() }

func (b *block) fits(path []frame) bool {
	f := &path[0]
	if f.part != b.command || f.round < 0 || f.tries < 0 || f.list < 0 || f.list > len(b.body.inside()) || !b.body.sound(f) {
		return false
	}
	if f.list == 0 {
		return len(path) == 1
	}
	return b.body.inside()[f.list-1].fits(f.index, path[1:])
}

func (b *block) run(ctx context.Context, x *execution) (signal, *thrown) {
	sig, t := b.exec(ctx, x)
	x.ended(sig, t)
	return sig, t
}

func (b *block) exec(ctx context.Context, x *execution) (signal, *thrown) {
	f, resumed := x.enter(&b.head)
	defer x.leave(f)
	x.setContext(&b.head)
	rec, number := x.record(&b.head)
	rec.Status = run.StepWaiting // in a journal that is written before its end
	if !resumed {
		x.noteStart()
		x.keepValues(&b.head, nil, rec, false)
	}
	started := x.start()
	var sig signal
	var t *thrown
	goes := true
	if !resumed && !b.always() {
		var err error
		if goes, err = x.decides(ctx, b.when); err != nil {
			t = x.throw(ctx, &b.head, err)
		}
	}
	switch {
	case t != nil:
	case !goes:
		rec.Status = run.StepSkipped
		return goOn, nil
	default:
		sig, t = b.tries(ctx, x, f)
	}
	failure := t
	if t != nil && b.mine(t) {
		sig, t = x.settle(ctx, &b.head, f, t)
	}
	if rec = x.trace.at(number); rec == nil {
		return sig, t
	}
	x.clock = x.in.Now()
	rec.Duration, rec.Attempt, rec.Status = x.clock.Sub(started), f.tries+1, statusOf(sig, t, failure != nil)
	if failure != nil && failure.own == &b.head {
		rec.Code, rec.Message = string(failure.err.Code), x.clean(failure.told())
	}
	return sig, t
}

// mine reports whether the block's policy decides on a failure: one of its own, or any when the policy was
// written for it. A policy of the headers has decided on the failures inside already.
func (b *block) mine(t *thrown) bool { return b.own || t.own == &b.head }

// tries executes the block as often as its policy allows.
func (b *block) tries(ctx context.Context, x *execution, f *frame) (signal, *thrown) {
	if f.thrown != nil { // a rollback is under way
		f.thrown.own = &b.head
		return goOn, f.thrown
	}
	for {
		if sig, t := x.hold(ctx, &b.head, f.until); sig == paused || t != nil {
			return sig, t
		}
		if b.failure.retry.repeats > 0 && f.before == nil {
			here := x.here
			f.before = &here
		}
		sig, t := b.limited(ctx, x, f)
		if t == nil && sig == goOn && b.after != nil {
			if _, err := b.after.eval(ctx, x.env); err != nil {
				t = x.throw(ctx, &b.head, err)
			}
		}
		if t == nil || t.fatal || !b.mine(t) {
			return sig, t
		}
		if x.restarts(&b.head, t) {
			return goOn, t
		}
		wait, again := b.failure.retry.again(t.cause(), f.tries+1)
		if !again || f.before == nil || x.tooLong(wait) {
			return goOn, t
		}
		x.restore(*f.before)
		f.tries++
		f.restart()
		f.until = x.in.Now().Add(wait)
	}
}

// limited executes the block once, within its time. The time goes on while the run waits for longer than it
// may hold on to, and ends such a wait.
func (b *block) limited(ctx context.Context, x *execution, f *frame) (signal, *thrown) {
	if b.timeout == 0 {
		return b.body.exec(ctx, x, b, f)
	}
	now := x.in.Now()
	if f.due.IsZero() {
		f.due = now.Add(b.timeout)
	}
	outer := x.due
	if outer.IsZero() || f.due.Before(outer) {
		x.due = f.due
	}
	inside, cancel := context.WithTimeoutCause(ctx, f.due.Sub(now), errLate)
	sig, t := b.body.exec(inside, x, b, f)
	late := t != nil && t.err.Code == fault.CommandCanceled && ctx.Err() == nil && inside.Err() != nil
	cancel()
	x.due = outer
	if !late {
		return sig, t
	}
	at := t.at
	t = x.throw(ctx, &b.head, fault.New(fault.CommandTimeout, "%s took longer than %s", b.command, b.timeout).WithRetry(0))
	t.at = fresh(at, x.depth()-1)
	return goOn, t
}

// errLate is the cause of a context that ended with the time of a block.
var errLate = errors.New("the time of a block is up")

// fresh is the state with all the time again for the block at the given depth: a run that failed for want of
// time goes on where it was stopped, not at the beginning of the block.
func fresh(s *State, depth int) *State {
	if s == nil || s.Inside == nil || depth >= len(s.Inside.path) {
		return s
	}
	path := slices.Clone(s.Inside.path)
	path[depth].due = time.Time{}
	out := *s
	out.Inside = &Inside{path: path}
	return &out
}

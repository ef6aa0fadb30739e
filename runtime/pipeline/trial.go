package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/command"
)

// Trial is for runs that try a pipeline out and must not act as on a server. One Trial serves one run, with all
// its attempts. Only with one does the command mock.command do anything.
type Trial struct {
	// Answer is asked in every try of a command and in every call of another pipeline, when the rights were
	// checked and the parameters evaluated. When it answers, with a result or an error, it stands in for the
	// command, which is not called. An error without an answer only keeps the command from being called. It may be called from many goroutines. nil never answers.
	Answer func(ctx context.Context, at Place, call command.Call) (res command.Result, answers bool, err error)

	// Dry is told, in place of the command, when one would be called that changes the world outside, and
	// nobody else answered; it gives the result. It may be called from many goroutines. nil calls them.
	Dry func(at Place, call command.Call) command.Result

	// Wait lets a wait pass, in place of time; it is false when ctx ended first. nil waits.
	Wait func(ctx context.Context, until time.Time) bool

	mu    sync.Mutex
	mocks []*mock // that mock.command set up, in this order
}

// ask looks for somebody who stands in for a command.
func (t *Trial) ask(ctx context.Context, x *execution, h *head, call command.Call) (command.Result, bool, error) {
	if res, answers, err := t.mock(ctx, x, h); answers || err != nil {
		x.watch.mocked()
		return res, true, err
	}
	if t.Answer == nil {
		return command.Result{}, false, nil
	}
	res, answers, err := t.Answer(ctx, x.place(h), call)
	if answers {
		x.watch.mocked()
	}
	return res, answers || err != nil, err
}

// mock asks the mocks of the pipeline itself.
func (t *Trial) mock(ctx context.Context, x *execution, h *head) (command.Result, bool, error) {
	t.mu.Lock()
	mocks := t.mocks
	t.mu.Unlock()
	for _, m := range mocks {
		if m.command != h.command && (h.id == "" || m.command != h.id && m.command != "#"+h.id) {
			continue
		}
		if res, answers, err := m.answer(ctx, x); answers || err != nil {
			return res, true, err
		}
	}
	return command.Result{}, false, nil
}

// set makes a mock effective, or leaves it so.
func (t *Trial) set(m *mock) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, known := range t.mocks {
		if known == m {
			return
		}
	}
	t.mocks = append(t.mocks[:len(t.mocks):len(t.mocks)], m)
}

// wait is false when ctx ended before d had passed.
func (x *execution) wait(ctx context.Context, d time.Duration) bool {
	if t := x.in.Trial; t != nil && t.Wait != nil {
		return t.Wait(ctx, x.in.Now().Add(d))
	}
	return sleep(ctx, d)
}

// tooLong reports whether nothing can wait for so long: no caller who goes on later, and not the run.
func (x *execution) tooLong(d time.Duration) bool {
	passes := x.in.Trial != nil && x.in.Trial.Wait != nil
	return d > longestHold && x.in.Hold == 0 && !passes
}

// askFor looks for somebody who stands in for a call of another pipeline.
func (p *pipelineRun) askFor(ctx context.Context, x *execution, b *block, s start) (answers bool, err error) {
	if x.in.Trial == nil {
		return false, nil
	}
	args := map[string]any{"path": p.name}
	if s.vars != nil {
		args["vars"] = s.vars
	}
	if s.headers != nil {
		args["headers"] = s.headers
	}
	res, answers, err := x.in.Trial.ask(ctx, x, &b.head, command.Call{
		Args: args, Body: s.body, Vars: x.here.vars, Event: x.in.Event, Identity: x.here.identity, Pipeline: x.plan.name,
		RunID: x.runID, Step: b.index, Attempt: x.in.Attempt, Logger: x.logger,
	})
	if err != nil || !answers {
		return answers, err
	}
	x.addVars(res.SetVars)
	if res.HasValue {
		err = x.hand(ctx, &b.head, res.Value)
	}
	return true, err
}

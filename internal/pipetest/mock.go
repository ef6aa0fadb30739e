package pipetest

import (
	"context"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// Mock stands in for a command: everywhere, or at one step.
type Mock struct {
	Command string // its name; empty = by ID
	ID      string // of a step
	When    Value  // a condition on args, body, vars, event; zero = always

	Body    any // the result; texts in it may hold expressions when it was read from a test file
	HasBody bool
	Vars    map[string]any // variables that it sets
	Fail    *Failure       // instead of a result

	Times int // how often it answers, then the next mock or the command does; 0 = always
	At    fault.Position

	value Value // Body, compiled
	vars  Value // Vars, compiled
	used  int
}

// Failure is how a mock fails.
type Failure struct {
	Code       string
	Message    string
	Retryable  bool
	RetryAfter time.Duration
}

// Name is what the mock stands in for: a command, or #id.
func (m *Mock) Name() string {
	if m.ID != "" {
		return "#" + m.ID
	}
	return m.Command
}

// Mocks are asked in their order. They may be used from many goroutines.
type Mocks struct {
	mu   sync.Mutex
	list []*Mock
}

// Add appends a mock.
func (ms *Mocks) Add(m Mock) { ms.list = append(ms.list, &m) }

// Commands names the commands that are mocked by their names.
func (ms *Mocks) Commands() []string {
	var names []string
	for _, m := range ms.list {
		if m.Command != "" {
			names = append(names, m.Command)
		}
	}
	return names
}

// Unused names the mocks that never answered.
func (ms *Mocks) Unused() []string {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	var names []string
	for _, m := range ms.list {
		if m.used == 0 {
			names = append(names, m.Name())
		}
	}
	return names
}

// Answer is [pipeline.Trial.Answer].
func (ms *Mocks) Answer(ctx context.Context, at pipeline.Place, call command.Call) (command.Result, bool, error) {
	for _, m := range ms.list {
		if m.ID != "" && m.ID != at.ID || m.ID == "" && m.Command != at.Command {
			continue
		}
		env := callEnv(call)
		if holds, err := m.When.holds(ctx, env); err != nil || !holds {
			if err != nil {
				return command.Result{}, true, err
			}
			continue
		}
		if !ms.take(m) {
			continue
		}
		res, err := m.answer(ctx, env)
		return res, true, err
	}
	return command.Result{}, false, nil
}

// take uses the mock once, if it is not used up.
func (ms *Mocks) take(m *Mock) bool {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if m.Times > 0 && m.used >= m.Times {
		return false
	}
	m.used++
	return true
}

func callEnv(call command.Call) expr.Env {
	return expr.Env{
		"args": call.Args, "body": event.View(call.Body), "vars": call.Vars, "attempt": call.Attempt, "identity": call.Identity,
	}
}

func (m *Mock) answer(ctx context.Context, env expr.Env) (res command.Result, err error) {
	if f := m.Fail; f != nil {
		e := fault.New(fault.Code(f.Code), "%s", f.Message)
		if f.Retryable {
			e = e.WithRetry(f.RetryAfter)
		}
		return res, e
	}
	res.Value, res.HasValue = m.Body, m.HasBody
	if m.HasBody && m.value.dynamic() {
		if res.Value, err = m.value.eval(ctx, env); err != nil {
			return res, err
		}
	}
	res.SetVars = m.Vars
	if m.vars.dynamic() {
		v, err := m.vars.eval(ctx, env)
		if err != nil {
			return res, err
		}
		res.SetVars, _ = v.(map[string]any)
	}
	return res, nil
}

package pipeline_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
)

// world is what the commands under test do to the outside.
type world struct {
	mu     sync.Mutex
	events []event.Event
	calls  []command.Call // of test.note
	fails  int            // how many calls of test.flaky still fail
}

func (w *world) commands() []command.Definition {
	note := func(name string, effect bool, do func(ctx context.Context, call command.Call) (command.Result, error)) command.Definition {
		return command.Definition{
			Spec: command.Spec{Name: name, Open: true, Effect: effect, Result: "What the test says."},
			Command: command.Func(func(ctx context.Context, call command.Call) (command.Result, error) {
				w.mu.Lock()
				w.calls = append(w.calls, call)
				w.mu.Unlock()
				return do(ctx, call)
			}),
		}
	}
	mail := command.Definition{
		Spec: command.Spec{
			Name: "mail.send", Effect: true, Open: false,
			Params: []command.Param{
				{Name: "to", Type: command.TypeList, Required: true},
				{Name: "subject", Type: command.TypeText},
				{Name: "message", Type: command.TypeAny, Aliases: []string{"body"}},
				{Name: "urgent", Type: command.TypeBoolean},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.calls = append(w.calls, call)
			return command.Result{}, nil
		}),
	}
	return append(builtin.All(builtin.Deps{Now: now, Emit: func(_ context.Context, e event.Event) (event.Accepted, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, e)
		return event.Accepted{EventID: e.ID, Fresh: true}, nil
	}}), mail,
		note("test.note", false, func(_ context.Context, call command.Call) (command.Result, error) {
			if v, given := call.Args["return"]; given {
				return command.Value(v), nil
			}
			return command.Result{}, nil
		}),
		note("test.effect", true, func(context.Context, command.Call) (command.Result, error) { return command.Result{}, nil }),
		note("test.break", true, func(context.Context, command.Call) (command.Result, error) { // fails as often as test.flaky
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.fails > 0 {
				w.fails--
				return command.Result{}, fault.New(fault.MailRelay, "the relay is away").WithRetry(0)
			}
			return command.Result{}, nil
		}),
		note("test.http", false, func(_ context.Context, call command.Call) (command.Result, error) {
			status, _ := call.Args["status"].(int)
			return command.Result{}, fault.Wrap(fault.EgressFailed, answer(status), "asking the other side")
		}),
		note("test.fail", false, func(_ context.Context, call command.Call) (command.Result, error) {
			err := fault.New(fault.PluginFailed, "the other side said no")
			if call.Args["retryable"] == true {
				err = err.WithRetry(0)
			}
			return command.Result{}, err
		}),
		note("test.flaky", false, func(context.Context, command.Call) (command.Result, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.fails > 0 {
				w.fails--
				return command.Result{}, fault.New(fault.PluginFailed, "not yet").WithRetry(0)
			}
			return command.Value("at last"), nil
		}),
		note("test.panic", false, func(context.Context, command.Call) (command.Result, error) { panic("S3CRET") }),
		note("test.hang", false, func(ctx context.Context, _ command.Call) (command.Result, error) {
			<-ctx.Done()
			return command.Result{}, ctx.Err()
		}),
		note("test.usurp", false, func(context.Context, command.Call) (command.Result, error) {
			return command.Result{RunAs: "systemuser"}, nil
		}),
	)
}

// answer is the cause of a failure that another system's answer is.
type answer int

func (a answer) Error() string   { return fmt.Sprintf("it answered %d", int(a)) }
func (a answer) StatusCode() int { return int(a) }

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// policy lets anonymousUser do little and systemuser all; pipelines called a* may act as systemuser.
func policy(t testing.TB) *iam.Policy {
	t.Helper()
	p, err := iam.NewPolicy(
		map[string][]string{"all": {"CAN_CMD_*"}, "little": {"CAN_CMD_log", "CAN_CMD_set", "CAN_CMD_*.set", "CAN_CMD_exit", "CAN_CMD_test.*", "CAN_CMD_event.send", "CAN_CMD_message.*", "CAN_CMD_pipeline.run"}},
		map[string]iam.Identity{
			iam.Anonymous: {Roles: []string{"little"}},
			"systemuser":  {Roles: []string{"all"}, Pipelines: []string{"a*"}},
			"locked":      {Roles: []string{"all"}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func deps(t testing.TB, w *world) pipeline.Deps {
	t.Helper()
	registry, err := command.NewRegistry(w.commands()...)
	if err != nil {
		t.Fatal(err)
	}
	return pipeline.Deps{Commands: registry, Language: expr.New(expr.Options{Now: now}), Policy: policy(t)}
}

// plan loads the text of a pipeline called "a".
func plan(t testing.TB, w *world, text string) *pipeline.Plan {
	t.Helper()
	p, err := pipeline.Load("a.pi.yaml", []byte(text), deps(t, w))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// steps shows what was executed, one step a line.
func steps(out pipeline.Outcome) string {
	var b strings.Builder
	for _, s := range out.Steps {
		fmt.Fprintf(&b, "%d %s %s", s.Index, s.Command, s.Status)
		if s.Path != "" {
			fmt.Fprintf(&b, " in %s", s.Path)
		}
		if s.Attempt > 1 {
			fmt.Fprintf(&b, " in %d tries", s.Attempt)
		}
		if s.Code != "" {
			fmt.Fprintf(&b, " %s: %s", s.Code, s.Message)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

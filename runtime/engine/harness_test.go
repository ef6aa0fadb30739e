package engine_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/broker/memory"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/sqlite"
)

// world is an engine over a real store and broker, and what its commands did.
type world struct {
	t       testing.TB
	store   store.Store
	emitter *engine.Emitter
	engine  *engine.Engine
	deps    pipeline.Deps
	more    []command.Definition // commands of one test
	window  int                  // events on their way at once; 0 = the standard
	wrap    func(store.Store) store.Store
	forgets bool // versions are not brought back from the store

	mu    sync.Mutex
	calls map[string]int // of a command, by its argument
	fail  map[string]int // how often a call with this argument still fails
	block chan struct{}  // nil, or what test.wait waits for
}

// start runs the pipelines until the test ends, or until stop is called.
func (w *world) start(dir string, o engine.Options, files map[string]string) (stop func()) {
	w.t.Helper()
	var s store.Store
	s, err := sqlite.Open(w.t.Context(), sqlite.Options{Dir: dir, Reserve: -1})
	if err != nil {
		w.t.Fatal(err)
	}
	if w.wrap != nil {
		s = w.wrap(s)
	}
	w.store = s
	b := memory.New(memory.Settings{})
	policy, err := iam.NewPolicy(map[string][]string{"all": {"CAN_CMD_*"}}, map[string]iam.Identity{iam.Anonymous: {Roles: []string{"all"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	registry, err := command.NewRegistry(append(append(builtin.All(builtin.Deps{Now: time.Now}), w.commands()...), w.more...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.deps = pipeline.Deps{Commands: registry, Language: expr.New(expr.Options{Now: time.Now}), Policy: policy}
	plans := w.compile(files)
	w.emitter = engine.NewEmitter(s, b, engine.EmitterOptions{Window: w.window})
	if !w.forgets {
		o.Compile = func(src store.Source) (*pipeline.Plan, error) {
			return pipeline.LoadAs(src.File, src.Pipeline, src.Text, w.deps)
		}
	}
	o.Policy = policy
	if o.Poll == 0 {
		o.Poll = 10 * time.Millisecond
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	e, err := engine.New(s, b, w.emitter, plans, o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.engine = e
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx, func() {}) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
		if err := b.Close(); err != nil {
			w.t.Error(err)
		}
		if err := s.Close(); err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

// another starts a second engine over the store of the first one, with a broker of its own.
func (w *world) another(o engine.Options, files map[string]string) *engine.Engine {
	w.t.Helper()
	b := memory.New(memory.Settings{})
	o.Policy, o.Now = w.deps.Policy, time.Now
	e, err := engine.New(w.store, b, engine.NewEmitter(w.store, b, engine.EmitterOptions{}), w.compile(files), o)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx, func() {}) }()
	w.t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, b.Close()); err != nil {
			w.t.Error(err)
		}
	})
	return e
}

func (w *world) compile(files map[string]string) []*pipeline.Plan {
	w.t.Helper()
	var plans []*pipeline.Plan
	for name, text := range files {
		p, err := pipeline.Load(name+".pi.yaml", []byte(text), w.deps)
		if err != nil {
			w.t.Fatal(err)
		}
		plans = append(plans, p)
	}
	return plans
}

func (w *world) reload(files map[string]string) {
	w.t.Helper()
	if err := w.engine.Reload(w.t.Context(), w.compile(files)); err != nil {
		w.t.Fatal(err)
	}
}

// settled waits until the event is settled.
func (w *world) settled(e event.Event) {
	w.t.Helper()
	w.until(func() bool {
		kept, err := w.store.Event(w.t.Context(), e.ID)
		return err == nil && !kept.Settled.IsZero()
	}, func() string { return "the event is not settled" })
}

// commands are test.effect and test.step, which count their calls and fail as often as w.fail says, with a
// retryable fault; test.broken, whose fault is none; and test.wait, which waits for w.block.
func (w *world) commands() []command.Definition {
	param := []command.Param{{Name: "value", Type: command.TypeText, Required: true, Summary: "What is counted."}}
	counted := func(name string, effect bool) command.Definition {
		return command.Definition{
			Spec: command.Spec{Name: name, Summary: "Counts.", Params: param, Shorthand: "value", Effect: effect},
			Command: command.Func(func(_ context.Context, c command.Call) (command.Result, error) {
				text, _ := c.Args["value"].(string)
				w.mu.Lock()
				defer w.mu.Unlock()
				w.calls[text]++
				if w.fail[text] > 0 {
					w.fail[text]--
					return command.Result{}, fault.New(fault.CommandFailed, "not yet").WithRetry(0)
				}
				return command.Value(text + " done"), nil
			}),
		}
	}
	return []command.Definition{
		counted("test.effect", true), counted("test.step", false),
		{
			Spec: command.Spec{Name: "test.broken", Summary: "Fails."},
			Command: command.Func(func(context.Context, command.Call) (command.Result, error) {
				return command.Result{}, fault.New(fault.CommandFailed, "never")
			}),
		},
		{
			Spec: command.Spec{Name: "test.wait", Summary: "Waits."},
			Command: command.Func(func(ctx context.Context, _ command.Call) (command.Result, error) {
				select {
				case <-w.block:
					return command.Result{}, nil
				case <-ctx.Done():
					return command.Result{}, ctx.Err()
				}
			}),
		},
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return &world{t: t, calls: map[string]int{}, fail: map[string]int{}, block: make(chan struct{})}
}

func (w *world) event(key string) event.Event { return event.New(key, time.Now()) }

func (w *world) emit(key string) event.Event {
	w.t.Helper()
	e := w.event(key)
	w.accept(e)
	return e
}

func (w *world) accept(e event.Event) {
	w.t.Helper()
	if _, err := w.emitter.Emit(w.t.Context(), e, event.Dedupe{}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) count(text string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[text]
}

// run waits until the run has the status and gives it.
func (w *world) run(e event.Event, name string, want run.Status) run.Run {
	w.t.Helper()
	var last run.Run
	w.until(func() bool {
		r, err := w.store.Run(w.t.Context(), e.ID, name)
		last = r
		return err == nil && r.Status == want
	}, func() string {
		return "the run of " + name + " is " + string(last.Status) + ", want " + string(want) + ": " + last.Message
	})
	return last
}

func (w *world) until(holds func() bool, why func() string) {
	w.t.Helper()
	end := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(end) {
			w.t.Fatal(why())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

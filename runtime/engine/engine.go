package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/penstock/penstock/runtime/broker"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// Group is the one consumer group of the runtime.
const Group = "penstock"

// ParkedPipeline stands in the dead letter of a parked event in the place of a pipeline. No pipeline has
// such a name.
const ParkedPipeline = "(parked)"

// Options are the settings of an Engine; the zero value works.
type Options struct {
	PerPipeline int                      // runs of one pipeline at once; default 64
	Attempts    int                      // of a run before it is a dead letter; default 12
	Backoff     time.Duration            // wait before the second attempt, then doubled; default 1 s
	MaxBackoff  time.Duration            // longest wait; default 1 h
	StepTimeout time.Duration            // of a step that sets none; default 30 s
	MaxSteps    int                      // steps and rounds of loops in one attempt of a run; default pipeline.StandardSteps
	Grace       time.Duration            // for running work when the engine stops; default 25 s
	Poll        time.Duration            // how often due retries and left-over events are looked for; default 500 ms
	ResultTTL   time.Duration            // how long a result can be polled; default 1 h
	Retention   time.Duration            // how long settled events are kept; default 168 h
	MaxMissed   int                      // how many of the times that a job missed are made up for, where it wants all; default 100
	Namespace   string                   // of the events that the engine makes
	MaxRejects  int                      // how many refused requests are kept; default 10,000
	Record      run.Recording            // of which steps the values are recorded; default run.RecordNone
	RecordLimit int                      // bytes of one recorded value; default pipeline.StandardRecord
	Scrub       func(text string) string // takes known secrets out of what is recorded; nil = none is known
	Policy      *iam.Policy

	// Compile makes a plan of a version that is kept in the store, so that a run which began before a restart ends on
	// its version. nil: such a run begins again with the version that is loaded.
	Compile func(store.Source) (*pipeline.Plan, error)
	// How many versions of a pipeline are kept beside the loaded one, and how long; default 50 and 2160h. What an
	// unfinished run needs is kept in any case.
	Versions   int
	VersionAge time.Duration

	Logger *slog.Logger
	Now    func() time.Time
}

func (o Options) withDefaults() Options {
	positive(&o.PerPipeline, 64)
	positive(&o.Attempts, 12)
	positive(&o.Backoff, time.Second)
	positive(&o.MaxBackoff, time.Hour)
	positive(&o.StepTimeout, 30*time.Second)
	positive(&o.MaxSteps, pipeline.StandardSteps)
	positive(&o.Grace, 25*time.Second)
	positive(&o.Poll, 500*time.Millisecond)
	positive(&o.ResultTTL, time.Hour)
	positive(&o.Retention, 168*time.Hour)
	positive(&o.MaxMissed, 100)
	positive(&o.MaxRejects, 10_000)
	positive(&o.Versions, 50)
	positive(&o.VersionAge, 2160*time.Hour)
	if o.Scrub == nil {
		o.Scrub = func(text string) string { return text }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func positive[T int | time.Duration](v *T, fallback T) {
	if *v <= 0 {
		*v = fallback
	}
}

// Engine handles events. Make it with New, run it once with Run.
type Engine struct {
	store    store.Store
	broker   broker.Broker
	emitter  *Emitter
	window   *window
	plans    atomic.Pointer[plans]
	reload   sync.Mutex // of whoever changes plans or drops versions
	adopted  bool       // the store knows which versions are loaded; under reload
	versions *versions
	restores sync.Mutex // of whoever brings a version back from the store
	underway underway
	lagging  lagging
	turn     chan struct{} // capacity 1: a pipeline that is behind has room
	updates  updates
	batches  *batches
	schedule *schedule
	o        Options
	log      *slog.Logger

	// work is what running handlers use; it outlives Run's context by Grace.
	work context.Context
	busy sync.WaitGroup

	// held is set when an outcome could not be recorded: nothing is run again until the store is
	// healthy, or a failing disk would repeat every effect.
	held atomic.Bool
}

// New makes an engine over an open store and broker. The emitter must be over the same two. now in
// Options is required.
func New(s store.Store, b broker.Broker, m *Emitter, set []*pipeline.Plan, o Options) (*Engine, error) {
	if o.Now == nil || o.Policy == nil {
		return nil, fmt.Errorf("an engine needs a clock and a policy")
	}
	e := &Engine{store: s, broker: b, emitter: m, window: m.window, lagging: lagging{byName: map[string]*turns{}}, turn: make(chan struct{}, 1), versions: newVersions(), batches: newBatches(), schedule: newSchedule(), o: o.withDefaults()}
	e.log = e.o.Logger
	p, err := newPlans(set, e.o.PerPipeline, &plans{})
	if err != nil {
		return nil, err
	}
	e.plans.Store(p)
	return e, nil
}

// Run handles events until ctx ends, then lets running work finish for Options.Grace, and returns when
// all its goroutines ended. ready is called once, when new events are being taken. Interrupted runs
// stay unfinished in the store and are resumed at the next start.
func (e *Engine) Run(ctx context.Context, ready func()) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	e.work = work

	if err := e.begin(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	// The subscription ends with ctx, the handlers of what it gave do not.
	subscriber, err := e.broker.Subscriber(ctx, Group)
	if err != nil {
		return err
	}
	messages, err := subscriber.Subscribe(ctx, broker.Topic)
	if err != nil {
		return err
	}
	var loops sync.WaitGroup
	loops.Go(func() { e.sweepLoop(ctx) })
	loops.Go(func() { e.retryLoop(ctx) })
	loops.Go(func() { e.pruneLoop(ctx) })
	loops.Go(func() { e.batchLoop(ctx) })
	loops.Go(func() { e.jobLoop(ctx) })
	e.window.rescan()
	e.window.signal()
	ready()
	for msg := range messages {
		e.take(msg)
	}
	loops.Wait()
	e.drain(stop)
	return nil
}

// take handles a message in its own goroutine; the emitter's window bounds how many there are.
func (e *Engine) take(msg *message.Message) {
	e.busy.Go(func() {
		e.handle(e.work, msg.UUID, msg.Payload)
		msg.Ack()
	})
}

// drain waits for running work, at most Options.Grace, then stops it.
func (e *Engine) drain(stop func()) {
	timer := time.AfterFunc(e.o.Grace, stop)
	defer timer.Stop()
	e.busy.Wait()
}

// mayRepeat reports whether work whose outcome may be lost can be taken up again.
func (e *Engine) mayRepeat() bool {
	if !e.held.Load() {
		return true
	}
	if e.store.Health() != nil {
		return false
	}
	e.held.Store(false)
	return true
}

// Load is how much work is at hand.
type Load struct {
	Moving  int `json:"moving"`  // events published or being handled
	Waiting int `json:"waiting"` // events that wait for a retry
}

// Load reports the present load.
func (e *Engine) Load() Load {
	moving, waiting := e.window.load()
	return Load{Moving: moving, Waiting: waiting}
}

// every calls f each interval, and whenever wake gives, until ctx ends.
func every(ctx context.Context, interval time.Duration, wake <-chan struct{}, f func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-wake:
		}
		f()
	}
}

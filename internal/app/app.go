package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/ingress/admin"
	"github.com/penstock/penstock/ingress/keys"
	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/internal/metrics"
	"github.com/penstock/penstock/runtime/broker"
	brokers "github.com/penstock/penstock/runtime/broker/all"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/secret"
	"github.com/penstock/penstock/runtime/store"
	stores "github.com/penstock/penstock/runtime/store/all"
)

// Params is what an App is made from. All fields but Getenv are required.
type Params struct {
	Config   *configs.Config
	Logger   *slog.Logger
	Version  string
	Resolver *secret.Resolver
	Now      func() time.Time
	Getenv   func(name string) (string, bool) // for expressions, as far as instance.env allows; nil = none
}

// App is a whole server. Make it with Open, run it once with Run.
type App struct {
	p         Params
	started   time.Time
	store     store.Store
	broker    broker.Broker
	emitter   *engine.Emitter
	engine    *engine.Engine
	presets   *verify.Presets
	keys      *keys.Cache
	directory *ingress.Directory
	catalog   *catalog
	metrics   *metrics.Registry
	tools     *Tools
	public    *ingress.Server
	admin     *admin.Server
	listening chan Addresses
	closers   []func(context.Context) error
}

// Addresses are where a running App listens, as host:port.
type Addresses struct{ Public, Admin string }

// Open opens every part. On an error nothing stays open.
func Open(ctx context.Context, p Params) (*App, error) {
	a := &App{p: p, started: p.Now(), listening: make(chan Addresses, 1)}
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.close(context.WithoutCancel(ctx)))
	}
	return a, nil
}

func (a *App) open(ctx context.Context) error {
	c := a.p.Config
	var err error
	if a.store, err = stores.Open(ctx, c.Store.Type, stores.Options{
		Dir: c.Store.Dir, Reserve: int64(c.Store.Reserve), MaxRejects: c.Store.MaxRejects, Logger: a.p.Logger, Now: a.p.Now,
	}); err != nil {
		return err
	}
	a.onClose(func(context.Context) error { return a.store.Close() })
	backend, err := brokers.Lookup(c.Broker.Type)
	if err != nil {
		return err
	}
	if a.broker, err = backend.Open(ctx, c.Section("broker."+backend.Name), a.p.Logger); err != nil {
		return err
	}
	a.onClose(func(context.Context) error { return a.broker.Close() })
	a.emitter = engine.NewEmitter(a.store, a.broker, engine.EmitterOptions{Prefix: c.Broker.Prefix, Hops: c.Engine.MaxHops, Logger: a.p.Logger})
	if a.presets, err = Presets(c); err != nil {
		return err
	}
	outbound, err := outgoing(c)
	if err != nil {
		return err
	}
	a.onClose(func(context.Context) error { outbound.Close(); return nil })
	a.keys = keys.New(outbound, keys.Options{Now: a.p.Now})
	a.onClose(func(context.Context) error { a.keys.Close(); return nil })
	if a.directory, err = a.openDirectory(ctx, a.presets); err != nil {
		return err
	}
	a.metrics = metrics.New(a.p.Version)
	a.catalog = &catalog{
		dir: c.Pipelines.Dir, sources: a.store, metrics: a.metrics.Pipelines(), log: a.p.Logger, now: a.p.Now,
	}
	if a.tools, err = openTools(ctx, a.p, builtin.Deps{
		Emit: func(ctx context.Context, e event.Event) (event.Accepted, error) {
			return a.emitter.Emit(ctx, e, event.Dedupe{})
		},
		Results: a.store, Webhooks: a.directory, Properties: a.store, Outbound: outbound, Namespace: c.Namespace, Now: a.p.Now,
		Jobs: jobs{a}, Pipelines: stored{a.catalog}, MessagePrefix: c.Broker.Prefix, MaxHops: c.Engine.MaxHops,
	}, Outside{}); err != nil {
		return err
	}
	a.onClose(a.tools.Close)
	a.catalog.tools = a.tools
	plans, err := a.catalog.first(ctx)
	if err != nil {
		return err
	}
	if a.engine, err = engine.New(a.store, a.broker, a.emitter, plans, engine.Options{
		PerPipeline: c.Engine.Workers, Attempts: c.Engine.Attempts, Backoff: c.Engine.Backoff, MaxBackoff: c.Engine.MaxBackoff,
		StepTimeout: c.Engine.StepTimeout, MaxSteps: c.Engine.MaxSteps, Grace: c.Engine.Grace, Poll: c.Engine.Poll, ResultTTL: c.Result.TTL,
		Retention: c.Store.Retention, MaxRejects: c.Store.MaxRejects, MaxMissed: c.Jobs.MaxMissed, Namespace: c.Namespace, Policy: a.tools.policy,
		Record: run.Recording(c.Engine.Record), RecordLimit: int(c.Engine.RecordLimit), Scrub: a.p.Resolver.Scrubber().Scrub,
		Logger: a.p.Logger, Now: a.p.Now,
		Compile: a.tools.compileKept, Versions: c.Pipelines.Versions, VersionAge: c.Pipelines.VersionAge,
	}); err != nil {
		return err
	}
	a.catalog.reload = a.engine.ReloadBy
	return a.makeListeners()
}

func (a *App) onClose(f func(context.Context) error) { a.closers = append(a.closers, f) }

// close closes what is open, in reverse order.
func (a *App) close(ctx context.Context) error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i](ctx))
	}
	a.closers = nil
	return errors.Join(errs...)
}

// Run serves until ctx ends: then the door refuses, running work finishes within engine.grace, and
// everything is closed.
func (a *App) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, a.close(context.WithoutCancel(ctx))) }()

	// The engine takes events before the door opens, and goes on until the door is shut.
	engineCtx, stopEngine := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngine()
	var engineErr error
	var work sync.WaitGroup
	ready := make(chan struct{})
	work.Go(func() {
		defer stopEngine()
		engineErr = a.engine.Run(engineCtx, func() { close(ready) })
	})
	select {
	case <-ready:
	case <-engineCtx.Done(): // it could not begin
		work.Wait()
		return engineErr
	}
	doorErr := a.serve(ctx)
	stopEngine()
	work.Wait()
	return errors.Join(doorErr, engineErr)
}

// serve runs both listeners until ctx ends or one of them fails.
func (a *App) serve(ctx context.Context) error {
	public, err := a.public.Listen()
	if err != nil {
		return err
	}
	private, err := a.admin.Listen()
	if err != nil {
		return err
	}
	if a.p.Config.Ingress.URL == "" { // the configured port may be 0
		url := "http://" + public.String()
		if err := a.directory.SetPublicURL(url); err != nil {
			return err
		}
		a.tools.url.Store(&url)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	errs := make([]error, 2)
	wg.Go(func() { defer stop(); errs[0] = a.public.Run(ctx) })
	wg.Go(func() { defer stop(); errs[1] = a.admin.Run(ctx) })
	fresh, stale := context.WithCancel(context.WithoutCancel(ctx)) // until the last request is answered
	var keeper sync.WaitGroup
	keeper.Go(func() { a.directory.Run(fresh) })
	keeper.Go(func() { a.catalog.run(fresh) })
	a.listening <- Addresses{Public: public.String(), Admin: private.String()}
	wg.Wait()
	stale()
	keeper.Wait()
	return errors.Join(errs...)
}

// Listening gives the addresses once both listeners are open.
func (a *App) Listening() <-chan Addresses { return a.listening }

func publicURL(c *configs.Config) string {
	if c.Ingress.URL != "" {
		return c.Ingress.URL
	}
	return "http://" + c.Ingress.Address
}

var errNoServer = fault.New(fault.CommandFailed, "this command needs a running server").WithHint("start `pi serve` and use `pi command`")

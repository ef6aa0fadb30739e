package wasm

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm/capability"
)

// Options of a [Host]. The zero Options keeps compiled code in memory only and offers no capability.
type Options struct {
	// CacheDir keeps compiled code between starts. It is made private to the user: who can write there, can
	// run code here. Empty = nothing is kept.
	CacheDir string
	Logger   *slog.Logger     // nil = nothing is logged
	Now      func() time.Time // nil = the system's clock

	MaxInstances int           // of all plugins together; 0 = 64
	IdleTime     time.Duration // after which an unused instance is closed, but for the last; 0 = 1 min
	RecycleCalls int           // after which an instance is replaced; 0 = 100,000

	Capabilities []capability.Capability
}

// Host loads plugins and holds what they share. It may be used from many goroutines.
type Host struct {
	options      Options
	capabilities map[string]capability.Capability
	cache        wazero.CompilationCache
	main         wazero.Runtime
	slow         func() (wazero.Runtime, error) // for plugins that cannot be rewritten; made when first needed

	slots   chan struct{} // one for each living instance
	waiting atomic.Int64  // callers that wait for a slot

	mu      sync.Mutex
	plugins []*Plugin
	closed  bool
	opened  []wazero.Runtime
}

// NewHost makes a host. Whoever makes it closes it.
func NewHost(ctx context.Context, o Options) (*Host, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default clock
	}
	if o.MaxInstances == 0 {
		o.MaxInstances = 64
	}
	if o.IdleTime == 0 {
		o.IdleTime = time.Minute
	}
	if o.RecycleCalls == 0 {
		o.RecycleCalls = 100_000
	}
	h := &Host{options: o, capabilities: map[string]capability.Capability{}, slots: make(chan struct{}, o.MaxInstances)}
	for _, c := range o.Capabilities {
		if _, taken := h.capabilities[c.Name()]; taken || !goodName(c.Name()) {
			return nil, fault.New(fault.Internal, "the capability %q is malformed or there twice", c.Name())
		}
		h.capabilities[c.Name()] = c
	}
	var err error
	if h.cache, err = openCache(o.CacheDir); err != nil {
		return nil, err
	}
	if h.main, err = h.runtime(ctx, false); err != nil {
		return nil, errors.Join(err, h.Close(ctx))
	}
	h.slow = sync.OnceValues(func() (wazero.Runtime, error) { return h.runtime(context.WithoutCancel(ctx), true) })
	return h, nil
}

// runtimeConfig is the one place where the engine is configured. A slow runtime checks at loop heads whether the
// context has ended; the other one relies on rewritten modules.
func runtimeConfig(cache wazero.CompilationCache, slow bool) wazero.RuntimeConfig {
	features := api.CoreFeaturesV2
	if slow {
		features |= experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExtendedConst
	}
	return wazero.NewRuntimeConfig().
		WithCoreFeatures(features).
		WithCompilationCache(cache).
		WithMemoryLimitPages(maxMemoryMB * pagesPerMB).
		WithDebugInfoEnabled(false).
		WithCloseOnContextDone(slow)
}

func (h *Host) runtime(ctx context.Context, slow bool) (wazero.Runtime, error) {
	r := wazero.NewRuntimeWithConfig(ctx, runtimeConfig(h.cache, slow))
	_, err := wasi_snapshot_preview1.Instantiate(ctx, r)
	if err == nil {
		err = exportHostFunctions(ctx, r)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Internal, errors.Join(err, r.Close(ctx)), "starting the engine for plugins")
	}
	h.mu.Lock()
	h.opened = append(h.opened, r)
	h.mu.Unlock()
	return r, nil
}

// Close closes all plugins, waiting for running calls as long as ctx allows, and then the engine. With calls still
// running it gives an error and leaves the engine open: closing would take the memory from under them.
func (h *Host) Close(ctx context.Context) error {
	h.mu.Lock()
	h.closed = true
	plugins := slices.Clone(h.plugins)
	h.mu.Unlock()
	var errs []error
	for _, p := range plugins {
		errs = append(errs, p.Close(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	h.mu.Lock()
	opened := h.opened
	h.opened = nil
	h.mu.Unlock()
	for _, r := range opened {
		errs = append(errs, r.Close(ctx))
	}
	if h.cache != nil {
		errs = append(errs, h.cache.Close(ctx))
	}
	return errors.Join(errs...)
}

func (h *Host) add(p *Plugin) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return fault.New(fault.Internal, "the plugin host is closed")
	}
	h.plugins = append(h.plugins, p)
	return nil
}

func (h *Host) remove(p *Plugin) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.plugins = slices.DeleteFunc(h.plugins, func(o *Plugin) bool { return o == p })
}

// acquire takes the right to one more instance. When all are taken, an idle instance of any plugin is closed, and
// if there is none, it waits for one.
func (h *Host) acquire(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	default:
	}
	h.waiting.Add(1)
	defer h.waiting.Add(-1)
	h.mu.Lock()
	plugins := slices.Clone(h.plugins)
	h.mu.Unlock()
	for _, p := range plugins {
		if p.pool.evict() {
			break
		}
	}
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *Host) release() { <-h.slots }

package wasm

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

// pool holds the instances of one plugin. An instance has one user at a time. The pool grows when all instances are
// in use, up to the plugin's number; then callers wait.
type pool struct {
	plugin *Plugin
	busy   chan struct{} // one for each instance in use
	steady atomic.Uint64 // bytes of memory that an instance has once it is warm

	mu     sync.Mutex
	idle   []*instance // the last one used is the last one here
	closed bool
	sweep  context.CancelFunc // ends the timer for idle instances; nil when it does not run
}

func newPool(p *Plugin) *pool {
	return &pool{plugin: p, busy: make(chan struct{}, p.settings.Instances)}
}

// get gives an instance for one call; put ends its use.
func (p *pool) get(ctx context.Context) (*instance, error) {
	select {
	case p.busy <- struct{}{}:
	default:
		select {
		case p.busy <- struct{}{}:
		case <-ctx.Done():
			return nil, ended(ctx, "waiting for a free instance of the plugin")
		}
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		<-p.busy
		return nil, fault.New(fault.PluginUnknown, "plugin %s is closed", p.plugin.manifest.Name)
	}
	if n := len(p.idle); n > 0 {
		inst := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return inst, nil
	}
	p.mu.Unlock()
	inst, err := p.create(ctx)
	if err != nil {
		<-p.busy
		return nil, err
	}
	return inst, nil
}

func (p *pool) create(ctx context.Context) (*instance, error) {
	if err := p.plugin.host.acquire(ctx); err != nil {
		return nil, ended(ctx, "waiting for one of the host's instances")
	}
	inst, err := newInstance(ctx, p.plugin)
	if err != nil {
		p.plugin.host.release()
		return nil, err
	}
	return inst, nil
}

// put takes an instance back. It is kept only when its call ended cleanly and it is not worn out.
func (p *pool) put(inst *instance, clean bool) {
	keep := clean && p.plugin.settings.Isolation == Pooled && !p.worn(inst) && p.plugin.host.waiting.Load() == 0
	p.mu.Lock()
	if keep = keep && !p.closed; keep {
		inst.idleSince = p.plugin.host.options.Now()
		p.idle = append(p.idle, inst)
		if len(p.idle) > 1 && p.sweep == nil {
			p.arm()
		}
	}
	p.mu.Unlock()
	if !keep {
		p.discard(inst)
	}
	<-p.busy
}

const (
	warmCalls   = 100
	smallMemory = 16 << 20 // bytes below which growth is not worth a new instance
)

// worn reports whether an instance has served long enough or holds on to too much memory, which WASM never
// gives back.
func (p *pool) worn(inst *instance) bool {
	if inst.calls >= p.plugin.host.options.RecycleCalls {
		return true
	}
	size := uint64(inst.mod.Memory().Size())
	if inst.calls == warmCalls {
		for old := p.steady.Load(); size > old && !p.steady.CompareAndSwap(old, size); old = p.steady.Load() {
		}
	}
	return size > max(smallMemory, 2*p.steady.Load())
}

func (p *pool) discard(inst *instance) {
	inst.close()
	p.plugin.host.release()
}

// evict closes the idle instance that was used least recently.
func (p *pool) evict() bool {
	p.mu.Lock()
	if len(p.idle) == 0 {
		p.mu.Unlock()
		return false
	}
	inst := p.idle[0]
	p.idle = p.idle[1:]
	p.mu.Unlock()
	p.discard(inst)
	return true
}

// arm starts the timer that looks for idle instances; the caller holds mu. A context is the timer, so
// that closing the pool ends it.
func (p *pool) arm() {
	ctx, cancel := context.WithTimeout(context.Background(), p.plugin.host.options.IdleTime)
	p.sweep = cancel
	context.AfterFunc(ctx, func() {
		if ctx.Err() == context.DeadlineExceeded {
			cancel()
			p.closeIdle()
		}
	})
}

// closeIdle closes what was not used for the idle time, but for the instance used last.
func (p *pool) closeIdle() {
	options := &p.plugin.host.options
	var old []*instance
	p.mu.Lock()
	p.sweep = nil
	before := options.Now().Add(-options.IdleTime + time.Millisecond)
	for len(p.idle) > 1 && p.idle[0].idleSince.Before(before) {
		old = append(old, p.idle[0])
		p.idle = p.idle[1:]
	}
	if len(p.idle) > 1 && !p.closed {
		p.arm()
	}
	p.mu.Unlock()
	for _, inst := range old {
		p.discard(inst)
	}
}

// close closes idle instances and waits for those in use.
func (p *pool) close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
	if p.sweep != nil {
		p.sweep()
		p.sweep = nil
	}
	p.mu.Unlock()
	for _, inst := range idle {
		p.discard(inst)
	}
	for range cap(p.busy) {
		select {
		case p.busy <- struct{}{}:
		case <-ctx.Done():
			return fault.Wrap(fault.CommandCanceled, ctx.Err(), "waiting for the calls of plugin %s to end", p.plugin.manifest.Name)
		}
	}
	for range cap(p.busy) {
		<-p.busy // later calls get in and are told that the pool is closed
	}
	return nil
}

func (p *pool) stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{Instances: len(p.idle) + len(p.busy), Idle: len(p.idle)}
	for _, inst := range p.idle {
		s.MemoryBytes = max(s.MemoryBytes, uint64(inst.mod.Memory().Size()))
	}
	return s
}

package wasm

import (
	"context"
	"crypto/rand"
	"log/slog"
	"runtime"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm/interrupt"
)

// instance is a guest with its memory. It serves one call at a time.
type instance struct {
	plugin  *Plugin
	mod     api.Module
	run     api.Function
	stop    api.MutableGlobal // nil under the engine's own interruption
	refused api.MutableGlobal // likewise

	current   *run // the call that is being served
	calls     int
	idleSince time.Time
	request   []byte    // buffer for requests
	stack     [2]uint64 // arguments and result of run
}

// newInstance makes an instance and runs the guest's initialisation under the limits of a call.
func newInstance(ctx context.Context, p *Plugin) (*instance, error) {
	inst := &instance{plugin: p}
	// The engine's defaults for time and randomness are fakes. A fake clock makes the collector of a Go guest
	// believe that it is too expensive, and its memory then grows without bound.
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions().
		WithRandSource(rand.Reader).WithSysWalltime().WithSysNanotime().
		WithNanosleep(inst.sleep).WithOsyield(runtime.Gosched).
		WithStdout(&lineWriter{inst: inst, level: slog.LevelInfo}).
		WithStderr(&lineWriter{inst: inst, level: slog.LevelWarn})
	mod, err := p.runtime.InstantiateModule(withMemory(ctx), p.compiled, config)
	if err != nil {
		p.log.Warn("plugin could not be instantiated", slog.String("reason", clip(err.Error(), maxTrace)))
		if strings.Contains(err.Error(), "signature mismatch") {
			return nil, fault.New(fault.PluginImport, "the plugin imports a function of WASI with the wrong signature")
		}
		return nil, fault.New(fault.PluginInvalid, "the module cannot be instantiated")
	}
	inst.mod, inst.run = mod, mod.ExportedFunction(exportRun)
	inst.stop, _ = mod.ExportedGlobal(interrupt.StopGlobal).(api.MutableGlobal)
	inst.refused, _ = mod.ExportedGlobal(interrupt.RefusedGlobal).(api.MutableGlobal)
	for _, name := range []string{interrupt.StartExport, exportInitialize} {
		if f := mod.ExportedFunction(name); f != nil {
			if _, err := inst.start(ctx, f); err != nil {
				inst.close()
				return nil, fault.Wrap(fault.CodeOf(err), err, "starting an instance")
			}
		}
	}
	return inst, nil
}

// start calls a function without arguments, outside of any command's call. When it ends with an error, the instance
// must not be used any more; that is so too when the function returned while it was being stopped.
func (inst *instance) start(ctx context.Context, f api.Function) (*run, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	r := newRun(ctx, inst)
	if err := r.outcome(inst.invoke(r, f, inst.stack[:1])); err != nil {
		return r, err
	}
	if r.stopped {
		return r, ended(ctx, "the start of an instance")
	}
	return r, nil
}

// invoke calls an exported function. When the context ends meanwhile, the guest traps at its next safe point.
func (inst *instance) invoke(r *run, f api.Function, stack []uint64) error {
	inst.current = r
	if inst.stop == nil { // the engine watches the context
		defer inst.settle(r)
		return f.CallWithStack(r, stack)
	}
	if inst.refused.Get() != 0 {
		inst.refused.Set(0)
	}
	unhook := context.AfterFunc(r.Context, func() { inst.stop.Set(1) })
	err := f.CallWithStack(r, stack)
	r.stopped = !unhook()
	inst.settle(r)
	return err
}

// settle ends the use of an instance by r.
func (inst *instance) settle(r *run) {
	r.flushLog()
	r.full = r.full || inst.memoryRefused()
	inst.current = nil
}

// memoryRefused reports whether the guest asked for more memory than it may have.
func (inst *instance) memoryRefused() bool {
	if inst.refused != nil {
		return inst.refused.Get() != 0
	}
	return int(inst.mod.Memory().Size()) >= inst.plugin.settings.MemoryMB<<20
}

// sleep waits for the guest, no longer than its call may take.
func (inst *instance) sleep(ns int64) {
	if inst.current == nil {
		return
	}
	ctx, cancel := context.WithTimeout(inst.current.Context, time.Duration(ns))
	<-ctx.Done()
	cancel()
}

// checkABI asks the guest which version it speaks.
func (inst *instance) checkABI(ctx context.Context) error {
	if _, err := inst.start(ctx, inst.mod.ExportedFunction(exportABI)); err != nil {
		return err
	}
	if got := int32(inst.stack[0]); got != ABI {
		return fault.New(fault.PluginABI, "the plugin speaks ABI %d, this host speaks %d", got, ABI)
	}
	return nil
}

// close frees the instance. The engine needs no context for it.
func (inst *instance) close() { _ = inst.mod.Close(context.Background()) }

package wasm

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"runtime"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm/capability"
	"github.com/penstock/penstock/runtime/wasm/interrupt"
	"github.com/penstock/penstock/runtime/wasm/module"
)

// Source is a plugin file that was read once, so that what is checked is what runs.
type Source struct {
	Name  string // for messages: its path or name
	Bytes []byte // must not be changed until Load returns
}

// Load checks, compiles and starts a packed plugin. Compiling takes seconds for a large plugin that is not in the
// cache, and does not heed ctx; callers load at start, never while answering. Errors have a plugin code, or
// fault.ConfigValue for what is wrong in settings.
func (h *Host) Load(ctx context.Context, source Source, settings Settings) (*Plugin, error) {
	p, err := h.load(ctx, source.Bytes, settings)
	if err != nil {
		return nil, fault.Wrap(fault.CodeOf(err), err, "loading plugin %s", source.Name)
	}
	return p, nil
}

func (h *Host) load(ctx context.Context, data []byte, settings Settings) (*Plugin, error) {
	digest := Digest(data)
	if settings.Digest != "" && settings.Digest != digest {
		return nil, fault.New(fault.PluginInvalid, "the file has the digest %s, not the pinned one", digest).
			WithHint("pin the new digest if the change is wanted")
	}
	m, err := checkModule(data)
	if err != nil {
		return nil, err
	}
	section, packed := m.Custom(ManifestSection)
	if !packed {
		return nil, fault.New(fault.PluginInvalid, "the plugin holds no manifest, or two").WithHint("pack it with `pi plugin build`")
	}
	manifest, err := ParseManifest(section)
	if err != nil {
		return nil, err
	}
	if settings, err = settings.effective(&manifest); err != nil {
		return nil, err
	}
	powers, err := h.powers(&manifest, settings.Grants)
	if err != nil {
		return nil, err
	}
	p := &Plugin{
		host: h, manifest: manifest, digest: digest, settings: settings, powers: powers,
		log: h.options.Logger.With(slog.String("plugin", manifest.Name)),
	}
	if err := p.start(ctx, m); err != nil {
		return nil, err
	}
	if err := h.add(p); err != nil {
		return nil, errors.Join(err, p.Close(ctx))
	}
	return p, nil
}

// powers makes the powers that are both asked for and granted.
func (h *Host) powers(m *Manifest, grants map[string]map[string]any) (map[string]capability.Power, error) {
	powers := map[string]capability.Power{}
	for _, name := range slices.Sorted(maps.Keys(grants)) {
		where := "plugins." + m.Name + ".grants." + name
		c, known := h.capabilities[name]
		if !known {
			return nil, fault.New(fault.ConfigValue, "no capability is called %q", name).In(where).
				WithHint("%s", fault.DidYouMean(name, slices.Collect(maps.Keys(h.capabilities))))
		}
		if !slices.Contains(m.Capabilities, name) {
			continue
		}
		power, err := c.Grant(grants[name])
		if err != nil {
			return nil, fault.Wrap(fault.CodeOf(err), err, "granting capability %s to plugin %s", name, m.Name)
		}
		powers[name] = power
	}
	return powers, nil
}

// start compiles the module and makes the first instance, so that what cannot run is known at once.
func (p *Plugin) start(ctx context.Context, m *module.Module) error {
	var err error
	if p.runtime, p.compiled, p.slow, err = p.host.compile(ctx, m, &p.settings, p.log); err != nil {
		return err
	}
	p.pool = newPool(p)
	inst, err := p.pool.get(ctx)
	if err == nil {
		err = inst.checkABI(ctx)
		p.pool.put(inst, err == nil)
	}
	if err != nil {
		return errors.Join(err, p.compiled.Close(ctx))
	}
	return nil
}

// compile makes the module interruptible and compiles it.
func (h *Host) compile(ctx context.Context, m *module.Module, s *Settings, log *slog.Logger) (wazero.Runtime, wazero.CompiledModule, bool, error) {
	bounds := interrupt.Bounds{MemoryPages: uint32(s.MemoryMB * pagesPerMB), TableEntries: tableEntries}
	engine, slow := h.main, false
	code, err := interrupt.Rewrite(m, bounds)
	if errors.Is(err, interrupt.ErrUnsupported) && s.EngineInterrupt {
		log.Warn("plugin cannot be made interruptible and runs under the engine's own check: it is slower, and endless recursion in it is not stopped")
		if engine, err = h.slow(); err == nil {
			slow = true
			code, err = interrupt.Bound(m, bounds)
		}
	}
	switch {
	case errors.Is(err, interrupt.ErrUnsupported):
		return nil, nil, false, fault.Wrap(fault.PluginInvalid, err, "making the plugin interruptible").
			WithHint("build it without tail calls, threads and exceptions, or set plugins.<name>.engineInterrupt if it is trusted")
	case errors.Is(err, module.ErrTooLarge):
		return nil, nil, false, fault.Wrap(fault.PluginTooLarge, err, "making the plugin interruptible")
	case errors.Is(err, interrupt.ErrMemory):
		return nil, nil, false, fault.Wrap(fault.PluginMemory, err, "limiting the plugin's memory")
	case err != nil:
		return nil, nil, false, fault.Wrap(fault.PluginInvalid, err, "making the plugin interruptible")
	}
	compiled, err := h.compileCached(experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0)), engine, code)
	if err != nil {
		// The engine's text may quote names of the module; it goes to the log.
		log.Warn("plugin was refused by the engine", slog.String("reason", clip(err.Error(), maxTrace)))
		return nil, nil, false, fault.New(fault.PluginInvalid, "the module is not valid: the engine refuses it")
	}
	return engine, compiled, slow, nil
}

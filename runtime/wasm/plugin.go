package wasm

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/tetratelabs/wazero"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/wasm/capability"
)

// Plugin is a loaded plugin. It may be used from many goroutines.
type Plugin struct {
	host     *Host
	manifest Manifest
	digest   string
	settings Settings // with defaults filled in
	powers   map[string]capability.Power
	log      *slog.Logger

	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	slow     bool // under the engine's own interruption
	pool     *pool

	closing sync.Once
	closeEr error
}

// Manifest gives how the plugin describes itself. The caller must not change what it points to.
func (p *Plugin) Manifest() Manifest { return p.manifest }

// Digest names the bytes that were loaded, see [Digest].
func (p *Plugin) Digest() string { return p.digest }

// Definitions gives the plugin's commands. They work until the plugin is closed.
func (p *Plugin) Definitions() []command.Definition {
	out := make([]command.Definition, len(p.manifest.Commands))
	for i := range p.manifest.Commands {
		c := &p.manifest.Commands[i]
		out[i] = command.Definition{Spec: c.Spec, Command: command.Func(
			func(ctx context.Context, call command.Call) (command.Result, error) { return p.run(ctx, i, c, &call) },
		)}
	}
	return out
}

// Right says what became of one capability.
type Right struct {
	Capability string
	Known      bool // the host has such a capability
	Asked      bool // by the manifest
	Granted    bool // by the settings
	Effective  bool // the plugin may use it: all of the above
}

// Rights gives every capability that was asked for or granted, sorted by name.
func (p *Plugin) Rights() []Right {
	names := append(slices.Collect(maps.Keys(p.settings.Grants)), p.manifest.Capabilities...)
	slices.Sort(names)
	var out []Right
	for _, name := range slices.Compact(names) {
		r := Right{Capability: name, Asked: slices.Contains(p.manifest.Capabilities, name)}
		_, r.Known = p.host.capabilities[name]
		_, r.Granted = p.settings.Grants[name]
		_, r.Effective = p.powers[name]
		out = append(out, r)
	}
	return out
}

// Close waits for running calls as long as ctx allows and ends the plugin. Calls that come later fail with
// fault.PluginUnknown. When ctx ends first, the plugin stays usable for the calls that run, and its code in memory.
func (p *Plugin) Close(ctx context.Context) error {
	p.closing.Do(func() {
		p.host.remove(p)
		if p.closeEr = p.pool.close(ctx); p.closeEr == nil {
			p.closeEr = p.compiled.Close(ctx)
		}
	})
	return p.closeEr
}

// Stats are figures of a plugin at one moment.
type Stats struct {
	Instances   int    // alive, in use or idle
	Idle        int    // not in use
	MemoryBytes uint64 // of the idle instance with the largest memory
}

// Stats gives the plugin's figures.
func (p *Plugin) Stats() Stats { return p.pool.stats() }

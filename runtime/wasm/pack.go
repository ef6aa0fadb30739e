package wasm

import (
	"context"
	"errors"

	"github.com/penstock/penstock/runtime/fault"
)

// Pack asks a module for its manifest, without any power, and returns the module with the manifest as a custom section.
// A section that was there before is replaced.
func (h *Host) Pack(ctx context.Context, data []byte) ([]byte, error) {
	m, err := checkModule(data)
	if err != nil {
		return nil, fault.Wrap(fault.CodeOf(err), err, "packing the plugin")
	}
	settings := Settings{OutputBytes: maxManifest, HostCalls: 1, Instances: 1}
	manifest := Manifest{Isolation: Fresh}
	if settings, err = settings.effective(&manifest); err != nil {
		return nil, err
	}
	p := &Plugin{host: h, manifest: manifest, settings: settings, log: h.options.Logger}
	if err := p.start(ctx, m); err != nil {
		return nil, fault.Wrap(fault.CodeOf(err), err, "packing the plugin")
	}
	text, err := p.describe(ctx)
	if err = errors.Join(err, p.Close(ctx)); err != nil {
		return nil, fault.Wrap(fault.CodeOf(err), err, "packing the plugin")
	}
	if _, err := ParseManifest(text); err != nil {
		return nil, err
	}
	return m.WithCustom(ManifestSection, text), nil
}

// describe calls pcmd_describe.
func (p *Plugin) describe(ctx context.Context) ([]byte, error) {
	inst, err := p.pool.get(ctx)
	if err != nil {
		return nil, err
	}
	defer p.pool.put(inst, false)
	r, err := inst.start(ctx, inst.mod.ExportedFunction(exportDescribe))
	if err != nil {
		return nil, err
	}
	if status := int32(inst.stack[0]); status != statusOK {
		r.name = exportDescribe
		return nil, r.guestError(status)
	}
	if !r.hasOutput {
		return nil, fault.New(fault.PluginProtocol, "pcmd_describe gave no manifest")
	}
	return r.output, nil
}

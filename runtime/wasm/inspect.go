package wasm

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm/module"
)

// ManifestSection is the custom section that holds a packed plugin's manifest.
const ManifestSection = "pcmd.manifest"

// Import is one function that a module needs from its host.
type Import struct {
	Module, Name, Type string
}

// Info is what can be said of a plugin file without compiling or running it.
type Info struct {
	Manifest  Manifest
	Packed    bool   // Manifest is there
	Digest    string // see [Digest]
	Size      int    // bytes
	Functions int    // defined in the module
	Imports   []Import
}

// Digest names the bytes of a plugin file: sha256: and 64 hex digits.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Inspect reads a plugin file. It checks the module's form, its imports and exports, and its manifest if it is packed.
func Inspect(data []byte) (Info, error) {
	m, err := checkModule(data)
	if err != nil {
		return Info{}, err
	}
	info := Info{Digest: Digest(data), Size: len(data), Functions: len(m.Functions)}
	for _, i := range m.Imports {
		info.Imports = append(info.Imports, Import{i.Module, i.Name, i.Type.String()})
	}
	if section, ok := m.Custom(ManifestSection); ok {
		info.Packed = true
		if info.Manifest, err = ParseManifest(section); err != nil {
			return Info{}, err
		}
	}
	return info, nil
}

// checkModule parses a module and checks it against the ABI.
func checkModule(data []byte) (*module.Module, error) {
	m, err := module.Parse(data, module.DefaultLimits())
	switch {
	case errors.Is(err, module.ErrTooLarge):
		return nil, fault.Wrap(fault.PluginTooLarge, err, "reading the module")
	case err != nil:
		return nil, fault.Wrap(fault.PluginInvalid, err, "reading the module")
	}
	if err := checkImports(m); err != nil {
		return nil, err
	}
	return m, checkExports(m)
}

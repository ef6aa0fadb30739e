package wasm

import (
	"slices"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm/module"
)

// The modules that a guest may import from.
const (
	importModule = "pcmd"
	wasiModule   = "wasi_snapshot_preview1"
)

// The exports of a guest.
const (
	exportMemory     = "memory"
	exportABI        = "pcmd_abi"
	exportDescribe   = "pcmd_describe"
	exportRun        = "pcmd_run"
	exportInitialize = "_initialize"
)

// wasiOffered are the functions of WASI that a guest may import. Those for files are there because the libraries of
// languages import them unasked; as a guest is given no files, arguments or environment, they find nothing.
var wasiOffered = []string{ //nolint:gochecknoglobals // constant data
	"args_get", "args_sizes_get", "clock_res_get", "clock_time_get", "environ_get", "environ_sizes_get",
	"fd_advise", "fd_allocate", "fd_close", "fd_datasync", "fd_fdstat_get", "fd_fdstat_set_flags", "fd_fdstat_set_rights",
	"fd_filestat_get", "fd_filestat_set_size", "fd_filestat_set_times", "fd_pread", "fd_prestat_dir_name",
	"fd_prestat_get", "fd_pwrite", "fd_read", "fd_readdir", "fd_renumber", "fd_seek", "fd_sync", "fd_tell", "fd_write",
	"path_create_directory", "path_filestat_get", "path_filestat_set_times", "path_link", "path_open", "path_readlink",
	"path_remove_directory", "path_rename", "path_symlink", "path_unlink_file",
	"poll_oneoff", "proc_exit", "random_get", "sched_yield",
}

type signature = module.FuncType

func sig(params int, results ...module.ValueType) signature {
	return signature{Params: slices.Repeat([]module.ValueType{module.I32}, params), Results: results}
}

// hostSignatures are the functions of the module pcmd.
func hostSignatures() map[string]signature {
	return map[string]signature{
		"input": sig(1), "output": sig(2), "error": sig(2), "log": sig(3), "call": sig(4, module.I64), "take": sig(1),
	}
}

// checkImports holds the imports against what the host offers. Capabilities are not imported: they are
// operations of pcmd.call, so whoever imports more wants more than any grant can give.
func checkImports(m *module.Module) error {
	own := hostSignatures()
	for _, i := range m.Imports {
		if i.Kind != module.Function {
			return fault.New(fault.PluginImport, "the plugin imports the %s %q.%q; only functions can be imported", i.Kind, i.Module, i.Name)
		}
		switch i.Module {
		case importModule:
			want, known := own[i.Name]
			if !known {
				return fault.New(fault.PluginImport, "the plugin imports %q.%q, which this host does not offer", i.Module, i.Name).
					WithHint("capabilities are reached through pcmd.call")
			}
			if !want.Equal(i.Type) {
				return fault.New(fault.PluginImport, "the plugin imports %q.%q as %s, the host offers %s", i.Module, i.Name, i.Type, want)
			}
		case wasiModule:
			if !slices.Contains(wasiOffered, i.Name) {
				return fault.New(fault.PluginImport, "the plugin imports %q.%q, a power that no plugin has", i.Module, i.Name)
			}
		default:
			return fault.New(fault.PluginImport, "the plugin imports %q.%q, which this host does not offer", i.Module, i.Name)
		}
	}
	return nil
}

func checkExports(m *module.Module) error {
	if e, ok := m.Export(exportMemory); !ok || e.Kind != module.Memory || len(m.Memories) == 0 {
		return fault.New(fault.PluginABI, "the plugin does not export a memory of its own as %q", exportMemory)
	}
	if _, ok := m.Export("_start"); ok {
		return fault.New(fault.PluginABI, "the plugin exports _start: it is a program, not a library").
			WithHint("build it as a WASI reactor, for Go with -buildmode=c-shared")
	}
	for name, want := range map[string]signature{
		exportABI: sig(0, module.I32), exportDescribe: sig(0, module.I32), exportRun: sig(2, module.I32),
	} {
		e, ok := m.Export(name)
		if !ok || e.Kind != module.Function {
			return fault.New(fault.PluginABI, "the plugin does not export the function %s", name)
		}
		if !want.Equal(e.Type) {
			return fault.New(fault.PluginABI, "the plugin exports %s as %s, the ABI wants %s", name, e.Type, want)
		}
	}
	if e, ok := m.Export(exportInitialize); ok && (e.Kind != module.Function || !e.Type.Equal(sig(0))) {
		return fault.New(fault.PluginABI, "the plugin exports %s as %s, the ABI wants %s", exportInitialize, e.Type, sig(0))
	}
	return nil
}

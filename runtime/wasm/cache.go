package wasm

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/tetratelabs/wazero"

	"github.com/penstock/penstock/runtime/fault"
)

// openCache opens the folder for compiled code and makes it private: what is in it is executed.
func openCache(dir string) (wazero.CompilationCache, error) {
	if dir == "" {
		return wazero.NewCompilationCache(), nil
	}
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = os.Chmod(dir, 0o700) //nolint:gosec // a folder needs the right to be entered
	}
	if err != nil {
		return nil, fault.Wrap(fault.StoreUnavailable, err, "making the cache of compiled plugins private")
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fault.Wrap(fault.StoreUnavailable, err, "opening the cache of compiled plugins")
	}
	return cache, nil
}

// compileCached compiles. The engine checks what it reads from the cache and fails when a file is damaged, as one may be
// after the power went; then the cache is emptied once and the code compiled afresh.
func (h *Host) compileCached(ctx context.Context, engine wazero.Runtime, code []byte) (wazero.CompiledModule, error) {
	compiled, err := engine.CompileModule(ctx, code)
	if err == nil || h.options.CacheDir == "" || !strings.HasPrefix(err.Error(), "compilationcache:") {
		return compiled, err
	}
	h.options.Logger.Warn("the cache of compiled plugins is damaged and is emptied")
	files, _ := filepath.Glob(filepath.Join(h.options.CacheDir, "wazero-*", "*"))
	for _, f := range files {
		_ = os.Remove(f) // if it stays, compiling fails again and says so
	}
	return engine.CompileModule(ctx, code)
}

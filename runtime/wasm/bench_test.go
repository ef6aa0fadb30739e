package wasm_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/wasm"
	"github.com/penstock/penstock/runtime/wasm/interrupt"
	"github.com/penstock/penstock/runtime/wasm/module"
)

// rawGuest is a module on the bare engine: the floor that the host is measured against. It does not stop, limit or
// decode anything.
type rawGuest struct {
	mod       api.Module
	run       api.Function
	in, out   []byte
	arguments [2]uint64
}

func newRaw(b *testing.B, data []byte, interruptible bool) *rawGuest {
	b.Helper()
	g := &rawGuest{}
	cache, err := wazero.NewCompilationCacheWithDir(guest.CacheDir(b))
	if err != nil {
		b.Fatal(err)
	}
	r := wazero.NewRuntimeWithConfig(b.Context(), wazero.NewRuntimeConfig().WithCompilationCache(cache).WithCloseOnContextDone(interruptible))
	b.Cleanup(func() { _ = r.Close(context.Background()) })
	wasi_snapshot_preview1.MustInstantiate(b.Context(), r)
	i32, i64 := api.ValueTypeI32, api.ValueTypeI64
	host := r.NewHostModuleBuilder("pcmd")
	export := func(name string, params, results []api.ValueType, f api.GoModuleFunc) {
		host.NewFunctionBuilder().WithGoModuleFunction(f, params, results).Export(name)
	}
	export("input", []api.ValueType{i32}, nil, func(_ context.Context, m api.Module, s []uint64) { m.Memory().Write(uint32(s[0]), g.in) })
	export("output", []api.ValueType{i32, i32}, nil, func(_ context.Context, m api.Module, s []uint64) {
		view, _ := m.Memory().Read(uint32(s[0]), uint32(s[1]))
		g.out = append(g.out[:0], view...)
	})
	nothing := func(context.Context, api.Module, []uint64) {}
	export("error", []api.ValueType{i32, i32}, nil, nothing)
	export("log", []api.ValueType{i32, i32, i32}, nil, nothing)
	export("call", []api.ValueType{i32, i32, i32, i32}, []api.ValueType{i64}, nothing)
	export("take", []api.ValueType{i32}, nil, nothing)
	if _, err := host.Instantiate(b.Context()); err != nil {
		b.Fatal(err)
	}
	g.mod, err = r.InstantiateWithConfig(b.Context(), data, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").
		WithRandSource(rand.Reader).WithSysWalltime().WithSysNanotime().WithSysNanosleep())
	if err != nil {
		b.Fatal(err)
	}
	g.run = g.mod.ExportedFunction("pcmd_run")
	return g
}

func (g *rawGuest) call(ctx context.Context, command int, request []byte) error {
	g.in = request
	g.arguments = [2]uint64{uint64(command), uint64(len(request))}
	return g.run.CallWithStack(ctx, g.arguments[:])
}

// kilobyte is a body of about 1 KB as JSON.
func kilobyte() map[string]any {
	items := []any{}
	for i := range 14 {
		items = append(items, map[string]any{"k": fmt.Sprintf("key-%d", i), "v": i * 1000, "tags": []any{"red", "green", true}})
	}
	return map[string]any{"id": strings.Repeat("x", 36), "count": 7, "items": items}
}

// echo is a guest without a runtime: it copies the request to its memory and gives the body back, which is at the same
// place in every request of the benchmark.
func echo(b *testing.B) []byte {
	const name = "echo.guest"
	manifest := guest.Manifest(name, nil)
	body, err := value.AppendJSON(nil, kilobyte())
	if err != nil {
		b.Fatal(err)
	}
	g := guest.ABI(manifest)
	g.Run(guest.Const(guest.TextAt), guest.Call(guest.Input),
		guest.Const(int32(guest.TextAt+len(`{"params":{},"body":`))), guest.Const(int32(len(body))), guest.Call(guest.Output), guest.Const(0))
	return packed(g, manifest)
}

// BenchmarkCall is a warm call with a body of 1 KB: through the host, on the bare engine, and on the bare engine with its
// own way of interrupting. The host's figure holds the encoding and decoding of JSON and the limits.
func BenchmarkCall(b *testing.B) {
	h := newHost(b, wasm.Options{})
	goData, goIndex := goGuest(b, h), map[string]int{"go echo": 1, "go edit": 2}
	body := kilobyte()
	for _, c := range []struct {
		name string
		data []byte
	}{{"bare echo", echo(b)}, {"go echo", goData}, {"go edit", goData}} {
		p := load(b, h, c.data, wasm.Settings{Instances: 1})
		do := p.Definitions()[goIndex[c.name]].Command
		b.Run(c.name+"/host", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := do.Run(b.Context(), command.Call{Body: body, RunID: "r"}); err != nil {
					b.Fatal(err)
				}
			}
		})
		text, err := json.Marshal(body)
		if err != nil {
			b.Fatal(err)
		}
		request := []byte(`{"params":{},"body":` + string(text) + `,"ctx":{"run":"r","step":0,"command":"c","pipeline":"","event":"","identity":"","attempt":0,"deadlineMs":30000}}`)
		for name, interruptible := range map[string]bool{"engine": false, "engine interruptible": true} {
			g := newRaw(b, c.data, interruptible)
			ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
			b.Run(c.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := g.call(ctx, goIndex[c.name], request); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(c.name+"/"+name+" with JSON", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					in, err := value.AppendJSON(nil, body)
					if err != nil {
						b.Fatal(err)
					}
					_ = in
					if err := g.call(ctx, goIndex[c.name], request); err != nil {
						b.Fatal(err)
					}
					if _, err := value.Decode(g.out); err != nil {
						b.Fatal(err)
					}
				}
			})
			cancel()
		}
	}
}

func BenchmarkFreshCall(b *testing.B) {
	h := newHost(b, wasm.Options{})
	for name, data := range map[string][]byte{"bare": echo(b), "go": goGuest(b, h)} {
		do := load(b, h, data, wasm.Settings{Instances: 1, Isolation: wasm.Fresh}).Definitions()[0].Command
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := do.Run(b.Context(), command.Call{Body: kilobyte()}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRewrite(b *testing.B) {
	data := guest.Build(b, "testdata/guest")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		m, err := module.Parse(data, module.DefaultLimits())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := interrupt.Rewrite(m, interrupt.Bounds{MemoryPages: 1024, TableEntries: 1 << 18}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoad is Load of the Go guest in a new host, with its compiled code in the cache and without.
func BenchmarkLoad(b *testing.B) {
	h := newHost(b, wasm.Options{})
	data := goGuest(b, h)
	for name, dir := range map[string]func() string{"warm": func() string { return guest.CacheDir(b) }, "cold": b.TempDir} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				h, err := wasm.NewHost(b.Context(), wasm.Options{CacheDir: dir()})
				if err != nil {
					b.Fatal(err)
				}
				load(b, h, data, wasm.Settings{})
				if err := h.Close(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkInstance reports what one more pooled Go instance costs in resident memory.
func BenchmarkInstance(b *testing.B) {
	const instances = 16
	for b.Loop() {
		g := newGate(instances)
		h := newHost(b, wasm.Options{Capabilities: g.capabilities(), MaxInstances: 2 * instances})
		p := load(b, h, goGuest(b, h), wasm.Settings{Instances: instances, Grants: map[string]map[string]any{"kv": nil}})
		runtime.GC()
		before := resident(b)
		var group sync.WaitGroup
		for range instances { // all of them are in use at the same time
			group.Go(func() {
				if _, err := do(b.Context(), b, p, map[string]any{"what": "call", "op": "kv.in"}); err != nil {
					b.Error(err)
				}
			})
		}
		group.Wait()
		b.ReportMetric(float64(resident(b)-before)/(instances-1)/(1<<20), "MB/instance")
	}
}

// resident gives the process's resident bytes where the system tells them.
func resident(b *testing.B) int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("the system does not tell resident memory")
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

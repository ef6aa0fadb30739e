package interrupt_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/runtime/wasm/interrupt"
	"github.com/penstock/penstock/runtime/wasm/module"
)

type types = []module.ValueType

var bounds = interrupt.Bounds{MemoryPages: 256, TableEntries: 1 << 18}

func parse(t testing.TB, data []byte) *module.Module {
	t.Helper()
	m, err := module.Parse(data, module.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func rewrite(t testing.TB, data []byte) []byte {
	t.Helper()
	out, err := interrupt.Rewrite(parse(t, data), bounds)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func instantiate(t testing.TB, data []byte) api.Module {
	t.Helper()
	r := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfig().WithDebugInfoEnabled(false))
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	wasi_snapshot_preview1.MustInstantiate(t.Context(), r)
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").
		WithSysNanotime().WithSysWalltime().WithSysNanosleep()
	mod, err := r.InstantiateWithConfig(t.Context(), data, config)
	if err != nil {
		t.Fatal(err)
	}
	return mod
}

// sample is a module with a bit of everything that the rewriter must step over.
func sample() *guest.Builder {
	b := &guest.Builder{}
	b.Memory(1, 0)
	b.Table(4)
	g := b.Global(7)
	fib := b.Func(types{guest.I32}, types{guest.I32}, nil, // fib(n) by recursion
		guest.LocalGet(0), guest.Const(2), guest.Op(0x48, 0x04, 0x7f), // n < 2: if (result i32)
		guest.LocalGet(0), guest.Op(0x05),
		guest.LocalGet(0), guest.Const(1), guest.Op(0x6b), guest.Call(0),
		guest.LocalGet(0), guest.Const(2), guest.Op(0x6b), guest.Call(0), guest.Op(0x6a, 0x0b))
	b.Element(fib)
	sum := b.Func(types{guest.I32}, types{guest.I32}, types{guest.I32, guest.I32},
		guest.Const(1), guest.LocalSet(1),
		guest.Times(1000, 1, guest.LocalGet(2), guest.LocalGet(1), guest.Op(0x6a), guest.LocalSet(2)),
		guest.LocalGet(2), guest.GlobalGet(g), guest.Op(0x6a))
	bulk := b.Func(types{guest.I32}, types{guest.I32}, nil,
		guest.Const(100), guest.LocalGet(0), guest.Const(50_000), guest.Op(0xfc, 11, 0), // fill
		guest.Const(51_000), guest.Const(100), guest.Const(10_000), guest.Op(0xfc, 10, 0, 0), // copy
		guest.Const(60_000), guest.Op(0x2d, 0, 0), // load8_u
		guest.Const(1), guest.Op(0x40, 0, 0x6a), // + grow(1)
		guest.Const(100_000), guest.Op(0x40, 0, 0x6a), // + grow(too much)
	)
	vector := b.Func(types{guest.I32}, types{guest.I32}, nil,
		guest.LocalGet(0), guest.Op(0xfd, 0x11), // i32x4.splat
		guest.Op(0xfd, 0x0c), make([]byte, 16), // v128.const 0
		guest.Op(0xfd, 0xae, 0x01),           // i32x4.add
		guest.Op(0xfd, 0x1b, 2),              // extract lane 2
		guest.Const(0), guest.Op(0x11, 0, 0), // call_indirect fib
	)
	b.Export("fib", module.Function, fib)
	b.Export("sum", module.Function, sum)
	b.Export("vector", module.Function, vector)
	b.Export("bulk", module.Function, bulk)
	b.Export("memory", module.Memory, 0)
	return b
}

func call(t testing.TB, m api.Module, name string, args ...uint64) []uint64 {
	t.Helper()
	out, err := m.ExportedFunction(name).Call(t.Context(), args...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}

func TestSameResults(t *testing.T) {
	t.Parallel()
	data := sample().Bytes()
	before, after := instantiate(t, data), instantiate(t, rewrite(t, data))
	for name, arg := range map[string]uint64{"fib": 20, "sum": 1, "vector": 7, "bulk": 65} {
		want := call(t, before, name, arg)
		if got := call(t, after, name, arg); got[0] != want[0] {
			t.Errorf("%s(%d) = %d, before the rewriting %d", name, arg, got[0], want[0])
		}
	}
	if got := after.ExportedGlobal(interrupt.RefusedGlobal).Get(); got != 1 {
		t.Errorf("the refused growth was not reported: %d", got)
	}
	if got := call(t, after, "fib", 25)[0]; got != 75025 {
		t.Errorf("fib(25) = %d", got)
	}
}

// endless gives modules that never return by themselves, each in its own way.
func endless() map[string]*guest.Builder {
	cases := map[string]*guest.Builder{}
	add := func(name string, code ...[]byte) *guest.Builder {
		b := &guest.Builder{}
		b.Memory(200, 0)
		b.Export("run", module.Function, b.Func(nil, nil, types{guest.I32}, code...))
		cases[name] = b
		return b
	}
	add("empty loop", guest.Forever())
	add("behind a plain start", guest.Const(1), guest.Op(0x1a), guest.Forever())
	var long []byte
	for range 20_000 { // a long straight body: 100 kB of divisions
		long = append(append(append(long, guest.Const(1000)...), guest.Const(7)...), 0x6e, 0x1a)
	}
	add("long loop body", guest.Forever(long))
	add("huge fills", guest.Forever(guest.Const(0), guest.Const(1), guest.Const(200<<16), guest.Op(0xfc, 11, 0)))
	add("huge copies", guest.Forever(guest.Const(0), guest.Const(100<<16), guest.Const(100<<16), guest.Op(0xfc, 10, 0, 0)))
	b := add("exponential calls", guest.Call(1))
	for i := uint32(1); i < 60; i++ {
		b.Func(nil, nil, nil, guest.Call(i+1), guest.Call(i+1))
	}
	b.Func(nil, nil, nil)
	return cases
}

func TestStopsAndLetsOthersRun(t *testing.T) {
	for name, b := range endless() {
		t.Run(name, func(t *testing.T) {
			m := instantiate(t, rewrite(t, b.Bytes()))
			ended := make(chan error, 1)
			go func() {
				_, err := m.ExportedFunction("run").Call(context.Background())
				ended <- err
			}()
			worst := time.Duration(0)
			for range 20 {
				start := time.Now()
				runtime.GC() // would not return before the guest does
				worst = max(worst, time.Since(start))
			}
			select {
			case err := <-ended:
				t.Fatalf("ended by itself: %v", err)
			default:
			}
			start := time.Now()
			m.ExportedGlobal(interrupt.StopGlobal).(api.MutableGlobal).Set(1)
			if err := <-ended; err == nil || !strings.Contains(err.Error(), "unreachable") {
				t.Errorf("ended with %v", err)
			}
			t.Logf("worst collection %v, stopped after %v", worst, time.Since(start))
		})
	}
}

func TestMaximaAreWritten(t *testing.T) {
	t.Parallel()
	b := sample()
	for name, out := range map[string][]byte{"rewritten": rewrite(t, b.Bytes()), "bounded": bound(t, b.Bytes())} {
		m := parse(t, out)
		if got := m.Memories[0]; !got.HasMax || got.Max != bounds.MemoryPages {
			t.Errorf("%s: memory %+v", name, got)
		}
		if got := m.Tables[0]; !got.HasMax || got.Max != bounds.TableEntries {
			t.Errorf("%s: table %+v", name, got)
		}
	}
	b = &guest.Builder{}
	b.Memory(1, 3)
	if got := parse(t, rewrite(t, b.Bytes())).Memories[0]; got.Max != 3 {
		t.Errorf("a smaller maximum became %d", got.Max)
	}
	b = &guest.Builder{}
	b.Memory(300, 0)
	if _, err := interrupt.Rewrite(parse(t, b.Bytes()), bounds); !errors.Is(err, interrupt.ErrMemory) {
		t.Errorf("too much memory to begin with: %v", err)
	}
}

func bound(t testing.TB, data []byte) []byte {
	t.Helper()
	out, err := interrupt.Bound(parse(t, data), bounds)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNamesAreKeptAndTheRestIsDropped(t *testing.T) {
	t.Parallel()
	b := &guest.Builder{}
	b.Memory(1, 0)
	b.Export("run", module.Function, b.Func(nil, nil, nil, guest.Op(0x00)))
	b.Custom(".debug_info", []byte("x"))
	b.Custom("name", []byte{0, 2, 1, 'm', 1, 7, 1, 0, 4, 'b', 'o', 'o', 'm', 2, 1, 0})
	out := rewrite(t, b.Bytes())
	if _, found := parse(t, out).Custom(".debug_info"); found {
		t.Error("debug information is still there")
	}
	_, err := instantiate(t, out).ExportedFunction("run").Call(t.Context())
	if err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("the trap does not name the function: %v", err)
	}
}

// TestOutOfItsSpaces: an index that is invalid before must not become a valid one for what was added.
func TestOutOfItsSpaces(t *testing.T) {
	t.Parallel()
	for name, code := range map[string][]byte{
		"stop global":     append(guest.Const(0), guest.GlobalSet(1)...),
		"countdown":       append(guest.GlobalGet(0), 0x1a),
		"helper function": guest.Call(1),
		"reference":       {0xd2, 1, 0x1a},
		"helper type":     {0x02, 1, 0x0b},
		"table":           {0x41, 0, 0x25, 0, 0x1a},
		"local":           {0x20, 0, 0x1a},
	} {
		b := &guest.Builder{}
		b.Memory(1, 0)
		b.Func(nil, nil, nil, code)
		if _, err := interrupt.Rewrite(parse(t, b.Bytes()), bounds); !errors.Is(err, module.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := &guest.Builder{}
	b.Memory(1, 0)
	b.Export(interrupt.StopGlobal, module.Memory, 0)
	if _, err := interrupt.Rewrite(parse(t, b.Bytes()), bounds); !errors.Is(err, module.ErrMalformed) {
		t.Errorf("reserved export: %v", err)
	}
}

func TestUnsupported(t *testing.T) {
	t.Parallel()
	for name, code := range map[string][]byte{
		"tail call":    {0x12, 0},
		"try":          {0x06, 0x40, 0x0b},
		"atomic":       {0xfe, 0x03, 0},
		"unknown misc": {0xfc, 18, 0},
		"typed ref":    {0xd0, 0x05},
	} {
		b := &guest.Builder{}
		b.Memory(1, 0)
		b.Func(nil, nil, nil, code)
		if _, err := interrupt.Rewrite(parse(t, b.Bytes()), bounds); !errors.Is(err, interrupt.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := interrupt.Rewrite(parse(t, (&guest.Builder{}).Bytes()), bounds); !errors.Is(err, interrupt.ErrUnsupported) {
		t.Errorf("no memory: %v", err)
	}
}

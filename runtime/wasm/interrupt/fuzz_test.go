package interrupt_test

import (
	"context"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/runtime/wasm/interrupt"
	"github.com/penstock/penstock/runtime/wasm/module"
)

// FuzzRewrite puts code into a module and holds the rewriter to its promises: it never panics, what the engine accepts
// it refuses only as unsupported, and its output is accepted where its input is, and only there.
func FuzzRewrite(f *testing.F) {
	for _, seed := range [][]byte{
		{},
		{0x01},
		{0x00},
		guest.Forever(),
		{0x12, 0},
		{0x02, 0x40, 0x0d, 0, 0x0b},
		guest.Times(3, 0),
		{0x41, 0, 0x40, 0, 0x1a},
		{0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 0},
		{0xfd, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfd, 0x80, 0x01, 0x1a},
		{0x41, 1, 0x04, 0x40, 0x05, 0x0b},
		{0x23, 0, 0x24, 0},
		{0x41, 0, 0x0e, 1, 0, 0},
		{0x03, 0x40, 0x03, 0x7f, 0x41, 0, 0x0b, 0x1a, 0x0b},
		{0xd2, 0, 0x1a},
		{0xd0, 0x70, 0xd1, 0x1a},
		{0x41, 0, 0xd0, 0x70, 0xfc, 15, 0, 0x1a},
		{0x10, 0},
		{0x41, 0, 0x11, 0, 0},
		{0x24, 1},
	} {
		f.Add(seed)
	}
	engine := wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfig().WithDebugInfoEnabled(false))
	f.Cleanup(func() { _ = engine.Close(context.Background()) })
	f.Fuzz(func(t *testing.T, code []byte) {
		b := &guest.Builder{}
		b.Memory(1, 2)
		b.Table(2)
		b.Global(3)
		b.Export("run", module.Function, b.Func(nil, nil, types{guest.I32, guest.I64}, code))
		b.Element(0)
		data := b.Bytes()
		m, err := module.Parse(data, module.DefaultLimits())
		if err != nil {
			t.Skip()
		}
		before, wantErr := engine.CompileModule(t.Context(), data)
		out, err := interrupt.Rewrite(m, bounds)
		if err != nil {
			if wantErr == nil {
				t.Fatalf("the engine accepts %x, the rewriter says: %v", code, err)
			}
			return
		}
		after, gotErr := engine.CompileModule(t.Context(), out)
		if (wantErr == nil) != (gotErr == nil) {
			t.Fatalf("%x: the engine said %v before and %v after", code, wantErr, gotErr)
		}
		if wantErr == nil {
			sameEnd(t, engine, before, after)
			_ = before.Close(t.Context())
			_ = after.Close(t.Context())
		}
	})
}

// sameEnd runs both modules for a short time and compares whether they trapped and what is in memory.
func sameEnd(t *testing.T, engine wazero.Runtime, before, after wazero.CompiledModule) {
	config := wazero.NewModuleConfig().WithName("")
	b, err := engine.InstantiateModule(t.Context(), after, config)
	if err != nil {
		return // a start that traps
	}
	defer b.Close(t.Context())
	timer := time.AfterFunc(20*time.Millisecond, func() {
		b.ExportedGlobal(interrupt.StopGlobal).(api.MutableGlobal).Set(1)
	})
	_, gotErr := b.ExportedFunction("run").Call(t.Context())
	if !timer.Stop() {
		return // does not end; without the rewriting nobody could find that out
	}
	a, err := engine.InstantiateModule(t.Context(), before, config)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close(t.Context())
	if _, err := a.ExportedFunction("run").Call(t.Context()); (err == nil) != (gotErr == nil) {
		t.Fatalf("ended with %v before and %v after", err, gotErr)
	}
}

// FuzzModule gives whole files to the parser, the rewriter and the engine: whatever the first two let through, the engine
// must survive, and it must accept the rewritten module when it accepts the original.
func FuzzModule(f *testing.F) {
	f.Add(sample().Bytes())
	for _, b := range endless() {
		f.Add(b.Bytes())
	}
	b := sample()
	b.Start(b.Func(nil, nil, nil))
	b.Custom("name", []byte{1, 4, 1, 0, 1, 'a'})
	f.Add(b.Bytes())
	engine := wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigInterpreter().WithDebugInfoEnabled(false))
	f.Cleanup(func() { _ = engine.Close(context.Background()) })
	limits := module.DefaultLimits()
	limits.Size = 1 << 18
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := module.Parse(data, limits)
		if err != nil {
			t.Skip()
		}
		out, err := interrupt.Rewrite(m, bounds)
		if err != nil {
			return
		}
		before, wantErr := engine.CompileModule(t.Context(), data)
		after, gotErr := engine.CompileModule(t.Context(), out)
		if wantErr == nil && gotErr != nil {
			t.Fatalf("refused after the rewriting: %v", gotErr)
		}
		if wantErr == nil {
			_ = before.Close(t.Context())
		}
		if gotErr == nil {
			_ = after.Close(t.Context())
		}
	})
}

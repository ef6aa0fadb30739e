package wasm_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm"
	"github.com/penstock/penstock/runtime/wasm/module"
)

// TestHostileModule gives modules that must not get as far as a call.
func TestHostileModule(t *testing.T) {
	h := newHost(t, wasm.Options{CacheDir: t.TempDir()})
	others := startBystanders(t, h)
	defer func() {
		others.stop()
		others.group.Wait()
	}()
	for name, c := range hostileModules() {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			start := time.Now()
			p, err := h.Load(ctx, wasm.Source{Name: "bad.wasm", Bytes: c.data}, c.settings)
			if err == nil {
				t.Fatalf("loaded as %v", p.Manifest().Name)
			}
			wantCode(t, err, c.want)
			pause, _ := others.worstSince()
			t.Logf("%v after %v, worst pause of others %v", err, time.Since(start).Round(time.Microsecond), pause)
		})
	}
}

func hostileModules() map[string]hostileCase {
	cases := map[string]hostileCase{}
	manifest := guest.Manifest(bad, nil)
	add := func(name string, want fault.Code, b *guest.Builder) {
		cases[name] = hostileCase{data: packed(b, manifest), want: want}
	}
	with := func(change func(b *guest.Builder)) *guest.Builder {
		b := abi()
		change(b)
		return b
	}
	bare := func(least uint32, change func(b *guest.Builder)) *guest.Builder { // without imports
		b := &guest.Builder{}
		change(b)
		b.Memory(least, 0)
		b.Export("memory", module.Memory, 0)
		for _, name := range []string{"pcmd_abi", "pcmd_describe"} {
			b.Export(name, module.Function, b.Func(nil, types{guest.I32}, nil, guest.Const(1)))
		}
		return b.Run(guest.Const(0))
	}
	nothing := func(*guest.Builder) {}

	// Sizes.
	add("17 MiB of data", fault.PluginTooLarge, with(func(b *guest.Builder) { b.Custom("x", make([]byte, 17<<20)) }))
	add("200,000 functions", fault.PluginTooLarge, with(func(b *guest.Builder) {
		for range 200_000 {
			b.Func(nil, nil, nil)
		}
	}))
	add("function of 1 MiB", fault.PluginTooLarge, with(func(b *guest.Builder) {
		b.Func(nil, nil, nil, []byte(strings.Repeat("\x01", 1<<20)))
	}))
	add("4 billion locals", fault.PluginTooLarge, with(func(b *guest.Builder) {
		b.Func(nil, nil, nil)
		b.RawCode([]byte{1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0x0b})
	}))
	add("2,000 locals in each of 1,000 functions", fault.PluginTooLarge, with(func(b *guest.Builder) {
		for range 1_000 {
			b.RawCode([]byte{1, 0xd0, 0x0f, 0x7f, 0x0b})
		}
	}))
	add("many loops with many locals", fault.PluginTooLarge, with(func(b *guest.Builder) {
		var code []byte
		for i := range 20_000 {
			code = append(append(code, 0x03, 0x40), guest.LocalGet(uint32(i%2000))...)
			code = append(append(code, guest.LocalSet(uint32((i*7+1)%2000))...), 0x0b)
		}
		b.Func(nil, nil, slices.Repeat(types{guest.I32}, 2000), code)
	}))
	add("deep loops in many functions", fault.PluginTooLarge, with(func(b *guest.Builder) {
		code := []byte(strings.Repeat("\x03\x40", 2000) + strings.Repeat("\x41\x00\x0d\x00\x0b", 2000))
		for range 50 {
			b.Func(nil, nil, nil, code)
		}
	}))
	add("4 GiB of memory to begin with", fault.PluginTooLarge, bare(65_536, nothing))
	add("memory beyond the setting to begin with", fault.PluginMemory, bare(64*16+1, nothing))
	add("table of 100 million", fault.PluginTooLarge, with(func(b *guest.Builder) { b.Table(100_000_000) }))
	for id := range byte(13) { // a count of 2^32-1 in a section of five bytes
		if id != module.CustomSection && id != module.StartSection && id != module.DataCountSection {
			data := module.Encode([]module.Section{{ID: id, Body: []byte{0xff, 0xff, 0xff, 0xff, 0x0f}}})
			cases["4 billion items in section "+string('a'+rune(id))] = hostileCase{data: data, want: fault.PluginTooLarge}
		}
	}

	// Imports and exports.
	add("import of an unknown function", fault.PluginImport, bare(1, func(b *guest.Builder) { b.Import("pcmd", "net_dial", types{guest.I32}, nil) }))
	add("import of a foreign module", fault.PluginImport, bare(1, func(b *guest.Builder) { b.Import("env", "abort", nil, nil) }))
	add("import of a socket", fault.PluginImport, bare(1, func(b *guest.Builder) {
		b.Import("wasi_snapshot_preview1", "sock_accept", types{guest.I32, guest.I32, guest.I32}, types{guest.I32})
	}))
	add("import with a wrong signature", fault.PluginImport, bare(1, func(b *guest.Builder) { b.Import("pcmd", "output", types{guest.I32}, nil) }))
	add("import of WASI with a wrong signature", fault.PluginImport, bare(1, func(b *guest.Builder) {
		b.Import("wasi_snapshot_preview1", "fd_write", types{guest.I64}, nil)
	}))
	add("import of a memory", fault.PluginImport, bare(1, func(b *guest.Builder) { b.ImportRaw("pcmd", "memory", byte(module.Memory), 0, 1) }))
	add("import of a global", fault.PluginImport, bare(1, func(b *guest.Builder) { b.ImportRaw("pcmd", "stop", byte(module.Global), 0x7f, 1) }))
	add("program instead of a library", fault.PluginABI, with(func(b *guest.Builder) { b.Export("_start", module.Function, 6) }))
	add("no pcmd_run", fault.PluginABI, guest.ABI(manifest))
	b := guest.ABI(manifest)
	b.Export("pcmd_run", module.Function, b.Func(types{guest.I32}, types{guest.I32}, nil, guest.Const(0)))
	add("pcmd_run with one parameter", fault.PluginABI, b)
	b = guest.ABI(manifest)
	b.Export("pcmd_run", module.Memory, 0)
	add("pcmd_run is a memory", fault.PluginABI, b)
	b = &guest.Builder{}
	b.Export("memory", module.Function, b.Func(nil, nil, nil))
	add("no memory", fault.PluginABI, b)
	b = &guest.Builder{}
	b.Memory(1, 0)
	b.Export("memory", module.Memory, 0)
	b.Export("pcmd_abi", module.Function, b.Func(nil, types{guest.I32}, nil, guest.Const(2)))
	b.Export("pcmd_describe", module.Function, b.Func(nil, types{guest.I32}, nil, guest.Const(1)))
	add("another ABI", fault.PluginABI, b.Run(guest.Const(0)))
	cases["another ABI in the manifest"] = hostileCase{data: packed(abi(), guest.Manifest(bad, map[string]any{"abi": 2})), want: fault.PluginABI}

	// What runs at load.
	add("endless start function", fault.PluginTimeout, with(func(b *guest.Builder) { b.Start(b.Func(nil, nil, nil, guest.Forever())) }))
	add("endless _initialize", fault.PluginTimeout, with(func(b *guest.Builder) {
		b.Export("_initialize", module.Function, b.Func(nil, nil, nil, guest.Forever()))
	}))
	add("start function traps", fault.PluginTrap, with(func(b *guest.Builder) { b.Start(b.Func(nil, nil, nil, guest.Op(0x00))) }))
	add("data outside memory", fault.PluginInvalid, with(func(b *guest.Builder) { b.Data(65_530, make([]byte, 100)) }))

	// Form.
	add("code that does not check", fault.PluginInvalid, with(func(b *guest.Builder) { b.Func(nil, types{guest.I32}, nil) }))
	add("tail call", fault.PluginInvalid, with(func(b *guest.Builder) { b.Func(nil, nil, nil, guest.Op(0x12, 8)) }))
	add("reserved export", fault.PluginInvalid, with(func(b *guest.Builder) { b.Export("pcmd.stop", module.Global, b.Global(0)) }))
	for name, data := range map[string]string{
		"empty": "", "text": "hello", "component": "\x00asm\x0d\x00\x01\x00", "header alone": module.Header,
	} {
		want := fault.PluginInvalid
		if name == "header alone" {
			want = fault.PluginABI
		}
		cases[name] = hostileCase{data: []byte(data), want: want}
	}
	cases["not packed"] = hostileCase{data: abi().Bytes(), want: fault.PluginInvalid}
	twice := abi()
	twice.Custom(wasm.ManifestSection, []byte(manifest))
	add("two manifests", fault.PluginInvalid, twice)
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "{", "a list": "[]", "deep": strings.Repeat("[", 1000), "doubled names": `{"abi":1,"abi":1}`,
		"upper case name":  guest.Manifest("Bad", nil),
		"path as a name":   guest.Manifest("../../etc", nil),
		"no commands":      guest.Manifest(bad, map[string]any{"commands": []any{}}),
		"no version":       guest.Manifest(bad, map[string]any{"version": "x"}),
		"huge memory":      guest.Manifest(bad, map[string]any{"limits": map[string]any{"memoryMB": 1 << 30}}),
		"wrong isolation":  guest.Manifest(bad, map[string]any{"isolation": "none"}),
		"control in text":  guest.Manifest(bad, map[string]any{"summary": "a\x1b[2J"}),
		"bad capability":   guest.Manifest(bad, map[string]any{"capabilities": []any{"*"}}),
		"300 KB":           guest.Manifest(bad, map[string]any{"x": strings.Repeat("x", 300_000)}),
		"unknown keyword":  manifestWithParam(map[string]any{"type": "string", "minLength": 5}),
		"reserved param":   strings.Replace(manifestWithParam(map[string]any{}), `"p"`, `"onError"`, 1),
		"unknown type":     manifestWithParam(map[string]any{"type": "date"}),
		"enum of a number": manifestWithParam(map[string]any{"type": "number", "enum": []any{"a"}}),
	} {
		cases["manifest: "+name] = hostileCase{data: packed(abi(), text), want: fault.PluginInvalid}
	}
	cases["pinned digest"] = hostileCase{
		data: packed(abi(), manifest), want: fault.PluginInvalid,
		settings: wasm.Settings{Digest: wasm.Digest([]byte("another file"))},
	}
	return cases
}

func manifestWithParam(property map[string]any) string {
	return guest.Manifest(bad, map[string]any{"commands": []any{map[string]any{
		"name": bad, "summary": "s", "params": map[string]any{"type": "object", "properties": map[string]any{"p": property}},
	}}})
}

// TestHostileDescription packs modules whose description lies or never comes.
func TestHostileDescription(t *testing.T) {
	t.Parallel()
	h := newHost(t, wasm.Options{CacheDir: t.TempDir()})
	describe := func(code ...[]byte) []byte {
		b := &guest.Builder{}
		b.Import("pcmd", "output", types{guest.I32, guest.I32}, nil)
		b.Memory(1, 0)
		b.Export("memory", module.Memory, 0)
		b.Data(0, []byte("{}"))
		b.Export("pcmd_abi", module.Function, b.Func(nil, types{guest.I32}, nil, guest.Const(1)))
		b.Export("pcmd_describe", module.Function, b.Func(nil, types{guest.I32}, nil, code...))
		return b.Run(guest.Const(0)).Bytes()
	}
	for name, c := range map[string]struct {
		data []byte
		want fault.Code
	}{
		"fails":        {describe(guest.Const(1)), fault.PluginFailed},
		"says nothing": {describe(guest.Const(0)), fault.PluginProtocol},
		"endless":      {describe(guest.Forever(), guest.Const(0)), fault.PluginTimeout},
		"traps":        {describe(guest.Op(0x00)), fault.PluginTrap},
		"60 MB":        {describe(guest.Const(0), guest.Const(60<<20), guest.Call(0), guest.Const(0)), fault.PluginOutput},
		"empty object": {describe(guest.Const(0), guest.Const(2), guest.Call(0), guest.Const(0)), fault.PluginABI},
		"no JSON":      {describe(guest.Const(0), guest.Const(1), guest.Call(0), guest.Const(0)), fault.PluginInvalid},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		_, err := h.Pack(ctx, c.data)
		cancel()
		if fault.CodeOf(err) != c.want {
			t.Errorf("%s: got %q (%v), want %q", name, fault.CodeOf(err), err, c.want)
		}
	}
}

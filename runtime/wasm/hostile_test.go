package wasm_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm"
	"github.com/penstock/penstock/runtime/wasm/module"
)

type types = []module.ValueType

// bad is the name of the plugin, and of its command, that the hostile modules have.
const bad = "bad.guest"

// packed gives a module with its manifest embedded, without asking the module.
func packed(b *guest.Builder, manifest string) []byte {
	b.Custom(wasm.ManifestSection, []byte(manifest))
	return b.Bytes()
}

// abi begins a hostile module; its pcmd_run gets code.
func abi(code ...[]byte) *guest.Builder {
	return guest.ABI(guest.Manifest(bad, nil)).Run(append(code, guest.Const(0))...)
}

// bystanders do what the rest of the process would: call another plugin and collect garbage.
type bystanders struct {
	stop  context.CancelFunc
	group sync.WaitGroup
	mu    sync.Mutex
	worst time.Duration
	calls int
}

func startBystanders(t *testing.T, h *wasm.Host) *bystanders {
	b := guest.ABI(guest.Manifest("good.guest", nil))
	b.Run(b.Text(0, `"fine"`), guest.Call(guest.Output), guest.Const(0))
	p := load(t, h, packed(b, guest.Manifest("good.guest", nil)), wasm.Settings{})
	run := p.Definitions()[0].Command
	ctx, cancel := context.WithCancel(context.Background())
	s := &bystanders{stop: cancel}
	watch := func(do func()) {
		for ctx.Err() == nil {
			start := time.Now()
			do()
			took := time.Since(start)
			s.mu.Lock()
			s.worst = max(s.worst, took)
			s.calls++
			s.mu.Unlock()
			runtime.Gosched()
		}
	}
	s.group.Go(func() { watch(runtime.GC) })
	s.group.Go(func() {
		watch(func() {
			if r, err := run.Run(context.Background(), command.Call{}); err != nil || r.Value != "fine" {
				t.Errorf("the other plugin answered %v, %v", r.Value, err)
			}
		})
	})
	return s
}

// worstSince gives the worst pause since the last question.
func (s *bystanders) worstSince() (worst time.Duration, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	worst, calls = s.worst, s.calls
	s.worst, s.calls = 0, 0
	return worst, calls
}

type hostileCase struct {
	data     []byte
	settings wasm.Settings
	want     fault.Code
}

// TestHostile gives each hostile module one call. Each must end with its own code, while another plugin and the collector
// go on. A frozen process would show as a pause as long as the guest runs, which here is for ever.
func TestHostile(t *testing.T) {
	h := newHost(t, wasm.Options{CacheDir: t.TempDir()})
	others := startBystanders(t, h)
	defer func() {
		others.stop()
		others.group.Wait()
	}()
	worst, worstName := time.Duration(0), ""
	for name, c := range hostileCalls() {
		t.Run(name, func(t *testing.T) {
			others.worstSince()
			if c.settings.Timeout = 300 * time.Millisecond; c.want != fault.PluginTimeout {
				c.settings.Timeout = 20 * time.Second // it must end by its own limit, on a slow machine too
			}
			start := time.Now()
			err := loadAndCall(t, h, c)
			took := time.Since(start)
			if fault.CodeOf(err) != c.want {
				t.Errorf("got %q (%v), want %q", fault.CodeOf(err), err, c.want)
			}
			pause, calls := others.worstSince()
			t.Logf("%s after %v; worst pause of %d others %v", fault.CodeOf(err), took.Round(time.Microsecond), calls, pause)
			if pause > worst {
				worst, worstName = pause, name
			}
			if pause > 10*time.Second {
				t.Errorf("others stood still for %v", pause)
			}
		})
	}
	fmt.Fprintf(os.Stderr, "hostile guests: the worst pause of anything else in the process was %v (%s)\n", worst, worstName)
}

func loadAndCall(t *testing.T, h *wasm.Host, c hostileCase) error {
	p, err := h.Load(t.Context(), wasm.Source{Name: "bad.wasm", Bytes: c.data}, c.settings)
	if err != nil {
		return err
	}
	defer func() {
		if err := p.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	_, err = p.Definitions()[0].Command.Run(t.Context(), command.Call{})
	return err
}

func hostileCalls() map[string]hostileCase {
	cases := map[string]hostileCase{}
	add := func(name string, want fault.Code, b *guest.Builder) {
		cases[name] = hostileCase{data: packed(b, guest.Manifest(bad, nil)), want: want}
	}
	code := func(name string, want fault.Code, code ...[]byte) { add(name, want, abi(code...)) }

	// Time.
	code("endless loop", fault.PluginTimeout, guest.Forever())
	code("endless fills", fault.PluginTimeout, guest.Forever(guest.Const(0), guest.Const(0), guest.Const(65_536), guest.Op(0xfc, 11, 0)))
	code("endless host calls within memory", fault.PluginCalls, guest.Forever(guest.Const(0), guest.Call(guest.Input)))
	b := abi(guest.Call(9))
	b.Func(nil, nil, nil, guest.Call(10), guest.Call(10))
	for i := range uint32(50) {
		b.Func(nil, nil, nil, guest.Call(11+i), guest.Call(11+i))
	}
	b.Func(nil, nil, nil)
	add("exponential calls", fault.PluginTimeout, b)
	add("sleep for ever", fault.PluginTimeout, sleeper())

	// Memory and stack.
	b = abi(guest.Call(9))
	b.Func(nil, nil, nil, guest.Call(9))
	add("endless recursion", fault.PluginStack, b)
	code("memory grows until it traps", fault.PluginMemory, guest.Forever(
		guest.Const(16), guest.Op(0x40, 0), guest.Const(-1), guest.Op(0x46, 0x04, 0x40, 0x00, 0x0b)))
	code("memory grows for ever", fault.PluginTimeout, guest.Forever(guest.Const(1), guest.Op(0x40, 0, 0x1a)))
	b = abi(guest.Forever(guest.Op(0xd0, 0x70), guest.Const(10_000), guest.Op(0xfc, 15, 0, 0x1a)))
	b.Table(1)
	add("table grows for ever", fault.PluginTimeout, b)

	// Output, log, host calls.
	code("output of 512 MiB", fault.PluginOutput, guest.Const(0), guest.Const(512<<20), guest.Call(guest.Output))
	code("error of 1 MiB", fault.PluginOutput, guest.Const(0), guest.Const(1<<20), guest.Call(guest.Error))
	code("million log lines", fault.PluginCalls, guest.Times(1_000_000, 2, guest.Const(1), guest.Const(1024), guest.Const(100), guest.Call(guest.Log)))
	call := append(append(guest.Const(1024), guest.Const(4)...), append(guest.Const(1024), guest.Const(4)...)...)
	code("capability used 100,000 times", fault.PluginCalls, guest.Times(100_000, 2, call, guest.Call(guest.CallHost), guest.Op(0x1a)))
	code("capability used for ever", fault.PluginCalls, guest.Forever(call, guest.Call(guest.CallHost), guest.Op(0x1a)))

	// The protocol.
	code("output outside memory", fault.PluginProtocol, guest.Const(65_536), guest.Const(1), guest.Call(guest.Output))
	code("response that is not there", fault.PluginProtocol, guest.Const(0), guest.Call(guest.Take))
	code("output is not JSON", fault.PluginProtocol, guest.Const(0), guest.Const(1), guest.Call(guest.Output))
	b = guest.ABI(guest.Manifest(bad, nil))
	b.Run(b.Text(0, strings.Repeat("[", 1000)), guest.Call(guest.Output), guest.Const(0))
	add("output nests deeply", fault.PluginProtocol, b)
	add("unknown status", fault.PluginProtocol, guest.ABI(guest.Manifest(bad, nil)).Run(guest.Const(99)))
	add("failure without reason", fault.PluginFailed, guest.ABI(guest.Manifest(bad, nil)).Run(guest.Const(1)))
	b = guest.ABI(guest.Manifest(bad, nil))
	b.Run(b.Text(0, `["no object"]`), guest.Call(guest.Error), guest.Const(1))
	add("error object is a list", fault.PluginProtocol, b)

	// Traps and ends.
	code("unreachable", fault.PluginTrap, guest.Op(0x00))
	code("division by zero", fault.PluginTrap, guest.Const(1), guest.Const(0), guest.Op(0x6d, 0x1a))
	code("load outside memory", fault.PluginTrap, guest.Const(-1), guest.Op(0x28, 0, 0, 0x1a))
	add("proc_exit", fault.PluginExit, exiter())
	return cases
}

// wasi begins a module that imports one function of WASI as function 6 and calls it in pcmd_run.
func wasi(name string, params, results types, code ...[]byte) *guest.Builder {
	manifest := guest.Manifest(bad, nil)
	b := &guest.Builder{}
	b.Import("wasi_snapshot_preview1", name, params, results)
	b.Memory(1, 0)
	b.Export("memory", module.Memory, 0)
	b.Data(guest.ManifestAt, []byte(manifest))
	b.Export("pcmd_abi", module.Function, b.Func(nil, types{guest.I32}, nil, guest.Const(1)))
	b.Export("pcmd_describe", module.Function, b.Func(nil, types{guest.I32}, nil, guest.Const(1)))
	return b.Run(append(code, guest.Const(0))...)
}

func exiter() *guest.Builder {
	return wasi("proc_exit", types{guest.I32}, nil, guest.Const(3), guest.Call(0))
}

// sleeper waits for a clock event in 292 years, and again when it is woken early.
func sleeper() *guest.Builder {
	b := wasi("poll_oneoff", types{guest.I32, guest.I32, guest.I32, guest.I32}, types{guest.I32}, guest.Forever(
		guest.Const(0), guest.Const(512), guest.Const(1), guest.Const(1000), guest.Call(0), guest.Op(0x1a)))
	subscription := make([]byte, 48)
	subscription[16] = 1 // monotonic
	copy(subscription[24:], []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	b.Data(0, subscription)
	return b
}

package wasm_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm"
)

const memorySize = 65_536

// edges are the pointers and lengths that a host gets wrong.
var edges = []uint32{0, 1, memorySize - 1, memorySize, memorySize + 1, math.MaxInt32, 1 << 31, math.MaxUint32}

func push(v uint32) []byte { return guest.Const(int32(v)) }

// TestHostilePointers gives every host function every pair of edge values. The host must answer as the sizes say:
// never a crash of its own, never a byte from outside.
func TestHostilePointers(t *testing.T) {
	t.Parallel()
	h := newHost(t, wasm.Options{CacheDir: t.TempDir()})
	call := func(name string, want fault.Code, code ...[]byte) {
		t.Helper()
		p := load(t, h, packed(abi(code...), guest.Manifest(bad, nil)), wasm.Settings{Instances: 1})
		defer p.Close(t.Context()) // a failed close fails the host's
		_, err := p.Definitions()[0].Command.Run(t.Context(), command.Call{})
		if fault.CodeOf(err) != want {
			t.Errorf("%s: got %q (%v), want %q", name, fault.CodeOf(err), err, want)
		}
	}
	for _, a := range edges {
		for _, b := range edges {
			name := fmt.Sprintf("(%#x, %#x)", a, b)
			inside := uint64(a)+uint64(b) <= memorySize
			pick := func(ok bool, good, wrong fault.Code) fault.Code {
				if ok {
					return good
				}
				return wrong
			}
			// What is inside is no JSON, but for the first byte of nothing: the protocol is broken either way.
			call("output"+name, pick(b > 1<<20, fault.PluginOutput, fault.PluginProtocol), push(a), push(b), guest.Call(guest.Output))
			call("error"+name, pick(uint64(b) > 64<<10, fault.PluginOutput, pick(inside, "", fault.PluginProtocol)),
				push(a), push(b), guest.Call(guest.Error))
			call("log"+name, pick(inside, "", fault.PluginProtocol), push(a), push(a), push(b), guest.Call(guest.Log))
			// pcmd.call says -1 for what is outside; the guest then traps, so that the host's answer is seen.
			trapOnOutside := append([]byte{0x42, 0x7f, 0x51}, 0x04, 0x40, 0x00, 0x0b) // i64.const -1, eq, if, unreachable, end
			longName := pick(inside && b > 128, fault.PluginCalls, pick(inside, "", fault.PluginTrap))
			call("call operation"+name, longName, push(a), push(b), push(0), push(0), guest.Call(guest.CallHost), trapOnOutside)
			call("call request"+name, pick(inside, "", fault.PluginTrap), push(0), push(1), push(a), push(b), guest.Call(guest.CallHost), trapOnOutside)
		}
		fits := uint64(a)+10 <= memorySize // both what is put in and what is taken is longer than that
		call(fmt.Sprintf("input(%#x)", a), map[bool]fault.Code{true: "", false: fault.PluginProtocol}[fits], push(a), guest.Call(guest.Input))
		call(fmt.Sprintf("take(%#x)", a), map[bool]fault.Code{true: "", false: fault.PluginProtocol}[fits],
			push(0), push(1), push(0), push(0), guest.Call(guest.CallHost), guest.Op(0x1a), push(a), guest.Call(guest.Take))
	}
}

// TestHostileRandomCalls lets guests throw random numbers at pcmd.call, which survives them, and hands what it answers to take.
func TestHostileRandomCalls(t *testing.T) {
	t.Parallel()
	h := newHost(t, wasm.Options{CacheDir: t.TempDir()})
	for seed := range int32(8) {
		b := guest.ABI(guest.Manifest(bad, nil))
		state := b.Global(seed*7919 + 1)
		b.Func(nil, types{guest.I32}, nil, // function 8: xorshift32
			guest.GlobalGet(state), guest.GlobalGet(state), guest.Const(13), guest.Op(0x74, 0x73), guest.GlobalSet(state),
			guest.GlobalGet(state), guest.GlobalGet(state), guest.Const(17), guest.Op(0x76, 0x73), guest.GlobalSet(state),
			guest.GlobalGet(state), guest.GlobalGet(state), guest.Const(5), guest.Op(0x74, 0x73), guest.GlobalSet(state),
			guest.GlobalGet(state), guest.GlobalGet(state), guest.Const(15), guest.Op(0x71, 0x76)) // shifted by itself: all sizes
		next := guest.Call(8)
		b.Run(guest.Times(90_000, 2, next, next, next, next, guest.Call(guest.CallHost), guest.Op(0x1a)), guest.Const(0))
		p := load(t, h, packed(b, guest.Manifest(bad, nil)), wasm.Settings{HostCalls: 100_000, Timeout: time.Minute})
		_, err := p.Definitions()[0].Command.Run(t.Context(), command.Call{})
		if code := fault.CodeOf(err); code != "" && code != fault.PluginCalls {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

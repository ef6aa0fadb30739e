package wasm

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/wasm/capability"
)

// The refusals of pcmd.call.
const (
	callOutside = -1 // a pointer or length is outside memory
	callUsedUp  = -2 // the limit of host calls or of request size is used up
)

// errAborted is thrown through the guest when the host ends it; the reason is in the run.
var errAborted = errors.New("the host ended the guest")

// exportHostFunctions makes the module pcmd. The upper half of an i32 argument is not always zero, so each is
// cut to 32 bits; what is read from memory is a view that the guest may change, so it is copied at once.
func exportHostFunctions(ctx context.Context, r wazero.Runtime) error {
	b := r.NewHostModuleBuilder(importModule)
	functions := map[string]func(r *run, mem api.Memory, stack []uint64){
		"input": func(r *run, mem api.Memory, stack []uint64) {
			if !mem.Write(uint32(stack[0]), r.input) {
				r.end(outside("input"))
			}
		},
		"output": func(r *run, mem api.Memory, stack []uint64) {
			limit := r.inst.plugin.settings.OutputBytes
			r.output, r.hasOutput = r.read(mem, stack, limit, "output"), true
		},
		"error": func(r *run, mem api.Memory, stack []uint64) {
			r.errObject = r.read(mem, stack, maxErrorObject, "error")
		},
		"log": func(r *run, mem api.Memory, stack []uint64) {
			text, ok := mem.Read(uint32(stack[1]), uint32(stack[2]))
			if !ok {
				r.end(outside("log"))
			}
			r.log(guestLevel(uint32(stack[0])), text)
		},
		"call": func(r *run, mem api.Memory, stack []uint64) {
			stack[0] = api.EncodeI64(r.callPower(mem, stack))
		},
		"take": func(r *run, mem api.Memory, stack []uint64) {
			if !r.hasAnswer {
				r.end(fault.New(fault.PluginProtocol, "the plugin took a response that was not there"))
			}
			if !mem.Write(uint32(stack[0]), r.waiting) {
				r.end(outside("take"))
			}
			r.waiting, r.hasAnswer = nil, false
		},
	}
	for name, s := range hostSignatures() {
		f := functions[name]
		b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(ctx context.Context, mod api.Module, stack []uint64) {
			r := ctx.Value(runKey{}).(*run)
			if r.functions++; r.functions > maxHostFunctions {
				r.end(fault.New(fault.PluginCalls, "the plugin used host functions more than %d times", maxHostFunctions))
			}
			f(r, mod.Memory(), stack)
		}), valueTypes(s.Params), valueTypes(s.Results)).Export(name)
	}
	_, err := b.Instantiate(ctx)
	return err
}

func valueTypes[T ~byte](in []T) []api.ValueType {
	out := make([]api.ValueType, len(in))
	for i, t := range in {
		out[i] = api.ValueType(t)
	}
	return out
}

// end ends the guest with e.
func (r *run) end(e *fault.Error) {
	r.abort = e
	panic(errAborted)
}

func outside(function string) *fault.Error {
	return fault.New(fault.PluginProtocol, "the plugin gave %s a pointer outside its memory", function)
}

// read copies what a pointer and a length on the stack point to. The length is checked first.
func (r *run) read(mem api.Memory, stack []uint64, limit int, what string) []byte {
	ptr, size := uint32(stack[0]), uint32(stack[1])
	if uint64(size) > uint64(limit) {
		r.end(fault.New(fault.PluginOutput, "the plugin gave an %s of %d bytes, allowed are %d", what, size, limit))
	}
	view, ok := mem.Read(ptr, size)
	if !ok {
		r.end(outside(what))
	}
	return append([]byte(nil), view...)
}

// callPower serves pcmd.call: it finds the power, asks it, and keeps the response until the guest takes it.
func (r *run) callPower(mem api.Memory, stack []uint64) int64 {
	opPtr, opSize, reqPtr, reqSize := uint32(stack[0]), uint32(stack[1]), uint32(stack[2]), uint32(stack[3])
	r.waiting, r.hasAnswer = nil, false
	op, ok := mem.Read(opPtr, opSize)
	if !ok {
		return callOutside
	}
	request, ok := mem.Read(reqPtr, reqSize)
	if !ok {
		return callOutside
	}
	if r.powerCalls++; r.powerCalls > r.inst.plugin.settings.HostCalls {
		r.failed = fault.New(fault.PluginCalls, "the plugin used capabilities more than %d times in one call", r.inst.plugin.settings.HostCalls)
		return callUsedUp
	}
	if len(op) > maxOperation || reqSize > maxPowerRequest {
		r.failed = fault.New(fault.PluginCalls, "the plugin made a request to a capability that is too large")
		return callUsedUp
	}
	r.waiting, r.hasAnswer = r.ask(string(op), append([]byte(nil), request...)), true
	return int64(len(r.waiting))
}

// ask gives the envelope with the answer to one operation.
func (r *run) ask(op string, request []byte) []byte {
	response, err := r.power(op, request)
	if err == nil {
		if response == nil {
			response = []byte("null")
		}
		return append(append(append(make([]byte, 0, len(response)+8), `{"ok":`...), response...), '}')
	}
	code, message := fault.CodeOf(err), "the host could not do it"
	var f *fault.Error
	if errors.As(err, &f) {
		message = f.Message
	}
	r.denied = r.denied || code == fault.PluginDenied
	r.logger.Info("capability refused an operation", slog.String("plugin", r.inst.plugin.manifest.Name),
		slog.String("operation", clip(op, maxOperation)), slog.String("code", string(code)), slog.Any("reason", err))
	retry, after := fault.Retryable(err)
	object := map[string]any{"code": string(code), "message": message, "retryable": retry}
	if after > 0 {
		object["retryAfterMs"] = int(after.Milliseconds())
	}
	b, err := value.AppendJSON(nil, map[string]any{"error": object})
	if err != nil {
		return []byte(`{"error":{"code":"internal","message":"the host could not do it","retryable":false}}`)
	}
	return b
}

// power does the operation if it is granted. A panic of a power is an error like any other, not the guest's fault.
func (r *run) power(op string, request []byte) (response []byte, err error) {
	name, _, _ := strings.Cut(op, ".")
	power, granted := r.inst.plugin.powers[name]
	if !granted {
		return nil, fault.New(fault.PluginDenied, "the capability of this operation is not granted to plugin %s", r.inst.plugin.manifest.Name)
	}
	defer func() {
		if p := recover(); p != nil {
			response, err = nil, fault.New(fault.Internal, "capability %s panicked", name)
			r.logger.Error("capability panicked", slog.String("capability", name), slog.Any("panic", p))
		}
	}()
	return power.Call(capability.WithCaller(r.Context, r.caller()), op, request)
}

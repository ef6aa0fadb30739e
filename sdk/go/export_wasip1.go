package plugin

import (
	"encoding/json"
	"runtime"
	"time"
	"unsafe"
)

//go:wasmimport pcmd input
func hostInput(ptr unsafe.Pointer)

//go:wasmimport pcmd output
func hostOutput(ptr unsafe.Pointer, size uint32)

//go:wasmimport pcmd error
func hostError(ptr unsafe.Pointer, size uint32)

//go:wasmimport pcmd log
func hostLog(level int32, ptr unsafe.Pointer, size uint32)

//go:wasmimport pcmd call
func hostCall(op unsafe.Pointer, opSize uint32, request unsafe.Pointer, requestSize uint32) int64

//go:wasmimport pcmd take
func hostTake(ptr unsafe.Pointer)

//go:wasmexport pcmd_abi
func pcmdABI() int32 { return ABI }

//go:wasmexport pcmd_describe
func pcmdDescribe() int32 {
	if exported == nil {
		setError(Errorf("plugin.invalid", "the module exports no plugin: call plugin.Export in an init function"))
		return int32(StatusFailed)
	}
	text, err := exported.Manifest()
	if err != nil {
		setError(Errorf("plugin.invalid", "%v", err))
		return int32(StatusFailed)
	}
	hostOutput(unsafe.Pointer(unsafe.SliceData(text)), uint32(len(text)))
	return int32(StatusOK)
}

//go:wasmexport pcmd_run
func pcmdRun(command, inputSize int32) int32 {
	if exported == nil {
		setError(Errorf("plugin.invalid", "the module exports no plugin: call plugin.Export in an init function"))
		return int32(StatusFailed)
	}
	request := make([]byte, uint32(inputSize))
	hostInput(unsafe.Pointer(unsafe.SliceData(request)))
	outcome := exported.Run(wasmHost{}, int(command), request)
	if outcome.Err != nil {
		setError(outcome.Err)
	} else if outcome.Body != nil {
		hostOutput(unsafe.Pointer(unsafe.SliceData(outcome.Body)), uint32(len(outcome.Body)))
	}
	// Returning straight to the host would never schedule the collector's own goroutines, and a
	// collection that cannot end lets memory grow without bound.
	runtime.Gosched()
	return int32(outcome.Status)
}

func setError(e *Error) {
	text, err := json.Marshal(e.object())
	if err != nil { // details that are no JSON
		e = &Error{Code: e.Code, Message: e.Message, Retryable: e.Retryable, RetryAfter: e.RetryAfter}
		text, _ = json.Marshal(e.object())
	}
	hostError(unsafe.Pointer(unsafe.SliceData(text)), uint32(len(text)))
}

// object gives the error as it goes to the host.
func (e *Error) object() errorObject {
	o := errorObject{e.Code, e.Message, e.Retryable, e.RetryAfter.Milliseconds(), e.Details}
	if e.BadInput && e.Code == CodeInput {
		o.Code = "" // the host's word: it says it itself, and puts the plugin's name before a guest's
	}
	return o
}

// wasmHost is the host of the module.
type wasmHost struct{}

func (wasmHost) Log(level Level, message string) {
	hostLog(int32(level), unsafe.Pointer(unsafe.StringData(message)), uint32(len(message)))
}

func (wasmHost) Now() time.Time { return time.Now() }

func (wasmHost) Call(op string, request []byte) ([]byte, error) {
	size := hostCall(
		unsafe.Pointer(unsafe.StringData(op)), uint32(len(op)),
		unsafe.Pointer(unsafe.SliceData(request)), uint32(len(request)))
	switch {
	case size == -2:
		return nil, Errorf("plugin.calls", "the limit of host calls is used up")
	case size < 0:
		return nil, Errorf("plugin.protocol", "the host refused the call of %s", op)
	}
	envelope := make([]byte, size)
	hostTake(unsafe.Pointer(unsafe.SliceData(envelope)))
	return envelope, nil
}

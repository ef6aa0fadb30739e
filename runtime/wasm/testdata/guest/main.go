//go:build wasip1

// Command guest is the Go guest of the host's tests. It uses the ABI itself, not the SDK, so that the host is
// tested against the page and not against our own reading of it.
package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
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

//go:embed manifest.json
var manifest []byte

func main() {}

//go:wasmexport pcmd_abi
func abi() int32 { return 1 }

//go:wasmexport pcmd_describe
func describe() int32 {
	output(manifest)
	return 0
}

func pointer(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

func output(b []byte) { hostOutput(pointer(b), uint32(len(b))) }

type request struct {
	Params map[string]any  `json:"params"`
	Body   json.RawMessage `json:"body"`
	Ctx    json.RawMessage `json:"ctx"`
}

// kept is what an instance remembers from one call to the next.
var kept string

// sink keeps allocations alive for a moment.
var sink [8][]byte

//go:wasmexport pcmd_run
func run(command, size int32) int32 {
	in := make([]byte, size)
	hostInput(pointer(in))
	switch command {
	case 0: // go.alloc: garbage without JSON, and no yield: the clock alone must keep memory flat
		for i := range sink {
			sink[i] = make([]byte, 256)
		}
		return 0
	case 1: // go.echo: the request's bytes
		output(in)
		return 0
	}
	defer runtime.Gosched()
	var r request
	if err := json.Unmarshal(in, &r); err != nil {
		panic(err)
	}
	switch command {
	case 2: // go.edit: decode, set a field, encode
		var body map[string]any
		if err := json.Unmarshal(r.Body, &body); err != nil {
			panic(err)
		}
		body["edited"] = true
		out, _ := json.Marshal(body)
		output(out)
	case 3: // go.do
		return do(r)
	}
	return 0
}

func do(r request) int32 {
	switch what, _ := r.Params["what"].(string); what {
	case "panic":
		panic("S3CRET")
	case "nil":
		var p *request
		fmt.Println(p.Params)
	case "exit":
		os.Exit(3)
	case "spin":
		for {
		}
	case "sleep":
		time.Sleep(time.Hour)
	case "memory":
		var all [][]byte
		for {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = 1
			}
			all = append(all, b)
			_ = all
		}
	case "stderr":
		fmt.Fprintln(os.Stderr, "a line on standard error")
		fmt.Print("a line without an end")
	case "files":
		_, err := os.ReadFile("/etc/passwd")
		out, _ := json.Marshal(map[string]any{"error": fmt.Sprint(err), "env": os.Environ(), "args": os.Args})
		output(out)
	case "leak":
		old := kept
		kept, _ = r.Params["value"].(string)
		out, _ := json.Marshal(old)
		output(out)
	case "clock":
		out, _ := json.Marshal(time.Now().UnixMilli())
		output(out)
	case "call":
		op, _ := r.Params["op"].(string)
		req, _ := json.Marshal(r.Params["request"])
		n := hostCall(unsafe.Pointer(unsafe.StringData(op)), uint32(len(op)), pointer(req), uint32(len(req)))
		if n < 0 {
			return 1
		}
		answer := make([]byte, n)
		hostTake(pointer(answer))
		output(answer)
	case "fail":
		object, _ := json.Marshal(r.Params["error"])
		hostError(pointer(object), uint32(len(object)))
		status, _ := r.Params["status"].(float64)
		return int32(status)
	}
	return 0
}

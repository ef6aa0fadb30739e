package plugin

import (
	"encoding/json"
	"time"
)

// Host is the other side of a call. In a module it is the host that runs it, in a native test package
// plugintest.
type Host interface {
	Log(level Level, message string)
	Now() time.Time
	// Call asks for one operation and gives the answer's envelope, {"ok": value} or {"error": {...}}. An
	// error means that the operation was not even tried.
	Call(op string, request []byte) (envelope []byte, err error)
}

// Status is how a call ended, in the numbers of the ABI.
type Status int32

// The ways a call ends.
const (
	StatusOK        Status = 0
	StatusFailed    Status = 1
	StatusBadInput  Status = 2
	StatusRetryable Status = 3
)

// Outcome is what a call leaves.
type Outcome struct {
	Status Status
	Body   []byte // JSON text of the new body; nil = unchanged
	Err    *Error // nil when Status is StatusOK
}

// Run does one call: request is the JSON text that the host sends. Authors do not need it; the module's
// exports and plugintest do. A panic of the handler is not recovered.
func (p Plugin) Run(host Host, command int, request []byte) Outcome {
	if command < 0 || command >= len(p.Commands) {
		return failed(Errorf("plugin.protocol", "the plugin has no command with the index %d", command))
	}
	var r struct {
		Params  json.RawMessage `json:"params"`
		Body    json.RawMessage `json:"body"`
		Context Context         `json:"ctx"`
	}
	if err := json.Unmarshal(request, &r); err != nil {
		return failed(Invalidf("plugin.protocol", "the request cannot be read"))
	}
	call := &Call{Context: r.Context, Params: r.Params, Body: r.Body, host: host}
	body, err := p.Commands[command].Run.run(call)
	if err != nil {
		return failed(AsError(err))
	}
	return Outcome{Body: body}
}

func failed(e *Error) Outcome {
	switch {
	case e.BadInput:
		return Outcome{Status: StatusBadInput, Err: e}
	case e.Retryable:
		return Outcome{Status: StatusRetryable, Err: e}
	default:
		return Outcome{Status: StatusFailed, Err: e}
	}
}

package wasm

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/wasm/capability"
)

// run is what the host knows of one call of a guest, and the context in which host functions find it.
type run struct {
	context.Context
	inst   *instance
	call   *command.Call // nil outside of a command's call
	name   string        // of the command
	logger *slog.Logger

	input     []byte
	output    []byte
	hasOutput bool
	errObject []byte
	waiting   []byte // the response that take gives
	hasAnswer bool

	powerCalls int
	functions  int // uses of host functions
	logLeft    int
	logCut     bool
	line       []byte // begun by the guest's standard error or output
	lineLevel  slog.Level

	denied  bool         // a capability was refused
	abort   *fault.Error // why the host ended the guest
	failed  *fault.Error // what the call fails with, whatever the guest says
	stopped bool         // the context ended before the guest did
	full    bool         // the guest was refused memory
}

type runKey struct{}

func newRun(ctx context.Context, inst *instance) *run {
	return &run{Context: ctx, inst: inst, logger: inst.plugin.log, logLeft: inst.plugin.settings.LogBytes}
}

// Value finds the run itself in its context.
func (r *run) Value(key any) any {
	if key == (runKey{}) {
		return r
	}
	return r.Context.Value(key)
}

// run does one call of a command.
func (p *Plugin) run(ctx context.Context, index int, c *Command, call *command.Call) (command.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, p.settings.timeout(c.Spec.Timeout))
	defer cancel()
	inst, err := p.pool.get(ctx)
	if err != nil {
		return command.Result{}, err
	}
	r := newRun(ctx, inst)
	r.call, r.name = call, c.Spec.Name
	if call.Logger != nil {
		r.logger = call.Logger
	}
	if r.input, err = p.appendRequest(inst.request[:0], ctx, c, call); err != nil {
		p.pool.put(inst, true)
		return command.Result{}, fault.Wrap(fault.CommandType, err, "encoding the request of command %s", c.Spec.Name)
	}
	if cap(r.input) <= maxKeptRequest {
		inst.request = r.input
	}
	inst.calls++
	inst.stack = [2]uint64{uint64(index), uint64(len(r.input))}
	err = inst.invoke(r, inst.run, inst.stack[:])
	status := int32(inst.stack[0])
	err = r.outcome(err)
	p.pool.put(inst, err == nil && !r.stopped)
	if err != nil {
		return command.Result{}, err
	}
	return r.result(status)
}

const maxKeptRequest = 1 << 20

// appendRequest writes the JSON text that the guest gets.
func (p *Plugin) appendRequest(b []byte, ctx context.Context, c *Command, call *command.Call) ([]byte, error) {
	var err error
	b = append(b, `{"params":`...)
	if call.Args == nil {
		b = append(b, `{}`...)
	} else if b, err = value.AppendJSON(b, call.Args); err != nil {
		return b, err
	}
	if c.Body {
		b = append(b, `,"body":`...)
		if b, err = value.AppendJSON(b, call.Body); err != nil {
			return b, err
		}
	}
	b = append(b, `,"ctx":{"run":`...)
	b = value.AppendString(b, call.RunID)
	b = append(b, `,"step":`...)
	b = strconv.AppendInt(b, int64(call.Step), 10)
	b = append(b, `,"command":`...)
	b = value.AppendString(b, c.Spec.Name)
	b = append(b, `,"pipeline":`...)
	b = value.AppendString(b, call.Pipeline)
	b = append(b, `,"event":`...)
	b = value.AppendString(b, call.Event.ID)
	b = append(b, `,"identity":`...)
	b = value.AppendString(b, call.Identity)
	b = append(b, `,"attempt":`...)
	b = strconv.AppendInt(b, int64(call.Attempt), 10)
	b = append(b, `,"deadlineMs":`...)
	left := time.Duration(0)
	if deadline, ok := ctx.Deadline(); ok {
		left = max(0, deadline.Sub(p.host.options.Now()))
	}
	b = strconv.AppendInt(b, left.Milliseconds(), 10)
	return append(b, `}}`...), nil
}

func (r *run) caller() capability.Caller {
	c := capability.Caller{Plugin: r.inst.plugin.manifest.Name, Command: r.name}
	if r.call != nil {
		c.Pipeline, c.RunID, c.Step, c.Attempt, c.Identity = r.call.Pipeline, r.call.RunID, r.call.Step, r.call.Attempt, r.call.Identity
	}
	return c
}

// result reads what a guest left that returned.
func (r *run) result(status int32) (command.Result, error) {
	switch status {
	case statusOK:
		if !r.hasOutput {
			return command.Result{}, nil
		}
		v, err := value.Decode(r.output)
		if err != nil {
			return command.Result{}, fault.Wrap(fault.PluginProtocol, err, "reading the result of command %s", r.name)
		}
		return command.Value(v), nil
	case statusFailed, statusBadInput, statusRetryable:
		return command.Result{}, r.guestError(status)
	default:
		return command.Result{}, fault.New(fault.PluginProtocol, "command %s returned the unknown status %d", r.name, status)
	}
}

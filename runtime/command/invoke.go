package command

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// Invoke runs the command once. The error is nil or a *fault.Error: one without a code gets
// fault.CommandFailed, a panic becomes fault.Internal. The stack of a panic goes to the debug log only.
func (d *Definition) Invoke(ctx context.Context, call Call) (res Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			if call.Logger != nil {
				call.Logger.LogAttrs(ctx, slog.LevelDebug, "command panicked",
					slog.String("command", d.Spec.Name), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			}
			res, err = Result{}, fault.New(fault.Internal, "the command panicked")
		}
	}()
	res, err = d.Command.Run(ctx, call)
	if err != nil {
		return Result{}, asFault(err)
	}
	return res, nil
}

func asFault(err error) *fault.Error {
	if e, ok := err.(*fault.Error); ok { //nolint:errorlint // a wrapped one is wrapped again, with its code
		return e
	}
	var e *fault.Error
	if errors.As(err, &e) {
		return fault.Wrap(e.Code, err, "running the command")
	}
	return fault.Wrap(fault.CommandFailed, err, "running the command")
}

// Execute runs one command by itself, as the admin API and the command line do. Texts in params are read
// as the parameter's type asks: "512000" as a number, "true" as a boolean, "a,b" as a list, a JSON text as
// a map or list. The value is nil when the command hands on none. The error is a *fault.Error or, for
// several wrong parameters, a fault.List. Execute asks nobody for the right to do this: the caller does.
func Execute(ctx context.Context, d *Definition, params map[string]any, call Call) (any, error) {
	read := make(map[string]any, len(params))
	for name, v := range params {
		if p, ok := d.Spec.Param(name); ok {
			v = p.fromText(v)
		}
		read[name] = v
	}
	args, err := d.Spec.Bind(read)
	if err != nil {
		return nil, err
	}
	if call.Logger == nil {
		call.Logger = slog.New(slog.DiscardHandler)
	}
	call.Args = args
	res, err := d.Invoke(ctx, call)
	if err != nil || !res.HasValue {
		return nil, err
	}
	return res.Value, nil
}

// fromText reads JSON maps and lists, for which a command line has no other form.
func (p *Param) fromText(v any) any {
	text, ok := v.(string)
	if !ok || p.Secret {
		return v
	}
	first := strings.TrimSpace(text)
	isMap, isList := strings.HasPrefix(first, "{"), strings.HasPrefix(first, "[")
	switch {
	case p.Type == TypeMap && isMap, p.Type == TypeList && isList, p.Type == TypeAny && (isMap || isList):
		if decoded, err := value.Decode([]byte(text)); err == nil {
			return decoded
		}
	}
	return v
}

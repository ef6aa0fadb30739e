package builtin

import (
	"context"
	"log/slog"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/value"
)

// log writes to the log of the server. Without a message it writes sizes and types, never the payload.
func log() command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "log",
			Summary: "Writes a line to the log.",
			Params: []command.Param{
				{Name: "message", Type: command.TypeAny, Summary: "What to write; a map or list as JSON. Without it, type and size of the body."},
				{Name: "level", Type: command.TypeText, Default: "INFO", Enum: []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR"}, Summary: "How important it is."},
			},
			Shorthand: "message",
			Examples: []command.Example{
				{
					Title:    "the body stays",
					Pipeline: "pipeline:\n  - log: \"a lead from ${body.country}\"\n",
					Body:     `{"country":"DE"}`,
					Want:     `{"country":"DE"}`,
				},
				{
					Title:    "a level",
					Pipeline: "pipeline:\n  - log:\n      message: careful\n      level: warn\n  - log\n",
					Body:     `[1]`,
					Want:     `[1]`,
				},
				{
					Title:    "no such level",
					Pipeline: "pipeline:\n  - log: {message: x, level: WARNING}\n",
					WantCode: "command.type",
				},
			},
		},
		Command: command.Func(writeLog),
	}
}

func writeLog(ctx context.Context, call command.Call) (command.Result, error) {
	level := logLevel(call.Args["level"])
	if !call.Logger.Enabled(ctx, level) {
		return command.Result{}, nil
	}
	where := []slog.Attr{slog.String("pipeline", call.Pipeline), slog.Int("step", call.Step)}
	if message := call.Args["message"]; message != nil && message != "" {
		call.Logger.LogAttrs(ctx, level, "pipeline says", append(where, slog.String("message", expr.Text(message)))...)
		return command.Result{}, nil
	}
	call.Logger.LogAttrs(ctx, level, "pipeline is here", append(where,
		slog.String("event_key", call.Event.Key), slog.String("body_type", value.TypeName(call.Body)),
		slog.Int("body_size", size(call.Body)), slog.Int("vars", len(call.Vars)))...)
	return command.Result{}, nil
}

func logLevel(name any) slog.Level {
	switch name {
	case "TRACE":
		return slog.LevelDebug - 4
	case "DEBUG":
		return slog.LevelDebug
	case "WARN":
		return slog.LevelWarn
	case "ERROR":
		return slog.LevelError
	}
	return slog.LevelInfo
}

// size is the number of entries of a map or list, or of bytes of a text.
func size(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return 0
}

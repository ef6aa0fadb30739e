package wasm

import (
	"bytes"
	"log/slog"
	"strings"
)

// maxTrace is how much of the engine's text about a failure is logged; maxLine how long one line may be.
const (
	maxTrace = 4 << 10
	maxLine  = 2 << 10
)

func guestLevel(level uint32) slog.Level {
	switch level {
	case 0:
		return slog.LevelDebug
	case 1:
		return slog.LevelInfo
	case 2:
		return slog.LevelWarn
	default:
		return slog.LevelError
	}
}

// log writes one message of the guest. What is beyond the call's limit is dropped, with one line that says so.
func (r *run) log(level slog.Level, text []byte) {
	const overhead = 64 // a line costs more than its bytes
	if r.logCut {
		return
	}
	if r.logLeft -= min(len(text), maxLine) + overhead; r.logLeft < 0 {
		r.logCut = true
		r.emit(slog.LevelWarn, "plugin log is cut: its limit for one call is reached")
		return
	}
	r.emit(level, clip(string(text[:min(len(text), maxLine)]), maxLine))
}

func (r *run) emit(level slog.Level, message string) {
	r.logger.LogAttrs(r.Context, level, message, //nolint:sloglint // the guest's own words
		slog.String("plugin", r.inst.plugin.manifest.Name), slog.String("command", r.name))
}

// flushLog writes the line that the guest began and did not end.
func (r *run) flushLog() {
	if len(r.line) > 0 {
		r.log(r.lineLevel, r.line)
		r.line = r.line[:0]
	}
}

// lineWriter turns the guest's standard output and error into log lines.
type lineWriter struct {
	inst  *instance
	level slog.Level
}

// Write never fails: a guest that cannot log goes on.
func (w *lineWriter) Write(data []byte) (int, error) {
	r := w.inst.current
	if r == nil || r.logCut {
		return len(data), nil
	}
	if w.level != r.lineLevel {
		r.flushLog()
		r.lineLevel = w.level
	}
	rest := data
	for len(rest) > 0 && !r.logCut {
		line, tail, ended := bytes.Cut(rest, []byte{'\n'})
		r.line = append(r.line, line[:min(len(line), maxLine-min(len(r.line), maxLine))]...)
		if ended && len(r.line) > 0 {
			r.log(r.lineLevel, r.line)
			r.line = r.line[:0]
		}
		rest = tail
	}
	return len(data), nil
}

// clip shortens a text that is not ours and makes it printable UTF-8.
func clip(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return '\uFFFD'
		}
		return r
	}, s)
}

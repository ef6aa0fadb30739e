package wasm

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tetratelabs/wazero/sys"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// What pcmd_run returns.
const (
	statusOK        = 0
	statusFailed    = 1
	statusBadInput  = 2
	statusRetryable = 3
)

// ended is the error of a call whose context ended.
func ended(ctx context.Context, doing string) *fault.Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fault.New(fault.PluginTimeout, "the time limit ended %s", doing).WithRetry(0)
	}
	return fault.Wrap(fault.CommandCanceled, ctx.Err(), "%s", doing)
}

// outcome says what a call of the guest came to, given the engine's error; nil when the guest returned and the
// host has nothing against it. The reasons are asked in the order in which one brings about the other. What
// the guest wrote about its end is in the log only: it may hold payload.
func (r *run) outcome(err error) error {
	f := r.classify(err)
	if f == nil {
		return nil
	}
	attrs := []slog.Attr{slog.String("plugin", r.inst.plugin.manifest.Name), slog.String("command", r.name), slog.String("code", string(f.Code))}
	if err != nil {
		attrs = append(attrs, slog.String("trace", clip(err.Error(), maxTrace)))
	}
	r.logger.LogAttrs(context.WithoutCancel(r.Context), slog.LevelWarn, "plugin call was ended", attrs...)
	return f
}

func (r *run) classify(err error) *fault.Error {
	switch {
	case r.abort != nil:
		return r.abort
	case err == nil:
		return r.failed
	case r.Err() != nil:
		return ended(r.Context, "the plugin's call")
	case r.failed != nil:
		return r.failed
	case r.full:
		return fault.New(fault.PluginMemory, "the plugin needs more than %d MB of memory", r.inst.plugin.settings.MemoryMB)
	}
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		return fault.New(fault.PluginExit, "the plugin ended itself with code %d", exit.ExitCode())
	}
	reason, _, _ := strings.Cut(err.Error(), "\n")
	if strings.HasSuffix(reason, "stack overflow") {
		return fault.New(fault.PluginStack, "the plugin calls itself too deeply")
	}
	if trap, ok := strings.CutPrefix(reason, "wasm error: "); ok { // one of the engine's few fixed texts
		return fault.New(fault.PluginTrap, "the plugin crashed: %s", trap)
	}
	return fault.New(fault.PluginTrap, "the plugin crashed")
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}(\.[a-z][a-z0-9_]{0,63}){1,5}$`)

const (
	maxMessage    = 1_000
	maxRetryAfter = 24 * time.Hour
)

// guestError is the error that a guest reported.
func (r *run) guestError(status int32) error {
	code, fallback := fault.PluginFailed, "the plugin reported a failure without a reason"
	if status == statusBadInput {
		code, fallback = fault.CommandType, "the plugin refused its parameters or body"
	}
	f := fault.New(code, "%s", fallback)
	if r.errObject != nil {
		v, err := value.Decode(r.errObject)
		object, ok := v.(map[string]any)
		if err != nil || !ok {
			return fault.New(fault.PluginProtocol, "the error object of command %s is not a JSON object", r.name)
		}
		if text, _ := object["message"].(string); text != "" {
			f.Message = strings.ReplaceAll(clip(text, maxMessage), "\n", " ")
		}
		if text, _ := object["code"].(string); text != "" {
			f.Code = r.guestCode(text, code)
		}
		retry, _ := object["retryable"].(bool)
		f.Retry = retry && status == statusFailed
		if ms, ok := object["retryAfterMs"].(int); ok && ms > 0 {
			f.RetryAfter = time.Duration(min(int64(ms), maxRetryAfter.Milliseconds())) * time.Millisecond
		}
	}
	f.Retry = f.Retry || status == statusRetryable
	if !f.Retry {
		f.RetryAfter = 0
	}
	return f
}

// guestCode keeps a code of the guest that begins with the first word of the plugin's name or of a capability that
// it may use, and plugin.denied when the host has said that. Any other code gets the plugin's name in front, so that
// a guest cannot speak in the host's name. A malformed code is replaced.
func (r *run) guestCode(text string, malformed fault.Code) fault.Code {
	if !codeForm.MatchString(text) {
		return malformed
	}
	code := fault.Code(text)
	first, _, _ := strings.Cut(text, ".")
	name, _, _ := strings.Cut(r.inst.plugin.manifest.Name, ".")
	_, granted := r.inst.plugin.powers[first]
	switch {
	case granted, code == fault.PluginDenied && r.denied, code == fault.PluginFailed:
		return code
	case first == name && !isHosts(code):
		return code
	}
	return fault.Code(r.inst.plugin.manifest.Name + "." + text)
}

// isHosts reports whether a code's first word is one that the host itself uses. The words of capabilities are not:
// a plugin of that name may speak of its subject without the grant.
func isHosts(code fault.Code) bool {
	first, _, _ := strings.Cut(string(code), ".")
	return first != "mail" && slices.ContainsFunc(fault.Codes(), func(i fault.Info) bool {
		word, _, _ := strings.Cut(string(i.Code), ".")
		return word == first
	})
}

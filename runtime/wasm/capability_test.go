package wasm_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm"
	"github.com/penstock/penstock/runtime/wasm/capability"
)

// store is a capability of the tests with the operations kv.get, kv.fail, kv.wait, kv.panic and kv.who.
type store struct{}

func (store) Name() string { return "kv" }

func (store) Grant(policy map[string]any) (capability.Power, error) {
	for key := range policy {
		if key != "prefix" {
			return nil, fault.New(fault.ConfigValue, "unknown key %q", key)
		}
	}
	prefix, _ := policy["prefix"].(string)
	return &bound{prefix}, nil
}

type bound struct{ prefix string }

func (b *bound) Call(ctx context.Context, op string, request []byte) ([]byte, error) {
	switch op {
	case "kv.get":
		return []byte(`{"of":"` + b.prefix + `","asked":` + string(request) + `}`), nil
	case "kv.nothing":
		return nil, nil
	case "kv.fail":
		return nil, fault.Wrap(fault.StoreUnavailable, errors.New("S3CRET cause"), "the store is away").WithRetry(2 * time.Second)
	case "kv.plain":
		return nil, errors.New("S3CRET cause")
	case "kv.wait":
		<-ctx.Done()
		return nil, ctx.Err()
	case "kv.panic":
		panic("a bug of the capability")
	case "kv.who":
		c := capability.CallerFrom(ctx)
		return []byte(`"` + strings.Join([]string{c.Plugin, c.Command, c.Pipeline, c.RunID, c.Identity}, " ") + `"`), nil
	}
	return nil, fault.New(fault.PluginDenied, "no operation is called so")
}

func TestCapability(t *testing.T) {
	t.Parallel()
	log := &logBuffer{}
	p := loadGo(t, wasm.Options{Capabilities: []capability.Capability{store{}}, Logger: slog.New(slog.NewTextHandler(log, nil))},
		wasm.Settings{Grants: map[string]map[string]any{"kv": {"prefix": "a/"}}})
	for op, want := range map[string]any{
		"kv.get":     map[string]any{"ok": map[string]any{"of": "a/", "asked": map[string]any{"x": 1}}},
		"kv.nothing": map[string]any{"ok": nil},
		"kv.who":     map[string]any{"ok": "go.guest go.do lead r7 someone"},
		"kv.fail": map[string]any{"error": map[string]any{
			"code": "store.unavailable", "message": "the store is away", "retryable": true, "retryAfterMs": 2000,
		}},
		"kv.plain": map[string]any{"error": map[string]any{"code": "internal", "message": "the host could not do it", "retryable": false}},
		"kv.panic": map[string]any{"error": map[string]any{"code": "internal", "message": "capability kv panicked", "retryable": false}},
		"kv.other": map[string]any{"error": map[string]any{"code": "plugin.denied", "message": "no operation is called so", "retryable": false}},
		"mail.submit": map[string]any{"error": map[string]any{ // asked for, not granted
			"code": "plugin.denied", "message": "the capability of this operation is not granted to plugin go.guest", "retryable": false}},
		"": map[string]any{"error": map[string]any{
			"code": "plugin.denied", "message": "the capability of this operation is not granted to plugin go.guest", "retryable": false,
		}},
	} {
		r, err := run(t.Context(), t, p, "go.do", command.Call{
			Args:     map[string]any{"what": "call", "op": op, "request": map[string]any{"x": 1}},
			Pipeline: "lead", RunID: "r7", Identity: "someone",
		})
		if err != nil {
			t.Errorf("%s: %v", op, err)
		}
		if diff := cmp.Diff(want, r.Value); diff != "" {
			t.Errorf("%s: %s", op, diff)
		}
	}
	if !strings.Contains(log.String(), "S3CRET cause") {
		t.Error("the log lacks the cause that the guest must not see")
	}
}

func TestCapabilityIsBoundInTime(t *testing.T) {
	t.Parallel()
	p := loadGo(t, wasm.Options{Capabilities: []capability.Capability{store{}}},
		wasm.Settings{Grants: map[string]map[string]any{"kv": nil}, Timeout: 200 * time.Millisecond})
	_, err := do(t.Context(), t, p, map[string]any{"what": "call", "op": "kv.wait"})
	if err != nil { // the guest may answer before it is stopped
		wantCode(t, err, fault.PluginTimeout)
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	h := newHost(t, wasm.Options{Capabilities: []capability.Capability{store{}}})
	data := goGuest(t, h)
	p := load(t, h, data, wasm.Settings{Grants: map[string]map[string]any{"kv": nil}})
	want := []wasm.Right{
		{Capability: "kv", Known: true, Asked: true, Granted: true, Effective: true},
		{Capability: "mail", Asked: true},
	}
	if diff := cmp.Diff(want, p.Rights()); diff != "" {
		t.Error(diff)
	}
	for name, grants := range map[string]map[string]map[string]any{
		"unknown capability": {"kx": nil}, "unknown key of a policy": {"kv": {"nonsense": 1}},
	} {
		_, err := h.Load(t.Context(), wasm.Source{Name: "x", Bytes: data}, wasm.Settings{Grants: grants})
		if fault.CodeOf(err) != fault.ConfigValue {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorsOfTheGuest(t *testing.T) {
	t.Parallel()
	p := loadGo(t, wasm.Options{Capabilities: []capability.Capability{store{}}}, wasm.Settings{Grants: map[string]map[string]any{"kv": nil}})
	fails := func(status int, object map[string]any) *fault.Error {
		t.Helper()
		_, err := do(t.Context(), t, p, map[string]any{"what": "fail", "status": status, "error": object})
		var f *fault.Error
		if !errors.As(err, &f) {
			t.Fatalf("got %v", err)
		}
		return f
	}
	for code, want := range map[string]fault.Code{
		"go.quota":      "go.quota",               // its own
		"kv.missing":    "kv.missing",             // of a capability that it may use
		"store.full":    "go.guest.store.full",    // the host's word
		"internal":      fault.PluginFailed,       // no dot
		"plugin.denied": "go.guest.plugin.denied", // nobody denied anything
		"mail.rejected": "go.guest.mail.rejected", // not granted
		"Bad code":      fault.PluginFailed,       // malformed
		"elsewhere.x":   "go.guest.elsewhere.x",   // nobody's
		"plugin.failed": fault.PluginFailed,       // of the SDKs, for errors without a code
		"plugin.trap":   "go.guest.plugin.trap",   // the host's word
	} {
		if f := fails(1, map[string]any{"code": code, "message": "no more"}); f.Code != want || f.Message != "no more" || f.Retry {
			t.Errorf("%s became %q %q %v, want %q", code, f.Code, f.Message, f.Retry, want)
		}
	}
	if f := fails(3, map[string]any{"code": "go.busy", "message": "later", "retryAfterMs": 1500}); !f.Retry || f.RetryAfter != 1500*time.Millisecond {
		t.Errorf("status 3: %+v", f)
	}
	if f := fails(1, map[string]any{"code": "go.busy", "retryable": true}); !f.Retry {
		t.Errorf("a retryable error object: %+v", f)
	}
	if f := fails(2, map[string]any{"code": "go.input", "retryable": true}); f.Retry {
		t.Errorf("bad input is retryable: %+v", f)
	}
	if f := fails(2, map[string]any{}); f.Code != fault.CommandType {
		t.Errorf("bad input without a code: %+v", f)
	}
	if f := fails(1, map[string]any{"message": "a\nb\x1b[2J" + strings.Repeat("x", 5000)}); strings.ContainsAny(f.Message, "\n\x1b") || len(f.Message) > 1100 {
		t.Errorf("the message was not cleaned: %q", f.Message)
	}
	// A command error leaves the instance in use: it is no fault of the plugin.
	if s := p.Stats(); s.Instances != 1 {
		t.Errorf("after returned errors: %+v", s)
	}
}

package wasm_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm"
)

// logBuffer collects log lines from many goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newHost opens a host; all tests share compiled code through the cache.
func newHost(t testing.TB, o wasm.Options) *wasm.Host {
	t.Helper()
	if o.CacheDir == "" {
		o.CacheDir = guest.CacheDir(t)
	}
	h, err := wasm.NewHost(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return h
}

// pack builds the Go guest and embeds its manifest.
func goGuest(t testing.TB, h *wasm.Host) []byte {
	t.Helper()
	packed, err := h.Pack(t.Context(), guest.Build(t, "testdata/guest"))
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func load(t testing.TB, h *wasm.Host, data []byte, s wasm.Settings) *wasm.Plugin {
	t.Helper()
	p, err := h.Load(t.Context(), wasm.Source{Name: "guest.wasm", Bytes: data}, s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func loadGo(t testing.TB, o wasm.Options, s wasm.Settings) *wasm.Plugin {
	t.Helper()
	h := newHost(t, o)
	return load(t, h, goGuest(t, h), s)
}

// run calls a command of a plugin by name.
func run(ctx context.Context, t testing.TB, p *wasm.Plugin, name string, call command.Call) (command.Result, error) {
	t.Helper()
	for _, d := range p.Definitions() {
		if d.Spec.Name == name {
			return d.Command.Run(ctx, call)
		}
	}
	t.Fatalf("no command %s", name)
	return command.Result{}, nil
}

// do calls go.do.
func do(ctx context.Context, t testing.TB, p *wasm.Plugin, args map[string]any) (any, error) {
	t.Helper()
	r, err := run(ctx, t, p, "go.do", command.Call{Args: args})
	return r.Value, err
}

func wantCode(t testing.TB, err error, code fault.Code) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Errorf("got %q (%v), want code %q", fault.CodeOf(err), err, code)
	}
}

func TestGuestCommand(t *testing.T) {
	t.Parallel()
	p := loadGo(t, wasm.Options{}, wasm.Settings{})
	r, err := run(t.Context(), t, p, "go.edit", command.Call{Body: map[string]any{"a": 1}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(command.Value(map[string]any{"a": 1, "edited": true}), r); diff != "" {
		t.Error(diff)
	}
	if r, err = run(t.Context(), t, p, "go.alloc", command.Call{}); err != nil || r.HasValue {
		t.Errorf("a guest without output gave %v, %v", r, err)
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := loadGo(t, wasm.Options{Now: func() time.Time { return now }}, wasm.Settings{})
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Hour))
	defer cancel()
	r, err := run(ctx, t, p, "go.echo", command.Call{
		Args: map[string]any{"b": "ü", "a": []any{1, 2.5, nil}}, Body: map[string]any{"x": true}, RunID: "r1", Step: 4,
		Pipeline: "p", Identity: "someone", Attempt: 2, Event: event.Event{ID: "e1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := r.Value.(map[string]any)
	c := got["ctx"].(map[string]any)
	if ms, _ := c["deadlineMs"].(int); ms <= 0 {
		t.Errorf("deadlineMs = %v", c["deadlineMs"])
	}
	delete(c, "deadlineMs")
	want := map[string]any{
		"params": map[string]any{"b": "ü", "a": []any{1, 2.5, nil}}, "body": map[string]any{"x": true},
		"ctx": map[string]any{"run": "r1", "step": 4, "command": "go.echo", "pipeline": "p", "event": "e1", "identity": "someone", "attempt": 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGuestFailures(t *testing.T) {
	t.Parallel()
	log := &logBuffer{}
	p := loadGo(t, wasm.Options{Logger: slog.New(slog.NewTextHandler(log, nil))}, wasm.Settings{Timeout: 5 * time.Second, Instances: 2})
	for name, want := range map[string]fault.Code{
		"panic": fault.PluginTrap, "nil": fault.PluginTrap, "exit": fault.PluginExit, "memory": fault.PluginMemory,
	} {
		_, err := do(t.Context(), t, p, map[string]any{"what": name})
		wantCode(t, err, want)
		if err != nil && strings.Contains(err.Error(), "S3CRET") {
			t.Errorf("the error quotes the guest: %v", err)
		}
		if retry, _ := fault.Retryable(err); retry {
			t.Errorf("%s is retryable", name)
		}
		if _, err := do(t.Context(), t, p, map[string]any{"what": "stderr"}); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
	}
	for _, want := range []string{"S3CRET", "a line on standard error", "a line without an end"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

func TestTimeAndCancelling(t *testing.T) {
	t.Parallel()
	p := loadGo(t, wasm.Options{}, wasm.Settings{Timeout: 300 * time.Millisecond, Instances: 1})
	for _, what := range []string{"spin", "sleep"} {
		_, err := do(t.Context(), t, p, map[string]any{"what": what})
		wantCode(t, err, fault.PluginTimeout)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		_, err = do(ctx, t, p, map[string]any{"what": what})
		wantCode(t, err, fault.CommandCanceled)
	}
	// A caller that waits for an instance honours its own context.
	ended := make(chan error, 1)
	go func() {
		_, err := do(context.Background(), t, p, map[string]any{"what": "spin"})
		ended <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := do(ctx, t, p, map[string]any{"what": "stderr"})
	if code := fault.CodeOf(err); err != nil && code != fault.PluginTimeout {
		t.Errorf("waiting ended with %v", err)
	}
	wantCode(t, <-ended, fault.PluginTimeout)
}

func TestNothingIsReachable(t *testing.T) {
	t.Parallel()
	p := loadGo(t, wasm.Options{}, wasm.Settings{})
	got, err := do(t.Context(), t, p, map[string]any{"what": "files"})
	if err != nil {
		t.Fatal(err)
	}
	m := got.(map[string]any)
	if text, _ := m["error"].(string); text == "" || text == "<nil>" {
		t.Errorf("a file could be read: %v", m)
	}
	if env, _ := m["env"].([]any); len(env) > 0 {
		t.Errorf("the guest sees the environment: %v", env)
	}
	if args, _ := m["args"].([]any); len(args) > 0 {
		t.Errorf("the guest sees arguments: %v", args)
	}
}

// TestRealClock: the engine's default clock is a fake that begins in 2022 and moves with each reading.
func TestRealClock(t *testing.T) {
	t.Parallel()
	p := loadGo(t, wasm.Options{}, wasm.Settings{})
	before := time.Now().UnixMilli()
	got, err := do(t.Context(), t, p, map[string]any{"what": "clock"})
	if err != nil {
		t.Fatal(err)
	}
	if ms, _ := got.(int); int64(ms) < before || int64(ms) > time.Now().UnixMilli() {
		t.Errorf("the guest's clock says %v, it was %d before", got, before)
	}
}

package ingress_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/sqlite"
	"github.com/penstock/penstock/runtime/webhook"
)

// onDisk is an emitter that keeps events in the real store and publishes nothing.
type onDisk struct{ *sqlite.Store }

func (d onDisk) Emit(ctx context.Context, e event.Event, k event.Dedupe) (event.Accepted, error) {
	return d.Accept(ctx, e, k)
}

// process starts a door over the data directory, as a process does.
func process(t *testing.T, dir string) (*world, *sqlite.Store) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t}
	logger := slog.New(slog.DiscardHandler)
	if w.dir, err = ingress.NewDirectory(t.Context(), s, presets(t), secrets{}, ingress.DirectoryOptions{Now: time.Now, Logger: logger}); err != nil {
		t.Fatal(err)
	}
	w.srv, err = ingress.New(ingress.Options{Address: "127.0.0.1:0", Failures: many}, ingress.Deps{Emitter: onDisk{s}, Results: w, Directory: w.dir, Rejects: s, Logger: logger, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w.serve()
	return w, s
}

// TestParallelReplay: one delivery a thousand times at once, and again after a restart, is one event in
// the store, and every answer names it.
func TestParallelReplay(t *testing.T) {
	t.Parallel()
	const callers, each = 50, 20
	dir := t.TempDir()
	w, s := process(t, dir)
	hook := w.put(webhook.Webhook{Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "k"}}}})
	replay := func() map[string]int {
		ids := map[string]int{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for range each {
					a := w.do("POST", "/hooks/"+hook.token, "b", "X-Hub-Signature-256: sha256="+sign("k", "b"), "X-GitHub-Delivery: d1")
					mu.Lock()
					ids[a.Status+" "+a.Header.Get("pipeforce-result-correlationid")]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		return ids
	}
	first := replay()
	events, err := s.Events(t.Context(), store.EventQuery{})
	if err != nil || len(events) != 1 || first["200 OK "+events[0].ID] != callers*each {
		t.Fatalf("%d events, %v; answers %v", len(events), err, first)
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	w, s = process(t, dir)
	if again := replay(); again["200 OK "+events[0].ID] != callers*each {
		t.Errorf("after a restart: %v, want %s", again, events[0].ID)
	}
	if events, err = s.Events(t.Context(), store.EventQuery{}); err != nil || len(events) != 1 {
		t.Errorf("after a restart: %d events, %v", len(events), err)
	}
	w.do("POST", "/hooks/"+strings.Repeat("0", 36), "b")
	eventually(t, func() bool {
		rejects, err := s.Rejects(t.Context(), 1)
		return err == nil && len(rejects) == 1 && rejects[0].Reason == "token.unknown"
	})
}

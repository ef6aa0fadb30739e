package app_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/testkit/child"
)

// webhooks gives the webhooks by id.
func (s *server) webhooks(t *testing.T) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	list, _ := s.ask(t, "webhook.get", nil).([]any)
	for _, item := range list {
		w, _ := item.(map[string]any)
		out[fmt.Sprint(w["id"])] = w
	}
	return out
}

// TestDeclaredWebhooks: a server takes over files that appear, change and vanish, and knows a declared webhook's
// past after a restart.
func TestDeclaredWebhooks(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0], args[1:]...)
		return
	}
	t.Parallel()
	dir := t.TempDir()
	folder := filepath.Join(dir, "webhooks")
	tokenFile := filepath.Join(dir, "token")
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(tokenFile, token+"\n")
	declared := filepath.Join(folder, "leads.webhook.yaml")
	s := startServer(t, dir, "webhooks.dir="+folder)
	become := func(what string, ok func(map[string]any) bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !ok(s.webhooks(t)["leads"]); time.Sleep(100 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the server did not see that the file %s", what)
			}
		}
	}
	write(declared, "eventKey: webhook.load\npayloadType: raw\ntoken: file:"+tokenFile+"\n")
	become("appeared", func(w map[string]any) bool { return w != nil })
	call := func() int {
		t.Helper()
		status, _, _, err := s.post(t.Context(), client(), []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	if got := call(); got != http.StatusOK {
		t.Errorf("the declared webhook answers %d", got)
	}
	write(declared, "eventKey: webhook.load\ntitle: Leads\ntoken: file:"+tokenFile+"\n")
	become("changed", func(w map[string]any) bool { return w["title"] == "Leads" })

	s.settle(t)
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.Wait()
	s.read.Wait()
	s = startServer(t, dir, "webhooks.dir="+folder)
	tokens, _ := s.webhooks(t)["leads"]["tokens"].([]any)
	if first, _ := tokens[0].(map[string]any); first["lastUsed"] == nil {
		t.Errorf("after the restart: %v", tokens)
	}
	if got := call(); got != http.StatusOK {
		t.Errorf("after the restart the declared webhook answers %d", got)
	}
	if err := os.Remove(declared); err != nil {
		t.Fatal(err)
	}
	become("is gone", func(w map[string]any) bool { return w == nil })
	if got := call(); got != http.StatusUnauthorized {
		t.Errorf("without its file the webhook answers %d", got)
	}
	s.Kill()
	s.read.Wait()
}

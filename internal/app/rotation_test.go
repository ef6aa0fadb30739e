package app_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/testkit/child"
)

// proof is what a sender knows of a webhook.
type proof struct{ token, secret string }

// command runs an admin command that answers with an object.
func (s *server) command(t *testing.T, name string, params map[string]any) map[string]any {
	t.Helper()
	answer, ok := s.ask(t, name, params).(map[string]any)
	if !ok {
		t.Fatalf("%s gave no object", name)
	}
	return answer
}

// ask runs an admin command and gives its value.
func (s *server) ask(t *testing.T, name string, params map[string]any) any {
	t.Helper()
	if params == nil {
		params = map[string]any{}
	}
	body, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.admin+"/api/v3/command/"+name+"?params=body", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Value   any    `json:"value"`
		Message string `json:"message"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s, %v", name, res.StatusCode, answer.Message, err)
	}
	return answer.Value
}

// deliver posts one delivery as GitHub signs it.
func (s *server) deliver(ctx context.Context, c *http.Client, p proof, id string) (status int, correlation string, err error) {
	body := []byte(`{"delivery":"` + id + `"}`)
	mac := hmac.New(sha256.New, []byte(p.secret))
	mac.Write(body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.public+"/hooks/"+p.token, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Delivery", id)
	req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	res, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	res.Body.Close()
	return res.StatusCode, res.Header.Get("pipeforce-result-correlationid"), nil
}

// TestRotationUnderLoad changes token and secret of a webhook again and again while senders call it. Half of
// them learn of a change at once, the other half one change later. No good request may be refused, each makes
// an event of its own, and what is two changes old opens nothing.
func TestRotationUnderLoad(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0])
		return
	}
	const callers, changes, between = 8, 24, 8 // requests of each sender between two changes
	s := startServer(t, t.TempDir())
	secretOf := func(n int) string { return fmt.Sprint("secret-of-generation-", n) }
	made := s.command(t, "webhook.put", map[string]any{"eventKey": "webhook.other", "payloadType": "raw", "preset": "github", "secret": secretOf(0)})
	id, first := fmt.Sprint(made["id"]), proof{fmt.Sprint(made["uuid"]), secretOf(0)}

	var newest, before atomic.Pointer[proof]
	newest.Store(&first)
	before.Store(&first)
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	var sent [callers]atomic.Int64
	var refused atomic.Int64
	var mu sync.Mutex
	events := map[string]bool{}
	var group sync.WaitGroup
	c := client()
	defer c.CloseIdleConnections()
	for n := range callers {
		group.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				known := &newest
				if n%2 == 1 {
					known = &before
				}
				p := *known.Load()
				status, correlation, err := s.deliver(context.WithoutCancel(ctx), c, p, fmt.Sprint(n, "-", i))
				if err != nil || status != http.StatusOK {
					refused.Add(1)
					t.Errorf("a good request: status %d, %v", status, err)
					return
				}
				sent[n].Add(1)
				mu.Lock()
				events[correlation] = true
				mu.Unlock()
			}
		})
	}
	// load waits until every sender sent some requests that it began after now.
	load := func() {
		var target [callers]int64
		for n := range sent {
			target[n] = sent[n].Load() + between
		}
		for n := range sent {
			for sent[n].Load() < target[n] && ctx.Err() == nil && refused.Load() == 0 {
				time.Sleep(time.Millisecond)
			}
		}
	}
	retired := []proof{}
	for n := 1; n <= changes && refused.Load() == 0; n++ {
		load()
		retired = append(retired, *before.Load())
		old := *newest.Load()
		before.Store(&old) // the slow senders learn of the last change, just before the next one
		load()
		end := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		s.command(t, "webhook.put", map[string]any{"webhook": id, "secret": []any{
			secretOf(n), map[string]any{"secret": old.secret, "notAfter": end},
		}})
		rotated := s.command(t, "webhook.rotate", map[string]any{"webhook": id, "grace": "1h"})
		newest.Store(&proof{fmt.Sprint(rotated["uuid"]), secretOf(n)})
	}
	load()
	stop()
	group.Wait()

	last := *newest.Load()
	opened, requests := 0, int64(0)
	for n := range sent {
		requests += sent[n].Load()
	}
	for _, p := range retired {
		for _, try := range []proof{{p.token, last.secret}, {last.token, p.secret}} {
			if status, _, err := s.deliver(t.Context(), c, try, "late"); err != nil || status == http.StatusOK {
				opened++
			}
		}
	}
	t.Logf("%d changes of token and secret, %d good requests, %d refused, %d events, %d old proofs still open something",
		changes, requests, refused.Load(), len(events), opened)
	if requests < callers*changes*between || int64(len(events)) != requests || opened > 0 {
		t.Error("want load, an event for each request, and nothing opened by old proofs")
	}
	s.Kill()
	s.read.Wait()
}

package app_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/internal/testkit/child"
)

// TestReplayThroughKillNine sends one signed delivery a thousand times at once, through a kill of the server
// in the middle, and a thousand times to the server that comes after it: there is one event, it is executed
// once, and every answer names it.
func TestReplayThroughKillNine(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0])
		return
	}
	const callers, each = 50, 20
	dir := t.TempDir()
	s := startServer(t, dir)
	s.command(t, "webhook.put", map[string]any{"eventKey": "webhook.load", "uuid": token, "payloadType": "raw", "preset": "github", "secrets": []string{"k"}})
	mac := hmac.New(sha256.New, []byte("k"))
	io.WriteString(mac, `{"n":1}`)
	seal := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	var mu sync.Mutex
	answers := map[string]int{} // status and correlation id
	replay := func(s *server, onAnswer func()) {
		var group sync.WaitGroup
		c := client()
		defer c.CloseIdleConnections()
		for range callers {
			group.Go(func() {
				for range each {
					req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+s.public+"/hooks/"+token, strings.NewReader(`{"n":1}`))
					if err != nil {
						t.Error(err)
						return
					}
					req.Header.Set("X-Hub-Signature-256", seal)
					req.Header.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
					res, err := c.Do(req)
					if err != nil {
						return // killed
					}
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
					mu.Lock()
					answers[res.Status+" "+res.Header.Get("pipeforce-result-correlationid")]++
					mu.Unlock()
					onAnswer()
				}
			})
		}
		group.Wait()
	}
	kill := sync.OnceFunc(s.Kill)
	seen := 0
	replay(s, func() {
		mu.Lock()
		seen++
		enough := seen >= 300
		mu.Unlock()
		if enough {
			kill()
		}
	})
	kill()
	s.read.Wait()
	first := len(answers)
	executed := map[string]int{}
	for id, n := range s.executed {
		executed[id] += n
	}
	s = startServer(t, dir)
	before := seen
	replay(s, func() { mu.Lock(); seen++; mu.Unlock() })
	s.settle(t)
	s.Kill()
	s.read.Wait()
	for id, n := range s.executed {
		executed[id] += n
	}
	done, events := finished(t, dir)
	t.Logf("%d answers before the kill and %d after it, %d kinds of answers; %d events, %d runs", before, seen-before, len(answers), len(events), len(done))
	if seen-before != callers*each {
		t.Errorf("%d answers after the restart, want %d", seen-before, callers*each)
	}
	if len(events) != 1 || len(done) != 1 || len(answers) != 1 || first != 1 {
		t.Fatalf("%d events, %d finished, answers %v", len(events), len(done), answers)
	}
	for id := range events {
		if answers["200 OK "+id] != seen {
			t.Errorf("answers %v, want %d with the id %s", answers, seen, id)
		}
		// A run that a kill interrupted is begun again; one that was finished is not.
		if n := executed[id]; n < 1 || n > 2 {
			t.Errorf("the event was executed %d times", n)
		}
	}
}

// TestReplayAcrossRestart: a timestamped request without an id of its own is remembered through a kill as
// long as its timestamp passes.
func TestReplayAcrossRestart(t *testing.T) {
	if args, ok := child.Args(); ok {
		serveChild(t, args[0])
		return
	}
	dir := t.TempDir()
	s := startServer(t, dir)
	s.command(t, "webhook.put", map[string]any{"eventKey": "webhook.load", "uuid": token, "payloadType": "raw", "preset": "slack", "secrets": []string{"k"}})
	ts := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte("k"))
	io.WriteString(mac, "v0:"+ts+`:{"n":1}`)
	seal := "v0=" + hex.EncodeToString(mac.Sum(nil))
	send := func() (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.public+"/hooks/"+token, strings.NewReader(`{"n":1}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Slack-Request-Timestamp", ts)
		req.Header.Set("X-Slack-Signature", seal)
		res, err := client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode, res.Header.Get("pipeforce-result-correlationid")
	}
	status, id := send()
	if status != http.StatusOK {
		t.Fatalf("the first time: %d", status)
	}
	s.Kill()
	s.read.Wait()
	s = startServer(t, dir)
	if status, again := send(); status != http.StatusOK || again != id {
		t.Errorf("after the restart: %d, %s, want the id %s", status, again, id)
	}
	s.Kill()
	s.read.Wait()
	if _, events := finished(t, dir); len(events) != 1 {
		t.Errorf("%d events", len(events))
	}
}

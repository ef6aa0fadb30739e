package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/internal/testkit/child"
	"github.com/penstock/penstock/internal/testkit/syncfault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/secret"
	"github.com/penstock/penstock/runtime/store"
	stores "github.com/penstock/penstock/runtime/store/all"
)

// The pipeline of these tests says each event's id when it is executed.
const saying = "pipeline:\n  - event.listen: webhook.load\n  - log: \"executing ${body.id}\"\n  - body.set: \"${body.payload}\"\n"

const token = "0123456789abcdef0123456789abcdef0123"

// serveChild is a whole server in a child process: every line of its log goes to the parent, after one
// line with its addresses. SIGUSR1 makes every sync fail from then on.
func serveChild(t *testing.T, dir string, set ...string) {
	report := child.Reporter()
	config, err := configs.Load(configs.Sources{Set: append([]string{
		"store.dir=" + filepath.Join(dir, "data"), "pipelines.dir=" + filepath.Join(dir, "pipelines"),
		"plugins.dir=" + filepath.Join(dir, "none"), "ingress.address=127.0.0.1:0", "admin.address=127.0.0.1:0",
		"admin.token=" + token, "engine.poll=50ms", "store.reserve=8MiB",
	}, set...)})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(lines(func(line string) { _ = report(line) }), nil))
	a, err := app.Open(t.Context(), app.Params{
		Config: config, Logger: log, Version: "test", Resolver: secret.NewResolver(secret.Options{}), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		at := <-a.Listening()
		_ = report("listening " + at.Public + " " + at.Admin)
	}()
	fail := make(chan os.Signal, 1)
	signal.Notify(fail, syscall.SIGUSR1)
	go func() {
		<-fail
		if err := syncfault.FailSyncs(); err != nil {
			log.Error("installing the fault", "error", err)
		}
		_ = report("syncs fail")
	}()
	ctx, stop := signal.NotifyContext(t.Context(), syscall.SIGTERM)
	defer stop()
	if err := a.Run(ctx); err != nil && !strings.Contains(err.Error(), "sync") {
		t.Error(err)
	}
}

// lines calls a function for each line that is written to it at once.
type lines func(string)

func (l lines) Write(p []byte) (int, error) {
	l(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// server is a child seen by its parent.
type server struct {
	*child.Process
	public, admin string
	failed        chan struct{} // closed when the child's syncs fail

	mu       sync.Mutex
	executed map[string]int // by event id
	read     sync.WaitGroup
}

func startServer(t *testing.T, dir string, set ...string) *server {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "pipelines"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pipelines", "load.pi.yaml"), []byte(saying), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &server{Process: child.Start(t, nil, append([]string{dir}, set...)...), executed: map[string]int{}, failed: make(chan struct{})}
	for {
		line, ok := s.Line()
		if !ok {
			t.Fatal("the server ended before it listened")
		}
		s.take(line)
		if rest, ok := strings.CutPrefix(line, "listening "); ok {
			s.public, s.admin, _ = strings.Cut(rest, " ")
			break
		}
	}
	s.read.Go(func() {
		for line, ok := s.Line(); ok; line, ok = s.Line() {
			s.take(line)
		}
	})
	return s
}

func (s *server) take(line string) {
	if line == "syncs fail" {
		close(s.failed)
	}
	if _, rest, ok := strings.Cut(line, `"message":"executing `); ok {
		id, _, _ := strings.Cut(rest, `"`)
		s.mu.Lock()
		s.executed[id]++
		s.mu.Unlock()
	}
}

// client posts without keeping more connections than callers.
func client() *http.Client {
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
}

func (s *server) putWebhook(t *testing.T) {
	t.Helper()
	s.putWebhookOf(t, 4_194_304)
}

// putWebhookOf makes the webhook with the given largest body, in bytes.
func (s *server) putWebhookOf(t *testing.T, largest int) {
	t.Helper()
	body := `{"eventKey":"webhook.load","uuid":"` + token + `","payloadType":"raw","maxPayloadLength":` + strconv.Itoa(largest) + `}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"http://"+s.admin+"/api/v3/command/webhook.put?params=body", strings.NewReader(body))
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
	if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		t.Fatalf("webhook.put: %d %s", res.StatusCode, text)
	}
}

// post gives status, the id of the acknowledged event and Retry-After.
func (s *server) post(ctx context.Context, c *http.Client, body []byte) (status int, id, retryAfter string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.public+"/hooks/"+token, bytes.NewReader(body))
	if err != nil {
		return 0, "", "", err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.Do(req)
	if err != nil {
		return 0, "", "", err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, "", "", err
	}
	return res.StatusCode, res.Header.Get("pipeforce-result-correlationid"), res.Header.Get("Retry-After"), nil
}

// load posts from several callers until ctx ends, and gives the acknowledged ids.
func (s *server) load(ctx context.Context, callers int) []string {
	var mu sync.Mutex
	var acknowledged []string
	var group sync.WaitGroup
	c := client()
	defer c.CloseIdleConnections()
	for range callers {
		group.Go(func() {
			for ctx.Err() == nil {
				// An answer that is on its way when the load ends still counts.
				status, id, _, err := s.post(context.WithoutCancel(ctx), c, []byte(`{"n":1}`))
				if err != nil {
					return
				}
				if status == http.StatusOK {
					mu.Lock()
					acknowledged = append(acknowledged, id)
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return acknowledged
}

// settle waits until the server has nothing unsettled, then ends it in order.
func (s *server) settle(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.admin+"/api/v3/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var status app.Status
		err = json.NewDecoder(res.Body).Decode(&status)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if status.Unsettled == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d events are unsettled after a minute", status.Unsettled)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// finished opens the data of a dead server and gives its finished runs and all event ids.
func finished(t *testing.T, dir string) (done map[string]bool, events map[string]bool) {
	t.Helper()
	s, err := stores.Open(t.Context(), "sqlite", stores.Options{Dir: filepath.Join(dir, "data"), Reserve: -1, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	done, events = map[string]bool{}, map[string]bool{}
	runs, err := s.FindRuns(t.Context(), store.RunQuery{Status: run.Done, Limit: 10_000_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		done[r.EventID] = true
	}
	list, err := s.Events(t.Context(), store.EventQuery{Limit: 10_000_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		events[e.ID] = true
	}
	return done, events
}

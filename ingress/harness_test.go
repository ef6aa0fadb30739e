package ingress_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/webhook"
)

// world is a door over real sockets, with what stands behind it kept in memory.
type world struct {
	t    testing.TB
	addr string
	dir  *ingress.Directory
	srv  *ingress.Server
	stop func() error // ends Run and gives its error

	mu      sync.Mutex
	events  []event.Event     // until they are taken
	kept    []event.Event     // all
	dedupes map[string]string // scope and key to event id
	emitErr error
	onEmit  func(event.Event)
	rejects []store.Reject
	results map[string]run.Result
	polls   int
	hooks   map[string]webhook.Webhook
	log     bytes.Buffer
	clock   time.Time
}

func (w *world) Emit(_ context.Context, e event.Event, d event.Dedupe) (event.Accepted, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.onEmit != nil {
		w.onEmit(e)
	}
	if w.emitErr != nil {
		return event.Accepted{}, w.emitErr
	}
	if d.Key != "" {
		if first, known := w.dedupes[d.Scope+"\x00"+d.Key]; known {
			return event.Accepted{EventID: first}, nil
		}
		w.dedupes[d.Scope+"\x00"+d.Key] = e.ID
	}
	w.events, w.kept = append(w.events, withHeaders(e)), append(w.kept, e)
	return event.Accepted{EventID: e.ID, Fresh: true}, nil
}

func (w *world) Result(_ context.Context, id string) (run.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.polls++
	r, ok := w.results[id]
	if !ok {
		return run.Result{}, fault.New(fault.ResultGone, "no result")
	}
	return r, nil
}

func (w *world) Event(_ context.Context, id string) (store.Event, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.kept {
		if e.ID == id {
			return store.Event{ID: id, Key: e.Key, Data: e.AppendJSON(nil), Time: e.Time}, nil
		}
	}
	return store.Event{}, store.ErrNotFound
}

func (w *world) Raw(_ context.Context, id string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.kept {
		if e.ID == id {
			return e.Raw, nil
		}
	}
	return nil, store.ErrNotFound
}

func (w *world) AddReject(r store.Reject) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rejects = append(w.rejects, r)
}

func (w *world) PutWebhook(_ context.Context, h webhook.Webhook) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hooks[h.ID] = h
	return nil
}

func (w *world) DeleteWebhook(_ context.Context, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.hooks, id)
	return nil
}

func (w *world) Webhooks(context.Context) ([]webhook.Webhook, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []webhook.Webhook
	for _, h := range w.hooks {
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b webhook.Webhook) int { return a.Created.Compare(b.Created) })
	return out, nil
}

func (w *world) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(line)
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// taken gives the events so far and forgets them.
func (w *world) taken() []event.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.events
	w.events = nil
	return out
}

func (w *world) refused() []store.Reject {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.rejects
	w.rejects = nil
	return out
}

func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}

// secrets resolves literals and two references.
type secrets struct{}

func (secrets) Resolve(ref string) (string, error) {
	switch name, isRef := strings.CutPrefix(ref, "env:"); {
	case !isRef:
		return ref, nil
	case name == "GOOD":
		return "from the environment", nil
	default:
		return "", fmt.Errorf("environment variable %s is not set", name)
	}
}

func presets(tb testing.TB) *verify.Presets {
	tb.Helper()
	p, err := verify.Load()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// many is a budget of failures that tests do not use up.
const many = 1 << 30

func emptyWorld(tb testing.TB) *world {
	return &world{
		t: tb, dedupes: map[string]string{}, results: map[string]run.Result{}, hooks: map[string]webhook.Webhook{},
		clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

// open starts a door; more changes what it works with.
func open(tb testing.TB, o ingress.Options, more ...func(*ingress.Deps)) *world {
	tb.Helper()
	w := emptyWorld(tb)
	logger := slog.New(slog.NewJSONHandler(w, nil))
	var err error
	w.dir, err = ingress.NewDirectory(tb.Context(), w, presets(tb), secrets{},
		ingress.DirectoryOptions{PublicURL: o.PublicURL, Now: w.now, Logger: logger})
	if err != nil {
		tb.Fatal(err)
	}
	o.Address = "127.0.0.1:0"
	deps := ingress.Deps{Emitter: w, Results: w, Bodies: w, Directory: w.dir, Rejects: w, Logger: logger, Now: w.now}
	for _, change := range more {
		change(&deps)
	}
	w.srv, err = ingress.New(o, deps)
	if err != nil {
		tb.Fatal(err)
	}
	w.serve()
	return w
}

func (w *world) serve() {
	w.t.Helper()
	addr, err := w.srv.Listen()
	if err != nil {
		w.t.Fatal(err)
	}
	w.addr = addr.String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.srv.Run(ctx) }()
	w.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	w.t.Cleanup(func() {
		if err := w.stop(); err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
}

// hook is a webhook with the token that was given out for it.
type hook struct {
	webhook.Webhook
	token string
}

func (w *world) put(h webhook.Webhook) hook { return w.putToken(h, "") }

func (w *world) putToken(h webhook.Webhook, token string) hook {
	w.t.Helper()
	if h.EventKey == "" {
		h.EventKey = "webhook.lead.created"
	}
	out, token, err := w.dir.Put(context.Background(), h, token)
	if err != nil {
		w.t.Fatal(err)
	}
	return hook{out, token}
}

type answer struct {
	*http.Response
	body string
}

// do sends one request on a connection of its own and follows no redirect.
func (w *world) do(method, path, body string, header ...string) answer {
	w.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: door.test\r\nConnection: close\r\n", method, path)
	for _, h := range header {
		b.WriteString(h + "\r\n")
	}
	if body != "" || method == "POST" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	text := w.raw(b.String())
	r, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("%s %s: %v in %q", method, path, err, text)
	}
	defer r.Body.Close()
	got, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{r, string(got)}
}

// raw sends bytes as they are, ends the sending side and gives all that comes back. It reads while it sends:
// the door may answer before it has everything.
func (w *world) raw(text string) string {
	w.t.Helper()
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	var sending sync.WaitGroup
	sending.Go(func() {
		if _, err := io.WriteString(c, text); err == nil { // else the door has closed
			c.(*net.TCPConn).CloseWrite()
		}
	})
	got, _ := io.ReadAll(c) // a reset ends it too
	c.Close()
	sending.Wait()
	return string(got)
}

func sign(secret string, parts ...string) string {
	m := hmac.New(sha256.New, []byte(secret))
	for _, p := range parts {
		m.Write([]byte(p))
	}
	return hex.EncodeToString(m.Sum(nil))
}

// withHeaders gives an event with its headers as a map.
func withHeaders(e event.Event) event.Event {
	again, _, err := event.Unmarshal(e.AppendJSON(nil))
	if err != nil {
		panic(err)
	}
	e.Headers, e.HeaderText = again.Headers, nil
	return e
}

// sign64 is sign in base64.
func sign64(secret string, parts ...string) string {
	sum, err := hex.DecodeString(sign(secret, parts...))
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(sum)
}

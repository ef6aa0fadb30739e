package ingress_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/webhook"
)

// keeper holds events for a while, as asynchronous work does, and judges them late: by then the
// server's buffers belong to other requests.
type keeper struct {
	shards [64]struct {
		mu   sync.Mutex
		kept [256]event.Event
		n    int
	}
	next         atomic.Uint64
	judged       atomic.Int64
	wrong        atomic.Int64
	firstProblem sync.Once
	t            testing.TB
}

func (k *keeper) Emit(_ context.Context, e event.Event, _ event.Dedupe) (event.Accepted, error) {
	s := &k.shards[k.next.Add(1)%64]
	s.mu.Lock()
	i := s.n % len(s.kept)
	old, full := s.kept[i], s.n >= len(s.kept)
	s.kept[i] = e
	s.n++
	s.mu.Unlock()
	if full {
		k.judge(old)
	}
	return event.Accepted{EventID: e.ID, Fresh: true}, nil
}

// judge holds all places of an event against the marker in its header.
func (k *keeper) judge(e event.Event) {
	k.judged.Add(1)
	e = withHeaders(e)
	marker := e.Headers["x-marker"]
	var connection, number int
	if _, err := fmt.Sscanf(marker, "m-%d-%d-e", &connection, &number); err != nil {
		k.problem(e)
		return
	}
	want := base64.StdEncoding.EncodeToString([]byte(`{"marker":"` + marker + `"}`))
	if e.Key != fmt.Sprint("reuse.", (connection+number)%reuseHooks) || e.Headers["user-agent"] != "agent/"+marker ||
		string(e.Payload) != `{"origin":"`+want+`"}` || !strings.HasPrefix(e.TraceID, reuseToken((connection + number) % reuseHooks)[26:]+":") {
		k.problem(e)
	}
}

func (k *keeper) problem(e event.Event) {
	k.wrong.Add(1)
	k.firstProblem.Do(func() { k.t.Errorf("mixed: %s %v %s %s", e.Key, e.Headers, e.Payload, e.TraceID) })
}

func (k *keeper) rest() {
	for i := range k.shards {
		s := &k.shards[i]
		for _, e := range s.kept[:min(s.n, len(s.kept))] {
			k.judge(e)
		}
	}
}

const (
	reuseHooks       = 97
	reuseConnections = 64
	reuseBatch       = 25
)

func reuseToken(i int) string { return fmt.Sprintf("reuse-token-reuse-token-%08d", i) }

// TestRawHTTPBufferReuse sends marked requests (in path, query, header and body) over 64 connections and
// holds every emitted event against its marker, long after its request ended.
func TestRawHTTPBufferReuse(t *testing.T) {
	total := 1_000_000
	if testing.Short() || raceEnabled {
		total = 50_000
	}
	k := &keeper{t: t}
	w := &world{t: t, hooks: map[string]webhook.Webhook{}}
	logger := slog.New(slog.DiscardHandler)
	var err error
	w.dir, err = ingress.NewDirectory(t.Context(), w, presets(t), secrets{}, ingress.DirectoryOptions{Now: time.Now, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	for i := range reuseHooks {
		w.putToken(webhook.Webhook{EventKey: fmt.Sprint("reuse.", i)}, reuseToken(i))
	}
	w.srv, err = ingress.New(ingress.Options{Address: "127.0.0.1:0"}, ingress.Deps{Emitter: k, Results: w, Directory: w.dir, Rejects: w, Logger: logger, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	w.serve()
	perConnection := total / reuseConnections / reuseBatch * reuseBatch
	var wg sync.WaitGroup
	for c := range reuseConnections {
		wg.Go(func() {
			if err := flood(w.addr, c, perConnection); err != nil {
				t.Errorf("connection %d: %v", c, err)
			}
		})
	}
	wg.Wait()
	k.rest()
	if got, want := k.judged.Load(), int64(perConnection*reuseConnections); got != want {
		t.Errorf("%d events, want %d", got, want)
	}
	t.Logf("%d events judged, %d mixed", k.judged.Load(), k.wrong.Load())
}

// flood sends n requests on one connection, a batch at a time, and reads the answers. Even ones are POST
// with the marker in the body, odd ones GET with the marker in the query.
func flood(addr string, c, n int) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(9 * time.Minute))
	var out bytes.Buffer
	size, answers := 0, []byte(nil)
	for i := 0; i < n; i += reuseBatch {
		out.Reset()
		for number := i; number < i+reuseBatch; number++ {
			// Lengths differ, so that one marker's place in a buffer is never quite another's.
			marker := fmt.Sprintf("m-%d-%d-e%s", c, number, "zzzzzzz"[:number%7])
			token := reuseToken((c + number) % reuseHooks)
			if number%2 == 0 {
				body := `{"marker":"` + marker + `"}`
				fmt.Fprintf(&out, "POST /hooks/%s HTTP/1.1\r\nHost: a\r\nX-Marker: %s\r\nUser-Agent: agent/%s\r\nContent-Length: %d\r\n\r\n%s", token, marker, marker, len(body), body)
			} else {
				fmt.Fprintf(&out, "GET /hooks/%s?marker=%s HTTP/1.1\r\nHost: a\r\nX-Marker: %s\r\nUser-Agent: agent/%s\r\n\r\n", token, marker, marker, marker)
			}
		}
		if _, err := conn.Write(out.Bytes()); err != nil {
			return err
		}
		if size == 0 {
			if size, err = firstAnswer(conn); err != nil {
				return err
			}
			answers = make([]byte, size*reuseBatch)
			if _, err := io.ReadFull(conn, answers[:size*(reuseBatch-1)]); err != nil {
				return err
			}
			continue
		}
		if _, err := io.ReadFull(conn, answers); err != nil {
			return err
		}
		for at := 0; at < len(answers); at += size {
			if !bytes.HasPrefix(answers[at:], []byte("HTTP/1.1 200 OK\r\n")) {
				return fmt.Errorf("answer %.60q", answers[at:])
			}
		}
	}
	return nil
}

// firstAnswer reads one answer byte by byte and gives its size, which all answers share.
func firstAnswer(r io.Reader) (int, error) {
	var got []byte
	one := make([]byte, 1)
	for !bytes.HasSuffix(got, []byte(`"}`)) {
		if _, err := r.Read(one); err != nil {
			return 0, err
		}
		if got = append(got, one[0]); len(got) > 4096 {
			return 0, fmt.Errorf("answer %.60q", got)
		}
	}
	return len(got), nil
}

package ingress_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/internal/metrics"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/webhook"
)

// nothing is an emitter that keeps no event, so that the door alone is measured.
type nothing struct{}

func (nothing) Emit(_ context.Context, e event.Event, _ event.Dedupe) (event.Accepted, error) {
	return event.Accepted{EventID: e.ID, Fresh: true}, nil
}

// proven are the settings of a webhook that GitHub calls.
func proven() webhook.Webhook {
	return webhook.Webhook{Verify: webhook.Verify{Preset: "github", Secrets: []webhook.Secret{{Ref: "k"}}}}
}

// delivery is a request of GitHub's with a body of 1 KB.
func delivery(path string) string {
	body := `{"lead":"` + strings.Repeat("x", 1000) + `"}`
	return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nUser-Agent: bench\r\nX-GitHub-Event: push\r\n" +
		"X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958\r\nX-Hub-Signature-256: sha256=" + sign("k", body) +
		fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n", len(body)) + body
}

// BenchmarkAccept measures the door over real sockets, with a proof and the name of the delivery, and with
// what it counts, beside its floor: the bare server answering 202. The client is in the same process and in
// both figures. "settings" has every limit of a webhook on, "raw" takes the body as JSON, "schema" also holds
// it against one.
func BenchmarkAccept(b *testing.B) {
	settings, raw := proven(), proven()
	settings.Allow, settings.TrustedProxies = []string{"127.0.0.0/8", "192.0.2.0/24"}, []string{"10.0.0.0/8"}
	settings.ContentTypes, settings.Methods = []string{"application/json", "text/*"}, []string{"POST"}
	settings.Rate = webhook.Rate{PerSecond: 1_000_000}
	raw.PayloadType = webhook.Raw
	schema := raw
	schema.Schema.Document = []byte(`{"type":"object","required":["lead"],"properties":{"lead":{"type":"string"}}}`)
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("floor/%d", callers), func(b *testing.B) {
			load(b, bare(b), callers, delivery("/hooks/x"))
		})
		for _, c := range []struct {
			name string
			hook webhook.Webhook
		}{{"door", proven()}, {"settings", settings}, {"raw", raw}, {"schema", schema}} {
			if c.name != "door" && callers != 64 {
				continue
			}
			b.Run(fmt.Sprintf("%s/%d", c.name, callers), func(b *testing.B) {
				w, hook := door(b, nothing{}, c.hook)
				load(b, w.addr, callers, delivery("/hooks/"+hook.token))
			})
		}
	}
}

// door starts a door with one webhook, as a server does.
func door(b *testing.B, m ingress.Emitter, settings webhook.Webhook) (*world, hook) {
	b.Helper()
	w := &world{t: b, hooks: map[string]webhook.Webhook{}}
	logger := slog.New(slog.DiscardHandler)
	var err error
	if w.dir, err = ingress.NewDirectory(b.Context(), w, presets(b), secrets{}, ingress.DirectoryOptions{Now: time.Now, Logger: logger}); err != nil {
		b.Fatal(err)
	}
	hook := w.put(settings)
	w.srv, err = ingress.New(ingress.Options{Address: "127.0.0.1:0"}, ingress.Deps{
		Emitter: m, Results: w, Directory: w.dir, Rejects: w, Logger: logger, Now: time.Now, Metrics: metrics.New("bench").Door(presets(b).Names()),
	})
	if err != nil {
		b.Fatal(err)
	}
	w.serve()
	return w, hook
}

func bare(b *testing.B) string {
	b.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Post("/hooks/x", func(c *fiber.Ctx) error { return c.SendStatus(http.StatusAccepted) })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- app.Listener(ln) }()
	b.Cleanup(func() {
		if err := app.ShutdownWithTimeout(10 * time.Second); err != nil {
			b.Error(err)
		}
		<-ended
	})
	return ln.Addr().String()
}

// load sends b.N requests from as many callers as asked for, each waiting for its answer.
func load(b *testing.B, addr string, callers int, request string) {
	b.Helper()
	conns := make([]net.Conn, callers)
	size := 0
	for i := range conns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, request); err != nil {
			b.Fatal(err)
		}
		buf := make([]byte, 4096)
		if size, err = c.Read(buf); err != nil {
			b.Fatal(err)
		}
		if got := string(buf[:size]); !strings.HasPrefix(got, "HTTP/1.1 20") {
			b.Fatalf("answer %q", got)
		}
		conns[i] = c
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for _, c := range conns {
		wg.Go(func() {
			out, in := []byte(request), make([]byte, size)
			for left.Add(-1) >= 0 {
				if _, err := c.Write(out); err != nil {
					b.Error(err)
					return
				}
				if _, err := io.ReadFull(c, in); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

package ingress

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/webhook"
)

// silent is a store and a list of refusals that keep nothing.
type silent struct{}

func (silent) PutWebhook(context.Context, webhook.Webhook) error   { return nil }
func (silent) DeleteWebhook(context.Context, string) error         { return nil }
func (silent) Webhooks(context.Context) ([]webhook.Webhook, error) { return nil, nil }
func (silent) AddReject(store.Reject)                              {}
func (silent) Resolve(ref string) (string, error)                  { return ref, nil }

// BenchmarkRefuse shows that the cost of a refusal does not tell why: the figures are alike. Those of an
// address that used up its failures are far below: no proof is judged for it.
func BenchmarkRefuse(b *testing.B) {
	p, err := verify.Load()
	if err != nil {
		b.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	d, err := NewDirectory(b.Context(), silent{}, p, silent{}, DirectoryOptions{Now: time.Now, Logger: logger})
	if err != nil {
		b.Fatal(err)
	}
	_, known, err := d.Put(b.Context(), webhook.Webhook{EventKey: "a", Verify: webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Sig"}}, Secrets: []webhook.Secret{{Ref: "k"}}}}, "")
	if err != nil {
		b.Fatal(err)
	}
	s, err := New(Options{Address: "127.0.0.1:0", Failures: 1 << 40}, Deps{Directory: d, Rejects: silent{}, Logger: logger, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	flooded, err := New(Options{Address: "127.0.0.1:0", Failures: 1, FailureRefill: time.Hour}, Deps{Directory: d, Rejects: silent{}, Logger: logger, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	wrong := strings.Repeat("0", 36)
	almost := known[:35] + "x"
	for _, c := range []struct {
		name, token, sig string
		server           *Server
		status           int
	}{
		{"unknown", wrong, strings.Repeat("0", 64), s, 401},
		{"unknown but for the end", almost, strings.Repeat("0", 64), s, 401},
		{"bad signature", known, strings.Repeat("0", 64), s, 401},
		{"no signature", known, "", s, 401},
		{"malformed signature", known, "xyz", s, 401},
		{"used up, unknown", wrong, strings.Repeat("0", 64), flooded, 429},
		{"used up, bad signature", known, strings.Repeat("0", 64), flooded, 429},
	} {
		b.Run(c.name, func(b *testing.B) {
			var ctx fasthttp.RequestCtx
			var r fasthttp.Request
			r.Header.SetMethod("POST")
			r.SetRequestURI("/hooks/x")
			if c.sig != "" {
				r.Header.Set("X-Sig", c.sig)
			}
			r.SetBodyString(strings.Repeat("b", 16_384))
			ctx.Init(&r, nil, nil)
			token := []byte(c.token)
			for range 4 { // use up what there is
				c.server.receive(&ctx, token)
			}
			b.ReportAllocs()
			for b.Loop() {
				ctx.Response.Reset()
				c.server.receive(&ctx, token)
				if ctx.Response.StatusCode() != c.status {
					b.Fatal(ctx.Response.StatusCode())
				}
			}
		})
	}
}

package commandtest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/store/memory"
	"github.com/penstock/penstock/runtime/webhook"
)

// World is the outside of the built-in commands, in memory, for their examples and tests. Make one with
// [NewWorld].
type World struct{ w *world }

type world struct {
	mu         sync.Mutex
	events     []event.Event
	results    map[string]string
	webhooks   map[string]webhook.Webhook
	properties memory.Properties
	pipelines  stored
}

// NewWorld makes an empty world.
func NewWorld() World {
	return World{&world{results: map[string]string{}, webhooks: map[string]webhook.Webhook{}}}
}

// Deps is the world as the commands take it.
func (w World) Deps() builtin.Deps {
	server := outside{egress.New(egress.Options{})}
	return builtin.Deps{Emit: w.w.emit, Results: w.w, Webhooks: w.w, Properties: &w.w.properties, Namespace: "default", Jobs: w.w, Pipelines: &w.w.pipelines, Outbound: server, Secrets: server, Language: expr.New(expr.Options{Now: Now}), Now: Now}
}

// Events are those that were sent, in their order.
func (w World) Events() []event.Event {
	w.w.mu.Lock()
	defer w.w.mu.Unlock()
	return slices.Clone(w.w.events)
}

// Results are those that were completed, as JSON texts by correlation id.
func (w World) Results() map[string]string {
	w.w.mu.Lock()
	defer w.w.mu.Unlock()
	return maps.Clone(w.w.results)
}

// Webhooks are those that are kept, by id.
func (w World) Webhooks() map[string]webhook.Webhook {
	w.w.mu.Lock()
	defer w.w.mu.Unlock()
	return maps.Clone(w.w.webhooks)
}

// KeepWebhook keeps a webhook as it is given.
func (w World) KeepWebhook(h webhook.Webhook) {
	w.w.mu.Lock()
	defer w.w.mu.Unlock()
	w.w.webhooks[h.ID] = h
}

func (w *world) emit(_ context.Context, e event.Event) (event.Accepted, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
	return event.Accepted{EventID: e.ID, Fresh: true}, nil
}

func (w *world) CompleteResult(_ context.Context, id string, value []byte, _ time.Time) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, taken := w.results[id]; taken {
		return false, nil
	}
	w.results[id] = string(value)
	return true, nil
}

// Put keeps webhooks as a directory does, but judges nothing. The id of a webhook is made from its number.
func (w *world) Put(_ context.Context, h webhook.Webhook, text string) (webhook.Webhook, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h.ID = fmt.Sprintf("%s%d", webhook.IDPrefix, len(w.webhooks)+1)
	text = cmp.Or(text, "random-token-random-token")
	h.Tokens = []webhook.Token{webhook.NewToken(text, Now())}
	h.PayloadType = cmp.Or(h.PayloadType, webhook.Base64)
	h.MaxPayloadLength = cmp.Or(h.MaxPayloadLength, webhook.DefaultMaxPayloadLength)
	w.webhooks[h.ID] = h
	return h, text, nil
}

func (w *world) Change(_ context.Context, ref string, change func(*webhook.Webhook) error) (webhook.Webhook, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h, found := w.find(ref)
	if !found {
		return h, fault.New(fault.WebhookUnknown, "no webhook has this id or token")
	}
	h = h.Clone()
	if err := change(&h); err != nil {
		return h, err
	}
	w.webhooks[h.ID] = h
	return h, nil
}

func (w *world) Rotate(ctx context.Context, ref string, grace time.Duration) (webhook.Webhook, string, error) {
	const text = "rotated-token-rotated-token"
	h, err := w.Change(ctx, ref, func(h *webhook.Webhook) error {
		last := h.Tokens[0]
		last.NotAfter = Now().Add(grace)
		h.Tokens = []webhook.Token{webhook.NewToken(text, Now()), last}
		return nil
	})
	return h, text, err
}

func (w *world) Enable(ctx context.Context, ref string, on bool) (webhook.Webhook, error) {
	return w.Change(ctx, ref, func(h *webhook.Webhook) error { h.Disabled = !on; return nil })
}

// find expects w.mu to be held.
func (w *world) find(ref string) (webhook.Webhook, bool) {
	hash := webhook.NewToken(ref, time.Time{}).Hash
	for _, h := range w.webhooks {
		if h.ID == ref || slices.ContainsFunc(h.Tokens, func(t webhook.Token) bool { return t.Hash == hash }) {
			return h, true
		}
	}
	return webhook.Webhook{}, false
}

func (w *world) Get(ref string) (webhook.Webhook, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.find(ref)
}

func (w *world) List() []webhook.Webhook {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.SortedFunc(maps.Values(w.webhooks), func(a, b webhook.Webhook) int { return cmp.Compare(a.ID, b.ID) })
}

func (w *world) Delete(_ context.Context, ref string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if h, found := w.find(ref); found {
		delete(w.webhooks, h.ID)
	}
	return nil
}

func (w *world) Sample(_ context.Context, ref, event string, body []byte) (webhook.Sample, error) {
	if _, found := w.Get(ref); !found {
		return webhook.Sample{}, fault.New(fault.WebhookUnknown, "no webhook has this id or token")
	}
	return webhook.Sample{Method: "POST", URL: w.URL("sample"), Header: [][2]string{{"X-A", "b"}}, Body: body, Event: event}, nil
}

func (w *world) URL(text string) string {
	if text == "" {
		return "http://localhost/api/v3/command/webhook.receive"
	}
	return "http://localhost/api/v3/command/webhook.receive?token=" + text
}

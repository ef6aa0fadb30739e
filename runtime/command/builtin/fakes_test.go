package builtin_test

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/command/commandtest"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/webhook"
)

// world is the outside of the commands, in memory.
type world struct {
	mu       sync.Mutex
	events   []event.Event
	results  map[string]string
	webhooks map[string]webhook.Webhook
}

func newWorld() *world {
	return &world{results: map[string]string{}, webhooks: map[string]webhook.Webhook{}}
}

func (w *world) deps() builtin.Deps {
	return builtin.Deps{Emit: w.emit, Results: w, Webhooks: w, Now: commandtest.Now}
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

func (w *world) Put(_ context.Context, h webhook.Webhook) (webhook.Webhook, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h.UUID = cmp.Or(h.UUID, event.NewID(commandtest.Now()))
	h.PayloadType = cmp.Or(h.PayloadType, webhook.Base64)
	h.MaxPayloadLength = cmp.Or(h.MaxPayloadLength, webhook.DefaultMaxPayloadLength)
	w.webhooks[h.UUID] = h
	return h, nil
}

func (w *world) Get(uuid string) (webhook.Webhook, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h, ok := w.webhooks[uuid]
	return h, ok
}

func (w *world) List() []webhook.Webhook {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := []webhook.Webhook{}
	for _, h := range w.webhooks {
		list = append(list, h)
	}
	slices.SortFunc(list, func(a, b webhook.Webhook) int { return cmp.Compare(a.UUID, b.UUID) })
	return list
}

func (w *world) Delete(_ context.Context, uuid string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.webhooks, uuid)
	return nil
}

func (w *world) URL(h webhook.Webhook) string {
	return "http://localhost/api/v3/command/webhook.receive?token=" + h.UUID
}

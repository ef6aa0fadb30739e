package app

import (
	"context"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/webhook"
)

// localResults keeps results for the time of one process; the first caller wins, as in a store.
type localResults struct {
	mu   sync.Mutex
	kept map[string]struct{}
}

func newLocalResults() *localResults { return &localResults{kept: map[string]struct{}{}} }

func (l *localResults) CompleteResult(_ context.Context, id string, _ []byte, _ time.Time) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, taken := l.kept[id]
	l.kept[id] = struct{}{}
	return !taken, nil
}

// noWebhooks refuses to manage webhooks where there is no door.
type noWebhooks struct{}

func (noWebhooks) Put(context.Context, webhook.Webhook, string) (webhook.Webhook, string, error) {
	return webhook.Webhook{}, "", errNoServer
}

func (noWebhooks) Change(context.Context, string, func(*webhook.Webhook) error) (webhook.Webhook, error) {
	return webhook.Webhook{}, errNoServer
}

func (noWebhooks) Rotate(context.Context, string, time.Duration) (webhook.Webhook, string, error) {
	return webhook.Webhook{}, "", errNoServer
}

func (noWebhooks) Enable(context.Context, string, bool) (webhook.Webhook, error) {
	return webhook.Webhook{}, errNoServer
}

func (noWebhooks) Sample(context.Context, string, string, []byte) (webhook.Sample, error) {
	return webhook.Sample{}, errNoServer
}
func (noWebhooks) Get(string) (webhook.Webhook, bool)   { return webhook.Webhook{}, false }
func (noWebhooks) List() []webhook.Webhook              { return nil }
func (noWebhooks) Delete(context.Context, string) error { return errNoServer }
func (noWebhooks) URL(string) string                    { return "" }

package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// PutWebhook implements store.Webhooks.
func (s *Store) PutWebhook(ctx context.Context, w webhook.Webhook) error {
	text, err := json.Marshal(w)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encoding a webhook")
	}
	return s.write(ctx, len(text), func(tx *writer) error {
		_, err := tx.sql.putWebhook.run(w.ID, string(text))
		return err
	})
}

// DeleteWebhook implements store.Webhooks.
func (s *Store) DeleteWebhook(ctx context.Context, id string) error {
	return s.write(ctx, 0, func(w *writer) error {
		_, err := w.sql.deleteWebhook.run(id)
		return err
	})
}

// Webhooks implements store.Webhooks.
func (s *Store) Webhooks(ctx context.Context) ([]webhook.Webhook, error) {
	all, err := list(ctx, s, "listing webhooks", scanWebhook, `SELECT settings FROM webhooks`)
	slices.SortFunc(all, func(a, b webhook.Webhook) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

func scanWebhook(row scanner) (w webhook.Webhook, err error) {
	var text []byte
	if err := row.Scan(&text); err != nil {
		return w, err
	}
	return w, json.Unmarshal(text, &w)
}

package app

import (
	"context"

	"github.com/penstock/penstock/configs/webhooks"
	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/webhook"
)

// openDirectory opens the webhooks: those in the store and those that files declare.
func (a *App) openDirectory(ctx context.Context, presets *verify.Presets) (*ingress.Directory, error) {
	c := a.p.Config
	lists, err := AddressLists(c)
	if err != nil {
		return nil, err
	}
	return ingress.NewDirectory(ctx, a.store, presets, a.p.Resolver, ingress.DirectoryOptions{
		PublicURL: publicURL(c), Lists: lists, Fetcher: a.keys, Now: a.p.Now, Logger: a.p.Logger,
		Declared: func() ([]webhook.Declaration, error) { return webhooks.LoadDir(c.Webhooks.Dir) },
	})
}

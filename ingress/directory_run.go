package ingress

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

const (
	// DefaultRefresh is how often Run looks whether something changed outside.
	DefaultRefresh = 5 * time.Second
	// keepUseEvery is how often the times of use are written.
	keepUseEvery = time.Minute
)

// Run keeps the directory fresh until ctx ends: see [Directory.Refresh]. At the end it writes the times of
// use. It is called once.
func (d *Directory) Run(ctx context.Context) {
	tick := time.NewTicker(d.refresh)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			d.keepUse(context.WithoutCancel(ctx))
			return
		case <-tick.C:
			d.Refresh(ctx)
		}
	}
}

// Refresh takes over what changed outside: secrets and keys behind references, and declared webhooks. What
// cannot be read or used stays as it was, and the log says so once. Once a minute it also writes when tokens
// were used.
func (d *Directory) Refresh(ctx context.Context) {
	d.refreshDeclared(ctx)
	d.refreshMaterial()
	d.mu.Lock()
	due := d.now().Sub(d.useKept) >= keepUseEvery
	d.mu.Unlock()
	if due {
		d.keepUse(ctx)
	}
}

// refreshMaterial makes the entries anew whose secrets or keys are others than before.
func (d *Directory) refreshMaterial() {
	for _, e := range d.current.Load().list {
		if !e.shut && !refers(e.webhook) {
			continue
		}
		_, _, sum, err := d.material(e.webhook)
		switch {
		case err != nil && !e.shut:
			d.complain(e.webhook.ID, "its changed secret cannot be used, so the one before stays", err)
		case err == nil && (e.shut || sum != e.material):
			d.renew(e)
		case err == nil:
			d.recovered(e.webhook.ID)
		}
	}
}

// renew compiles an entry again, unless it was changed meanwhile.
func (d *Directory) renew(e *entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.current.Load()
	if v.byID[e.webhook.ID] != e {
		return
	}
	next, err := d.compile(e.webhook, e)
	if err != nil {
		if !e.shut {
			d.complainLocked(e.webhook.ID, "its changed secret cannot be used, so the one before stays", err)
		}
		return
	}
	next.declared = e.declared
	d.current.Store(newView(v.with(next), v))
	delete(d.complaints, e.webhook.ID)
	d.logger.Info("took over a changed secret of a webhook", "webhook", e.webhook.ID, "event_key", e.webhook.EventKey)
}

// complain logs a fault once, until it changes or goes away.
func (d *Directory) complain(about, what string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.complainLocked(about, what, err)
}

func (d *Directory) complainLocked(about, what string, err error) {
	text := err.Error()
	if d.complaints[about] == text {
		return
	}
	d.complaints[about] = text
	d.logger.Error("a webhook cannot be brought up to date", "outcome", what, "webhook", about, "code", string(fault.CodeOf(err)), "error", err)
}

func (d *Directory) recovered(about string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.complaints, about)
}

// keepUse writes the times of use that changed.
func (d *Directory) keepUse(ctx context.Context) {
	for _, e := range d.current.Load().list {
		if err := d.keepUseOf(ctx, e.webhook.ID); err != nil {
			d.logger.Warn("could not write when webhooks were used", "code", string(fault.CodeOf(err)), "error", err)
			return
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.useKept = d.now()
}

func (d *Directory) keepUseOf(ctx context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.current.Load()
	e := v.byID[id]
	if e == nil {
		return nil
	}
	w := v.present(e)
	if !v.unkept(w) {
		return nil
	}
	if err := d.store.PutWebhook(ctx, e.row(w)); err != nil {
		return storeFault(err, "storing a webhook")
	}
	v.markKept(w)
	return nil
}

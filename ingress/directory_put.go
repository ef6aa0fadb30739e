package ingress

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// minToken is the shortest token that may be given: shorter ones can be guessed.
const minToken = 16

// maxGrace is how long the token before may live on after a rotation.
const maxGrace = 90 * 24 * time.Hour

// Put stores w as a whole and gives it as it was stored. Without an ID it is new: it gets one, and token
// becomes its token, or a random one where that is empty. With an ID it takes the place of the webhook
// with it; its tokens stay, unless token is given, which then is the only one at once. issued is the
// token that was made or given now; it can be had at no later time. Empty settings get their
// defaults. Every problem is a fault with fault.WebhookInvalid that names the parameter, and changes
// nothing. Put returns after the webhook is stored.
func (d *Directory) Put(ctx context.Context, w webhook.Webhook, token string) (stored webhook.Webhook, issued string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w = w.Clone()
	now := d.stamp()
	if w.ID == "" {
		if token == "" {
			token = webhook.NewTokenText()
		}
		w.ID, w.Created = webhook.NewID(), now
	} else {
		old, err := d.changeable(w.ID)
		if err != nil {
			return webhook.Webhook{}, "", err
		}
		w.Created, w.Tokens = old.Created, old.Tokens
	}
	if token != "" {
		if err := d.checkToken(token); err != nil {
			return webhook.Webhook{}, "", err
		}
		w.Tokens = []webhook.Token{webhook.NewToken(token, now)}
	}
	w.Origin = ""
	stored, err = d.save(ctx, w, nil)
	if err != nil {
		return webhook.Webhook{}, "", err
	}
	return stored, token, nil
}

// Change applies a function to the settings of a webhook, found by its id or a live token, and stores
// the outcome; nothing else is changed meanwhile. The function must not use the directory. What names
// the webhook and opens it (id, tokens, creation) stays as it is. Faults are as with Put; an unknown
// webhook is one with fault.WebhookUnknown.
func (d *Directory) Change(ctx context.Context, ref string, change func(*webhook.Webhook) error) (webhook.Webhook, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	old, err := d.changeable(ref)
	if err != nil {
		return webhook.Webhook{}, err
	}
	w := old.Clone()
	if err := change(&w); err != nil {
		return webhook.Webhook{}, err
	}
	w.ID, w.Tokens, w.Created, w.Origin = old.ID, old.Tokens, old.Created, old.Origin
	return d.save(ctx, w, nil)
}

// Enable opens or shuts a webhook.
func (d *Directory) Enable(ctx context.Context, ref string, on bool) (webhook.Webhook, error) {
	return d.Change(ctx, ref, func(w *webhook.Webhook) error {
		w.Disabled = !on
		return nil
	})
}

// Rotate gives a webhook a new token. The newest token before lives on for grace; older ones end now.
func (d *Directory) Rotate(ctx context.Context, ref string, grace time.Duration) (stored webhook.Webhook, issued string, err error) {
	if grace < 0 || grace > maxGrace {
		return webhook.Webhook{}, "", invalid("grace", "a grace is 0 to %d days", maxGrace/(24*time.Hour))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	w, err := d.changeable(ref)
	if err != nil {
		return webhook.Webhook{}, "", err
	}
	now := d.stamp()
	issued = webhook.NewTokenText()
	tokens := []webhook.Token{webhook.NewToken(issued, now)}
	if len(w.Tokens) > 0 && grace > 0 {
		last := w.Tokens[0]
		if end := now.Add(grace); last.NotAfter.IsZero() || end.Before(last.NotAfter) {
			last.NotAfter = end
		}
		tokens = append(tokens, last)
	}
	w.Tokens = tokens
	if stored, err = d.save(ctx, w, nil); err != nil {
		return webhook.Webhook{}, "", err
	}
	return stored, issued, nil
}

// Delete removes a webhook, found by its id or a live token; an unknown one is no error. It returns
// after the change is stored.
func (d *Directory) Delete(ctx context.Context, ref string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.current.Load()
	e := v.find(ref, d.now())
	if e == nil {
		return nil
	}
	if e.webhook.Origin != "" {
		return errDeclared(e.webhook)
	}
	if err := d.store.DeleteWebhook(ctx, e.webhook.ID); err != nil {
		return storeFault(err, "deleting a webhook")
	}
	d.current.Store(newView(v.without(e.webhook.ID), v))
	return nil
}

// changeable finds a webhook that may be changed, with the newest token first and without ended ones.
// d.mu must be held.
func (d *Directory) changeable(ref string) (webhook.Webhook, error) {
	v, now := d.current.Load(), d.now()
	e := v.find(ref, now)
	if e == nil {
		return webhook.Webhook{}, fault.New(fault.WebhookUnknown, "no webhook has this id or token")
	}
	if e.webhook.Origin != "" {
		return webhook.Webhook{}, errDeclared(e.webhook)
	}
	w := v.present(e)
	live := w.Tokens[:0]
	for _, t := range w.Tokens {
		if t.Live(now) {
			live = append(live, t)
		}
	}
	w.Tokens = live
	return w, nil
}

func errDeclared(w webhook.Webhook) error {
	return fault.New(fault.WebhookDeclared, "the webhook is declared in %s", w.Origin).WithHint("change that file: the server reads it again by itself")
}

// save checks, stores and shows a webhook; declared is what its file says, nil where there is none. d.mu must
// be held.
func (d *Directory) save(ctx context.Context, w webhook.Webhook, declared *declaration) (webhook.Webhook, error) {
	v := d.current.Load()
	w.Updated = d.stamp()
	e, err := d.compile(w, v.byID[w.ID])
	if err != nil {
		return webhook.Webhook{}, err
	}
	e.declared = declared
	if err := d.store.PutWebhook(ctx, e.row(e.webhook)); err != nil {
		return webhook.Webhook{}, storeFault(err, "storing a webhook")
	}
	next := newView(v.with(e), v)
	next.markKept(e.webhook)
	d.current.Store(next)
	delete(d.complaints, w.ID)
	return e.webhook.Clone(), nil
}

// checkToken judges a token that was given. d.mu must be held.
func (d *Directory) checkToken(token string) error {
	if !usableToken(token) {
		return invalid("uuid", "%s", errBadToken.Error()).WithHint("leave it out to get a random one")
	}
	if d.current.Load().byToken[sha256.Sum256([]byte(token))] != nil {
		return invalid("uuid", "a webhook has this token, or had it until lately")
	}
	return nil
}

func (d *Directory) stamp() time.Time { return d.now().UTC().Truncate(time.Millisecond) }

// storeFault keeps the store's own code, such as a full disk, and gives one to any other error.
func storeFault(err error, doing string) error {
	code := fault.CodeOf(err)
	if code == fault.Internal {
		code = fault.StoreUnavailable
	}
	return fault.Wrap(code, err, "%s", doing)
}

package ingress

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/ingress/verify/netlist"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/webhook"
)

// SecretResolver turns what a webhook's settings hold into the secret itself: a literal value stays, a
// reference (env:NAME, file:PATH) is looked up. Its errors do not hold the secret.
type SecretResolver interface {
	Resolve(ref string) (string, error)
}

// DirectoryOptions are the settings of a Directory.
type DirectoryOptions struct {
	PublicURL string         // as senders see the door; empty = addresses begin with the path
	Lists     *netlist.Lists // of addresses that settings may name with an @; nil = none
	Fetcher   verify.Fetcher // of keys that presets name by address; nil = none are fetched
	// Declared reads the declared webhooks, with all faults of a file that cannot be used; nil = there are none.
	Declared func() ([]webhook.Declaration, error)
	Refresh  time.Duration // how often Run looks whether something changed outside; 0 = DefaultRefresh
	Now      func() time.Time
	Logger   *slog.Logger
}

// Directory is the door's view of the webhooks. Reading takes no lock; a change is stored first and seen
// by requests after that. It may be used from many goroutines.
type Directory struct {
	store    store.Webhooks
	presets  *verify.Presets
	secrets  SecretResolver
	lists    *netlist.Lists
	fetcher  verify.Fetcher
	language *expr.Language
	declared func() ([]webhook.Declaration, error)
	refresh  time.Duration
	public   atomic.Pointer[string] // without a slash at its end
	now      func() time.Time
	logger   *slog.Logger
	decoy    *entry // stands in for an unknown webhook, so that finding none takes as long

	probes probes

	mu         sync.Mutex // held while changing
	current    atomic.Pointer[view]
	complaints map[string]string // last fault that was logged, by the id of the webhook
	useKept    time.Time         // when the times of use were last written
}

// The limits of expressions in settings: they run while a sender waits.
const (
	maxExpression = 4 << 10 // bytes of one
	maxSteps      = 100_000
	maxMade       = 4 << 20 // bytes that one evaluation makes
)

// NewDirectory reads the stored webhooks and the declared ones. One whose preset or secret cannot be used
// stays listed and refuses every request; that is logged as an error. A file that cannot be used is a fault.
func NewDirectory(ctx context.Context, s store.Webhooks, p *verify.Presets, secrets SecretResolver, o DirectoryOptions) (*Directory, error) {
	u, err := checkPublicURL(o.PublicURL)
	if err != nil {
		return nil, err
	}
	d := &Directory{
		store: s, presets: p, secrets: secrets, lists: o.Lists, fetcher: o.Fetcher, declared: o.Declared,
		refresh: cmp.Or(o.Refresh, DefaultRefresh), now: o.Now, logger: o.Logger, complaints: map[string]string{}, useKept: o.Now(),
		language: newLanguage(o.Now),
	}
	d.setPublic(u)
	if d.decoy, err = d.newDecoy(); err != nil {
		return nil, err
	}
	list, err := s.Webhooks(ctx)
	if err != nil {
		return nil, storeFault(err, "reading the webhooks")
	}
	entries := make([]*entry, len(list))
	for i, w := range list {
		if w.Origin != "" { // what is stored of it only completes its file
			entries[i] = shut(w)
			continue
		}
		entries[i] = d.compileOrShut(w)
	}
	d.current.Store(newView(entries, nil))
	var declared []webhook.Declaration
	if o.Declared != nil {
		if declared, err = o.Declared(); err != nil {
			return nil, err
		}
	}
	if err := d.applyDeclared(ctx, declared, true); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Directory) newDecoy() (*entry, error) {
	settings := webhook.Verify{Preset: "hmac", Options: webhook.Options{"header": {"X-Signature"}}}
	v, err := d.presets.Compile(settings, verify.Material{Secrets: []verify.Secret{{Text: []byte(rand.Text())}}})
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "preparing the directory of webhooks")
	}
	// As most webhooks are, so that a large body tells nothing.
	return &entry{verifier: v, webhook: webhook.Webhook{MaxPayloadLength: webhook.DefaultMaxPayloadLength}}, nil
}

// compileOrShut gives an entry that refuses everything when the settings cannot be used.
func (d *Directory) compileOrShut(w webhook.Webhook) *entry {
	e, err := d.compile(w, nil)
	if err != nil {
		d.logger.Error("a webhook refuses all requests, because its settings cannot be used",
			"webhook", w.ID, "event_key", w.EventKey, "code", string(fault.CodeOf(err)), "error", err)
		return shut(w)
	}
	return e
}

// lookup finds the webhook that a token opens at the time now, and the end of the token for logs. Tokens
// are compared as digests, so the time tells nothing about how much of one is right. Where none is
// open, reason says why, for operators, and the entry is a decoy: for the caller an expired token and a
// disabled webhook are as an unknown token.
func (d *Directory) lookup(token []byte, now time.Time) (e *entry, short, reason string) {
	if len(token) > maxToken {
		token = token[:maxToken] // never a token: they are shorter
	}
	v, key := d.current.Load(), sha256.Sum256(token)
	p := v.byToken[key]
	if p == nil {
		p = d.probes.find(key, v)
	}
	switch {
	case len(token) == 0:
		return d.decoy, "", reasonWebhookUnnamed
	case p == nil:
		return d.decoy, "", reasonTokenUnknown
	case !p.live(now):
		return d.decoy, p.hint, reasonTokenExpired
	case p.entry.webhook.Disabled:
		return d.decoy, p.hint, reasonWebhookDisabled
	}
	p.use(now)
	return p.entry, p.hint, ""
}

// Get finds a webhook by its id or by a live token.
func (d *Directory) Get(ref string) (webhook.Webhook, bool) {
	v := d.current.Load()
	e := v.find(ref, d.now())
	if e == nil {
		return webhook.Webhook{}, false
	}
	return v.present(e), true
}

// List gives all webhooks by creation.
func (d *Directory) List() []webhook.Webhook {
	v := d.current.Load()
	out := make([]webhook.Webhook, len(v.list))
	for i, e := range v.list {
		out[i] = v.present(e)
	}
	return out
}

// URL gives the address for senders, with the token where there is one. It is built from the configured
// public address alone.
func (d *Directory) URL(token string) string {
	address := d.base() + receivePath
	if token == "" {
		return address
	}
	return address + "?token=" + url.QueryEscape(token)
}

// base gives the configured public address, "" where there is none.
func (d *Directory) base() string { return *d.public.Load() }

func (d *Directory) setPublic(u *url.URL) {
	text := u.String()
	d.public.Store(&text)
}

// SetPublicURL replaces the public address, for a server that learns its port when it listens.
func (d *Directory) SetPublicURL(text string) error {
	u, err := checkPublicURL(text)
	if err != nil {
		return err
	}
	d.setPublic(u)
	return nil
}

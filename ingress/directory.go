package ingress

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/penstock/penstock/ingress/verify"
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
	PublicURL string // as senders see the door; empty = addresses begin with the path
	Now       func() time.Time
	Logger    *slog.Logger
}

// Directory is the door's view of the webhooks. Reading takes no lock; a change is stored first and seen
// by requests after that. It may be used from many goroutines.
type Directory struct {
	store   store.Webhooks
	presets *verify.Presets
	secrets SecretResolver
	public  atomic.Pointer[url.URL]
	now     func() time.Time
	logger  *slog.Logger
	decoy   *entry // stands in for an unknown webhook, so that finding none takes as long

	mu      sync.Mutex // held while changing
	current atomic.Pointer[view]
}

// view is one state of the directory; it never changes.
type view struct {
	byToken map[[sha256.Size]byte]*entry
	list    []webhook.Webhook // by creation
}

type entry struct {
	webhook  webhook.Webhook
	verifier *verify.Verifier
	short    string   // last six characters of the token
	headers  []string // that the preset names, in lower case; they become part of the event
	proof    string   // header of the signature, in lower case; it never does
}

// NewDirectory reads the stored webhooks. One whose preset or secret cannot be used stays listed and
// refuses every request; that is logged as an error.
func NewDirectory(ctx context.Context, s store.Webhooks, p *verify.Presets, secrets SecretResolver, o DirectoryOptions) (*Directory, error) {
	u, err := checkPublicURL(o.PublicURL)
	if err != nil {
		return nil, err
	}
	d := &Directory{store: s, presets: p, secrets: secrets, now: o.Now, logger: o.Logger}
	d.public.Store(u)
	if d.decoy, err = d.newDecoy(); err != nil {
		return nil, err
	}
	list, err := s.Webhooks(ctx)
	if err != nil {
		return nil, storeFault(err, "reading the webhooks")
	}
	v := &view{byToken: make(map[[sha256.Size]byte]*entry, len(list))}
	for _, w := range list {
		e, err := d.compile(w)
		if err != nil {
			e = &entry{webhook: w, verifier: verify.Unready(), short: short(w.UUID)}
			d.logger.Error("a webhook refuses all requests, because its settings cannot be used",
				"webhook", e.short, "event_key", w.EventKey, "code", string(fault.CodeOf(err)), "error", err)
		}
		v.put(e)
	}
	d.current.Store(v)
	return d, nil
}

func (d *Directory) newDecoy() (*entry, error) {
	v, err := d.presets.Compile(webhook.Verify{Preset: "hmac", Header: "X-Signature"}, [][]byte{[]byte(rand.Text())})
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "preparing the directory of webhooks")
	}
	return &entry{verifier: v}, nil
}

// lookup finds a webhook by its token. Tokens are compared as digests, so the time tells nothing about
// how much of one is right. An unknown token gives a decoy.
func (d *Directory) lookup(token string) (*entry, bool) {
	if len(token) > maxToken {
		token = token[:maxToken] // never a token: they are shorter
	}
	var buf [maxToken]byte
	e, ok := d.current.Load().byToken[sha256.Sum256(append(buf[:0], token...))]
	if !ok {
		return d.decoy, false
	}
	return e, true
}

// Lookup finds a webhook by its token.
func (d *Directory) Lookup(token []byte) (webhook.Webhook, bool) {
	e, ok := d.lookup(string(token))
	if !ok {
		return webhook.Webhook{}, false
	}
	return copied(e.webhook), true
}

// Get finds a webhook by its uuid, which is its token.
func (d *Directory) Get(uuid string) (webhook.Webhook, bool) { return d.Lookup([]byte(uuid)) }

// List gives all webhooks by creation.
func (d *Directory) List() []webhook.Webhook {
	list := d.current.Load().list
	out := make([]webhook.Webhook, len(list))
	for i, w := range list {
		out[i] = copied(w)
	}
	return out
}

func copied(w webhook.Webhook) webhook.Webhook {
	w.Verify.Secrets = slices.Clone(w.Verify.Secrets)
	return w
}

// URL gives the address for senders. It is built from the configured public address alone.
func (d *Directory) URL(w webhook.Webhook) string {
	return d.public.Load().String() + receivePath + "?token=" + url.QueryEscape(w.UUID)
}

// SetPublicURL replaces the public address, for a server that learns its port when it listens.
func (d *Directory) SetPublicURL(text string) error {
	u, err := checkPublicURL(text)
	if err != nil {
		return err
	}
	d.public.Store(u)
	return nil
}

// put adds or replaces an entry of a view that nobody reads yet.
func (v *view) put(e *entry) {
	v.byToken[sha256.Sum256([]byte(e.webhook.UUID))] = e
	at := slices.IndexFunc(v.list, func(w webhook.Webhook) bool { return w.UUID == e.webhook.UUID })
	if at >= 0 {
		v.list[at] = e.webhook
		return
	}
	v.list = append(v.list, e.webhook)
}

// drop removes an entry of a view that nobody reads yet.
func (v *view) drop(uuid string) {
	delete(v.byToken, sha256.Sum256([]byte(uuid)))
	v.list = slices.DeleteFunc(v.list, func(w webhook.Webhook) bool { return w.UUID == uuid })
}

func short(uuid string) string { return uuid[max(0, len(uuid)-6):] }

// compile makes the entry of a webhook whose settings are complete.
func (d *Directory) compile(w webhook.Webhook) (*entry, error) {
	secrets := make([][]byte, len(w.Verify.Secrets))
	for i, ref := range w.Verify.Secrets {
		text, err := d.secrets.Resolve(ref)
		if err != nil {
			return nil, fault.Wrap(fault.WebhookInvalid, err, "resolving a secret").In("secrets")
		}
		secrets[i] = []byte(text)
	}
	v, err := d.presets.Compile(w.Verify, secrets)
	if err != nil {
		return nil, err
	}
	e := &entry{webhook: w, verifier: v, short: short(w.UUID), proof: strings.ToLower(w.Verify.Header)}
	if info, ok := d.presets.Info(w.Verify.Preset); ok {
		for _, name := range []string{info.Event, info.Delivery} {
			if name != "" {
				e.headers = append(e.headers, strings.ToLower(name))
			}
		}
		if info.Signature != "" {
			e.proof = strings.ToLower(info.Signature)
		}
	}
	return e, nil
}

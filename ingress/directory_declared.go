package ingress

import (
	"context"
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// hashReference begins a token of which a file holds only the SHA-256, in hex.
const hashReference = "sha256:"

// What complaints are about beside single webhooks, whose ids are longer or have no space.
const (
	allDeclared = "*"         // the declared webhooks as a whole
	tokenOf     = "token of " // and an id
)

// refreshDeclared takes over all changes of the files together, or none.
func (d *Directory) refreshDeclared(ctx context.Context) {
	if d.declared == nil {
		return
	}
	list, err := d.declared()
	if err == nil {
		err = d.applyDeclared(ctx, list, false)
	}
	if err != nil {
		d.complain(allDeclared, "all declared ones stay as they were, because a file cannot be used", err)
		return
	}
	d.recovered(allDeclared)
}

// applyDeclared brings the directory to what the files say. Every fault is reported, with its place, and
// then nothing is changed. At the start a secret that cannot be resolved shuts its webhook alone.
func (d *Directory) applyDeclared(ctx context.Context, list []webhook.Declaration, starting bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.current.Load()
	change, err := d.planDeclared(v, list, starting)
	if err != nil || change.empty() {
		return err
	}
	for _, e := range change.put {
		if err := d.store.PutWebhook(ctx, e.row(e.webhook)); err != nil {
			return storeFault(err, "storing a webhook")
		}
	}
	for _, e := range change.gone {
		if err := d.store.DeleteWebhook(ctx, e.webhook.ID); err != nil {
			return storeFault(err, "deleting a webhook")
		}
	}
	next := *v
	for _, e := range change.gone {
		next.list = next.without(e.webhook.ID)
		d.logger.Info("a declared webhook is gone", "webhook", e.webhook.ID, "file", e.webhook.Origin)
	}
	for _, e := range change.put {
		next.list = next.with(e)
		d.logger.Info("took over a declared webhook", "webhook", e.webhook.ID, "file", e.webhook.Origin)
	}
	d.current.Store(newView(next.list, v))
	return nil
}

// changes are what a reading of the files asks for.
type changes struct{ put, gone []*entry }

func (c changes) empty() bool { return len(c.put)+len(c.gone) == 0 }

func (d *Directory) planDeclared(v *view, list []webhook.Declaration, starting bool) (changes, error) {
	var out changes
	var faults fault.List
	declared := map[string]bool{}
	owners := map[string]string{} // hash of a token to the id of its webhook
	for _, e := range v.list {
		if e.webhook.Origin == "" {
			for _, t := range e.webhook.Tokens {
				owners[t.Hash] = e.webhook.ID
			}
		}
	}
	for _, decl := range list {
		declared[decl.Webhook.ID] = true
		e, f := d.declare(v, decl, owners, starting)
		if f != nil {
			faults = append(faults, decl.Place(f))
		} else if e != nil {
			out.put = append(out.put, e)
		}
	}
	for _, e := range v.list {
		if e.webhook.Origin != "" && !declared[e.webhook.ID] {
			out.gone = append(out.gone, e)
		}
	}
	return out, faults.Err()
}

// declare makes the entry of a declared webhook, nil where nothing changed.
func (d *Directory) declare(v *view, decl webhook.Declaration, owners map[string]string, starting bool) (*entry, *fault.Error) {
	w := decl.Webhook.Clone()
	old := v.byID[w.ID]
	if old != nil && old.webhook.Origin == "" {
		return nil, invalid("id", "a webhook that a command made has this id")
	}
	now := d.stamp()
	w.Created, w.Updated = now, now
	tokens, f := d.declaredTokens(decl, old)
	if f != nil {
		return nil, f
	}
	for _, t := range tokens {
		if owner, taken := owners[t.Hash]; taken && owner != w.ID {
			return nil, errTokenTaken(owner)
		}
		owners[t.Hash] = w.ID
	}
	w.Tokens = tokens
	if old != nil {
		if old.declared.same(decl) && sameTokens(old.webhook.Tokens, tokens) {
			return nil, nil //nolint:nilnil // documented
		}
		w.Created = old.webhook.Created
		if len(w.Verify.Secrets) == 0 && old.learned() && old.webhook.Verify.Preset == w.Verify.Preset {
			w.Verify.Secrets = old.webhook.Verify.Secrets
		}
	}
	e, err := d.compile(w, old)
	if starting && errors.As(err, new(unresolved)) {
		d.complainLocked(w.ID, "it refuses all requests, because a reference cannot be resolved", decl.Place(asFault(err)))
		e, err = shut(w), nil
	}
	if err != nil {
		return nil, asFault(err)
	}
	e.declared = &declaration{decl}
	if old != nil && unchanged(e, old.webhook) { // a start finds what it left
		e.webhook.Updated = old.webhook.Updated
	}
	return e, nil
}

// unchanged reports whether what is stored of e would be as before, but for the time.
func unchanged(e *entry, before webhook.Webhook) bool {
	now := e.row(e.webhook)
	now.Updated = before.Updated
	return reflect.DeepEqual(now, before)
}

// declaredTokens resolves the tokens; those that cannot be resolved are as they were before.
func (d *Directory) declaredTokens(decl webhook.Declaration, old *entry) ([]webhook.Token, *fault.Error) {
	var out []webhook.Token
	for _, ref := range decl.Tokens {
		t, err := d.declaredToken(ref)
		if err != nil {
			f := fault.Wrap(fault.WebhookInvalid, err, "the token cannot be used").In("token")
			if old == nil || !old.declared.sameTokens(decl) {
				return nil, f
			}
			d.complainLocked(tokenOf+decl.Webhook.ID, "its token cannot be read, so the one before stays", decl.Place(f))
			return old.webhook.Tokens, nil
		}
		t.Created = d.stamp()
		if old != nil {
			for _, known := range old.webhook.Tokens {
				if known.Hash == t.Hash {
					t = known
				}
			}
		}
		out = append(out, t)
	}
	delete(d.complaints, tokenOf+decl.Webhook.ID)
	return out, nil
}

func (d *Directory) declaredToken(ref string) (webhook.Token, error) {
	if text, isHash := strings.CutPrefix(ref, hashReference); isHash {
		text = strings.ToLower(text)
		t := webhook.Token{Hash: text}
		if _, ok := tokenDigest(t); !ok || len(text) != hex.EncodedLen(len(digest{})) {
			return t, errors.New("behind sha256: 64 hexadecimal digits are needed")
		}
		t.Hint = text[:6]
		return t, nil
	}
	text, err := d.secrets.Resolve(ref)
	if err != nil {
		return webhook.Token{}, err
	}
	if !usableToken(text) {
		return webhook.Token{}, errBadToken
	}
	return webhook.NewToken(text, d.stamp()), nil
}

// declaration is what an entry was made of; nil = a command made it, or it is not compared yet.
type declaration struct{ webhook.Declaration }

func (d *declaration) same(other webhook.Declaration) bool {
	return d.sameTokens(other) && reflect.DeepEqual(d.Webhook, other.Webhook)
}

func (d *declaration) sameTokens(other webhook.Declaration) bool {
	return d != nil && slices.Equal(d.Tokens, other.Tokens)
}

// learned reports whether the secret of a declared webhook came in a handshake: its file has none. Only
// such a secret is stored.
func (e *entry) learned() bool {
	return len(e.webhook.Verify.Secrets) > 0 && (e.declared == nil || len(e.declared.Webhook.Verify.Secrets) == 0)
}

// row gives w, a state of the entry's webhook, as it is stored.
func (e *entry) row(w webhook.Webhook) webhook.Webhook {
	if w.Origin != "" && !e.learned() {
		w.Verify.Secrets = nil
	}
	return w
}

func asFault(err error) *fault.Error {
	if f := (*fault.Error)(nil); errors.As(err, &f) {
		return f
	}
	return fault.Wrap(fault.Internal, err, "preparing a webhook")
}

func sameTokens(a, b []webhook.Token) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Hash != b[i].Hash {
			return false
		}
	}
	return true
}

package ingress

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync/atomic"
	"time"

	"github.com/penstock/penstock/runtime/webhook"
)

// view is one state of the directory. It never changes but for the times of use.
type view struct {
	byToken map[digest]*pass
	byID    map[string]*entry
	list    []*entry // by creation
}

type digest = [sha256.Size]byte

// pass is one token of a webhook.
type pass struct {
	entry    *entry
	hint     string
	notAfter time.Time // zero = for ever
	used     *usage
}

// usage says when a token was last used. Views share it.
type usage struct {
	at   atomic.Int64 // Unix milliseconds; 0 = never
	kept int64        // what of it is stored; the directory's lock guards it
}

func (p *pass) live(now time.Time) bool { return p.notAfter.IsZero() || now.Before(p.notAfter) }

// use notes the time, a second late at most, so that the busiest webhooks do not write it all the time.
func (p *pass) use(now time.Time) {
	if ms := now.UnixMilli(); ms-p.used.at.Load() >= 1000 {
		p.used.at.Store(ms)
	}
}

// newView takes over the times of use from the view before.
func newView(list []*entry, before *view) *view {
	v := &view{byToken: make(map[digest]*pass, len(list)), byID: make(map[string]*entry, len(list)), list: list}
	for _, e := range list {
		v.byID[e.webhook.ID] = e
		for _, t := range e.webhook.Tokens {
			hash, ok := tokenDigest(t)
			if !ok {
				continue
			}
			p := &pass{entry: e, hint: t.Hint, notAfter: t.NotAfter}
			if old := before.pass(hash); old != nil {
				p.used = old.used
			} else {
				p.used = &usage{}
				if !t.LastUsed.IsZero() {
					p.used.kept = t.LastUsed.UnixMilli()
					p.used.at.Store(p.used.kept)
				}
			}
			v.byToken[hash] = p
		}
	}
	return v
}

func (v *view) pass(hash digest) *pass {
	if v == nil {
		return nil
	}
	return v.byToken[hash]
}

func tokenDigest(t webhook.Token) (out digest, ok bool) {
	n, err := hex.Decode(out[:], []byte(t.Hash[:min(len(t.Hash), 2*len(out))]))
	return out, err == nil && n == len(out)
}

// find looks for an id first, then for a token that is live at the time now.
func (v *view) find(ref string, now time.Time) *entry {
	if e, ok := v.byID[ref]; ok {
		return e
	}
	if p := v.byToken[sha256.Sum256([]byte(ref))]; p != nil && p.live(now) {
		return p.entry
	}
	return nil
}

// present gives the webhook for callers: a copy with the times of use in it.
func (v *view) present(e *entry) webhook.Webhook {
	w := e.webhook.Clone()
	for i, t := range w.Tokens {
		if p := v.passOf(t); p != nil {
			if ms := p.used.at.Load(); ms != 0 {
				w.Tokens[i].LastUsed = time.UnixMilli(ms).UTC()
			}
		}
	}
	return w
}

func (v *view) passOf(t webhook.Token) *pass {
	hash, ok := tokenDigest(t)
	if !ok {
		return nil
	}
	return v.byToken[hash]
}

// unkept reports whether w tells more about its use than what is stored. The directory's lock must be held.
func (v *view) unkept(w webhook.Webhook) bool {
	return slices.ContainsFunc(w.Tokens, func(t webhook.Token) bool {
		p := v.passOf(t)
		return p != nil && !t.LastUsed.IsZero() && p.used.kept != t.LastUsed.UnixMilli()
	})
}

// markKept notes that w is stored. The directory's lock must be held.
func (v *view) markKept(w webhook.Webhook) {
	for _, t := range w.Tokens {
		if p := v.passOf(t); p != nil && !t.LastUsed.IsZero() {
			p.used.kept = t.LastUsed.UnixMilli()
		}
	}
}

// with gives the list with e in it, new or in place of the one with its id.
func (v *view) with(e *entry) []*entry {
	list := slices.Clone(v.list)
	at := slices.IndexFunc(list, func(other *entry) bool { return other.webhook.ID == e.webhook.ID })
	if at >= 0 {
		list[at] = e
		return list
	}
	return append(list, e)
}

// without gives the list without the webhook with this id.
func (v *view) without(id string) []*entry {
	return slices.DeleteFunc(slices.Clone(v.list), func(e *entry) bool { return e.webhook.ID == id })
}

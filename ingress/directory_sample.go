package ingress

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

const (
	probeLife = time.Minute
	maxProbes = 100
)

// Sample makes a request as the sender of a webhook would make it: signed with the webhook's own secret, to
// its own address, with a token that lives for a minute and is stored nowhere. event is one of the preset's
// samples and empty for the first; a body takes the place of the sample's. A webhook whose sender signs with
// a private key cannot be tried out so; that is a fault with fault.WebhookInvalid.
func (d *Directory) Sample(_ context.Context, ref, event string, body []byte) (webhook.Sample, error) {
	v := d.current.Load()
	e := v.find(ref, d.now())
	if e == nil {
		return webhook.Sample{}, fault.New(fault.WebhookUnknown, "no webhook has this id or token")
	}
	settings, m, _, err := d.material(e.webhook)
	if err != nil {
		return webhook.Sample{}, err
	}
	token := webhook.NewTokenText()
	o := verify.Outgoing{
		Method: methodOf(e), URL: d.URL(token), Event: event, Body: body,
		ID: webhook.NewID()[len(webhook.IDPrefix):], Now: d.now(),
		Header: [][2]string{{"Content-Type", "application/json"}},
	}
	if body == nil {
		if err := d.sampleBody(settings.Preset, &o); err != nil {
			return webhook.Sample{}, err
		}
	}
	if settings.Preset != "" {
		if info, ok := d.presets.Info(settings.Preset); ok && len(info.Methods) > 0 {
			o.Method = info.Methods[0]
		}
		if err := d.presets.Sign(settings, m, &o); err != nil {
			return webhook.Sample{}, err
		}
	}
	if err := d.probes.add(sha256.Sum256([]byte(token)), probe{e.webhook.ID, token[len(token)-6:], d.now().Add(probeLife)}, d.now()); err != nil {
		return webhook.Sample{}, err
	}
	return webhook.Sample{Method: o.Method, URL: o.URL, Header: o.Header, Body: o.Body, Event: o.Event}, nil
}

func methodOf(e *entry) string {
	if len(e.methods) == 0 || slices.Contains(e.methods, http.MethodPost) {
		return http.MethodPost
	}
	return e.methods[0]
}

// sampleBody takes the preset's sample, or makes a small one where there is none.
func (d *Directory) sampleBody(preset string, o *verify.Outgoing) error {
	if body, of, ok := d.presets.Sample(preset, o.Event); ok {
		o.Body, o.Event = body, of
		return nil
	}
	if o.Event != "" {
		info, _ := d.presets.Info(preset)
		return invalid("event", "there is no sample of the event %q", o.Event).WithHint("%s", fault.DidYouMean(o.Event, info.Samples))
	}
	var err error
	o.Body, err = json.Marshal(map[string]any{"test": true, "id": o.ID})
	return err
}

// probes are the tokens of samples. They are few and rare, so that looking at them costs one load.
type probes struct {
	count atomic.Int32
	mu    sync.Mutex
	byKey map[digest]probe
}

type probe struct {
	webhook  string // id
	hint     string
	notAfter time.Time
}

func (p *probes) add(key digest, one probe, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, old := range p.byKey {
		if !now.Before(old.notAfter) {
			delete(p.byKey, key)
		}
	}
	if len(p.byKey) >= maxProbes {
		return invalid("", "there are %d samples already", maxProbes).WithHint("wait a minute")
	}
	if p.byKey == nil {
		p.byKey = map[digest]probe{}
	}
	p.byKey[key] = one
	p.count.Store(int32(len(p.byKey)))
	return nil
}

// find gives the pass of a sample's token, nil for any other.
func (p *probes) find(key digest, v *view) *pass {
	if p.count.Load() == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	one, ok := p.byKey[key]
	if e := v.byID[one.webhook]; ok && e != nil {
		return &pass{entry: e, hint: one.hint, notAfter: one.notAfter, used: &usage{}}
	}
	return nil
}

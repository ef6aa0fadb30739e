package pipetest

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/penstock/penstock/configs/webhooks"
	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/value"
	"github.com/penstock/penstock/runtime/webhook"
)

// token is what the requests of cases are sent to.
const token = "pipetest-0f6d1d4b-6f0a-4a30-9c2e-7c7b5c3f0a11"

// tokenAlone names no preset: the token is the only secret.
const tokenAlone = "none"

// ownSecret signs where a case names no secret.
const ownSecret = "a secret that only this test knows"

// door is the public listener of a server, on a free port of the loopback interface, with nothing behind it.
type door struct {
	presets   *verify.Presets
	directory *ingress.Directory
	declared  map[string]webhook.Declaration
	address   string
	client    *http.Client
	stop      func() error

	mu     sync.Mutex
	event  *event.Event // of the last request
	reason string       // why the last one was refused
}

// answer is what the door said.
type answer struct {
	status  int
	body    any
	headers map[string]any
}

func (r *Runner) openDoor(ctx context.Context) (*door, error) {
	if r.door != nil {
		return r.door, nil
	}
	c := r.params.Config
	d := &door{declared: map[string]webhook.Declaration{}}
	var err error
	if d.presets, err = app.Presets(c); err != nil {
		return nil, err
	}
	lists, err := app.AddressLists(c)
	if err != nil {
		return nil, err
	}
	declared, err := webhooks.LoadDir(c.Webhooks.Dir)
	if err != nil {
		return nil, err
	}
	for _, one := range declared {
		d.declared[one.Webhook.ID] = one
	}
	quiet := slog.New(slog.DiscardHandler)
	if d.directory, err = ingress.NewDirectory(ctx, &keptWebhooks{}, d.presets, asTheyAre{}, ingress.DirectoryOptions{
		Lists: lists, Now: r.out.Now, Logger: quiet,
	}); err != nil {
		return nil, err
	}
	server, err := ingress.New(ingress.Options{
		Address: "127.0.0.1:0", Namespace: c.Namespace, Failures: 1 << 30,
		MaxInflated: int(c.Ingress.MaxInflated), MaxRatio: c.Ingress.MaxInflateRatio,
	}, ingress.Deps{Emitter: d, Results: d, Directory: d.directory, Rejects: d, Logger: quiet, Now: r.out.Now})
	if err != nil {
		return nil, err
	}
	address, err := server.Listen()
	if err != nil {
		return nil, err
	}
	d.address = "http://" + address.String()
	if err := d.directory.SetPublicURL(d.address); err != nil {
		return nil, err
	}
	d.client = &http.Client{
		Timeout:       time.Minute,
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- server.Run(running) }()
	d.stop = func() error {
		d.client.CloseIdleConnections()
		cancel()
		return <-ended
	}
	r.door = d
	return d, nil
}

// Emit takes the event of a request.
func (d *door) Emit(_ context.Context, e event.Event, _ event.Dedupe) (event.Accepted, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.event = &e
	return event.Accepted{EventID: e.ID, Fresh: true}, nil
}

// Result knows none: the pipeline runs when the door has answered.
func (d *door) Result(context.Context, string) (run.Result, error) {
	return run.Result{State: run.ResultProcessing}, nil
}

// AddReject notes why a request was refused.
func (d *door) AddReject(r store.Reject) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reason = r.Reason
}

// keptWebhooks keeps the webhook of the case.
type keptWebhooks struct {
	mu   sync.Mutex
	list []webhook.Webhook
}

func (k *keptWebhooks) PutWebhook(_ context.Context, w webhook.Webhook) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.list = append(slices.DeleteFunc(k.list, func(one webhook.Webhook) bool { return one.ID == w.ID }), w)
	return nil
}

func (k *keptWebhooks) DeleteWebhook(_ context.Context, id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.list = slices.DeleteFunc(k.list, func(one webhook.Webhook) bool { return one.ID == id })
	return nil
}

func (k *keptWebhooks) Webhooks(context.Context) ([]webhook.Webhook, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.list), nil
}

// asTheyAre gives secrets of a test file as they stand there: a test reads no real one.
type asTheyAre struct{}

func (asTheyAre) Resolve(ref string) (string, error) { return ref, nil }

// request sends the request of a case and gives the event that the door made of it, nil when it refused.
func (r *Runner) request(ctx context.Context, g *givenRequest, listens string) (e *event.Event, a answer, reason string, err error) {
	d, err := r.openDoor(ctx)
	if err != nil {
		return nil, a, "", err
	}
	hook, err := d.webhook(g, listens)
	if err != nil {
		return nil, a, "", err
	}
	stored, _, err := d.directory.Put(ctx, hook, token)
	if err != nil {
		return nil, a, "", asFault(err).At(g.at)
	}
	defer func() {
		if gone := d.directory.Delete(context.WithoutCancel(ctx), stored.ID); err == nil {
			err = gone
		}
	}()
	out, err := d.outgoing(ctx, g, hook, r.out.Now())
	if err != nil {
		return nil, a, "", err
	}
	d.mu.Lock()
	d.event, d.reason = nil, ""
	d.mu.Unlock()
	if a, err = d.send(ctx, out); err != nil {
		return nil, a, "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.event, a, d.reason, nil
}

// webhook makes the webhook that the request is for.
func (d *door) webhook(g *givenRequest, listens string) (webhook.Webhook, error) {
	var w webhook.Webhook
	if g.webhook != "" {
		decl, known := d.declared[g.webhook]
		if !known {
			return w, fault.New(fault.TestInvalid, "no file declares the webhook %q", g.webhook).At(g.webhookAt).
				WithHint("%s", fault.DidYouMean(g.webhook, sortedNames(d.declared)))
		}
		w = decl.Webhook.Clone()
		w.ID, w.Origin, w.Tokens, w.Response.Wait, w.Disabled = "", "", nil, 0, false
		w.Allow, w.Rate = nil, webhook.Rate{}
	} else {
		if w.Verify = (webhook.Verify{Preset: g.preset, Options: g.options}); g.preset == tokenAlone {
			w.Verify.Preset = ""
		}
		w.PayloadType = webhook.PayloadType(g.payload)
	}
	info, known := d.presets.Info(w.Verify.Preset)
	if !known && w.Verify.Preset != "" {
		return w, fault.New(fault.TestInvalid, "there is no preset %q", w.Verify.Preset).At(g.presetAt).
			WithHint("%s", fault.DidYouMean(w.Verify.Preset, d.presets.Names()))
	}
	switch {
	case g.eventKey != "":
		w.EventKey = g.eventKey
	case w.EventKey == "":
		w.EventKey = listens
	}
	if w.EventKey == "" {
		return w, fault.New(fault.TestInvalid, "the request needs an eventKey: the pipeline listens to no single key").At(g.at)
	}
	w.Verify.Secrets = nil
	if g.secret != "" || info.Signature != "" || len(g.options) > 0 || g.webhook != "" && w.Verify.Preset != "" {
		secret := g.secret
		if secret == "" {
			secret = ownSecret
		}
		w.Verify.Secrets = []webhook.Secret{{Ref: secret}}
	}
	return w, nil
}

// outgoing makes the request as its sender would.
func (d *door) outgoing(ctx context.Context, g *givenRequest, w webhook.Webhook, now time.Time) (*verify.Outgoing, error) {
	out := &verify.Outgoing{Method: g.method, URL: d.address + "/hooks/" + token, Event: g.event, ID: g.id, Now: now}
	for _, name := range sortedNames(g.headers) {
		out.Header = append(out.Header, [2]string{name, g.headers[name]})
	}
	kind := "application/json"
	if g.hasBody {
		v, err := g.body.eval(ctx, expr.Env{})
		if err != nil {
			return nil, err
		}
		if text, isText := v.(string); isText {
			out.Body, kind = []byte(text), "text/plain; charset=utf-8"
			if _, err := value.Decode(out.Body); err == nil {
				kind = "application/json"
			}
		} else if out.Body, err = value.AppendJSON(nil, v); err != nil {
			return nil, fault.Wrap(fault.TestInvalid, err, "encoding the body of the request").At(g.bodyAt)
		}
	}
	if len(w.Verify.Secrets) > 0 && !g.unsigned {
		secret := w.Verify.Secrets[0].Ref
		if g.signedWith != "" {
			secret = g.signedWith
		}
		material := verify.Material{Secrets: []verify.Secret{{Text: []byte(secret)}}}
		if err := d.presets.Sign(w.Verify, material, out); err != nil {
			return nil, asFault(err).At(g.at)
		}
	}
	if out.Body == nil {
		out.Body = []byte{}
	}
	if !slices.ContainsFunc(out.Header, func(f [2]string) bool { return strings.EqualFold(f[0], "Content-Type") }) && len(out.Body) > 0 {
		out.Header = append(out.Header, [2]string{"Content-Type", kind})
	}
	return out, nil
}

func (d *door) send(ctx context.Context, out *verify.Outgoing) (a answer, err error) {
	req, err := http.NewRequestWithContext(ctx, out.Method, out.URL, bytes.NewReader(out.Body))
	if err != nil {
		return a, fault.New(fault.TestInvalid, "the request cannot be made")
	}
	for _, f := range out.Header {
		if strings.EqualFold(f[0], "Host") {
			req.Host = f[1]
			continue
		}
		req.Header.Add(f[0], f[1])
	}
	res, err := d.client.Do(req)
	if err != nil {
		return a, fault.Wrap(fault.Internal, err, "sending the request of a case")
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxFile))
	if err != nil {
		return a, fault.Wrap(fault.Internal, err, "reading the answer of the door")
	}
	a = answer{status: res.StatusCode, body: string(text), headers: map[string]any{}}
	if v, err := value.Decode(text); err == nil {
		a.body = v
	}
	for name, values := range res.Header {
		a.headers[name] = strings.Join(values, ", ")
	}
	return a, nil
}

func (a *answer) value() map[string]any {
	return map[string]any{"status": a.status, "body": a.body, "headers": a.headers}
}

package ingress

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"time"

	"github.com/penstock/penstock/ingress/internal/front"
	"github.com/penstock/penstock/ingress/kept"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// Options are the settings of the public listener. The zero value of a limit is its default.
type Options struct {
	Address   string // host:port; port 0 = a free one
	PublicURL string // as senders see it; its path goes in front of redirects. Empty = no prefix
	Namespace string // of the events

	BodyLimit      int           // bytes of any request; default 4 MiB + 64 KiB
	ReadTimeout    time.Duration // for a whole request; default 10 s
	WriteTimeout   time.Duration // for an answer; default 10 s
	IdleTimeout    time.Duration // between two requests of a connection; default 60 s
	Concurrency    int           // connections at once; default 16,384
	MaxConnsPerIP  int           // connections of one address (IPv6: one /64) at once; default 4,096
	ReadBufferSize int           // bytes of the largest head; default 8 KiB
	MaxFields      int           // header fields of a request; default 100
	Grace          time.Duration // for requests in work when Run ends; default 25 s

	// Hold is how long a poll for a result waits before it is redirected, so that a caller which follows
	// redirects does not spin; default 1 s. MaxHolds is how many polls and calls of webhooks may wait for a
	// result at once, further ones are answered without it; default 256.
	Hold     time.Duration
	MaxHolds int

	// MaxInflated is the largest body in bytes that a compressed one may become; default 10 MiB. MaxRatio is
	// how many times its size it may grow; default 100.
	MaxInflated int
	MaxRatio    int

	// PayloadTTL is how long the body of an event of an outbound webhook can be fetched; default 24 h.
	PayloadTTL time.Duration

	// TrustedProxies may name the caller in X-Forwarded-For; default nobody.
	TrustedProxies []netip.Prefix
	// Failures is how many refusals one address (IPv6: one /64) gets before it is only told 429; default
	// 20. FailureRefill is the time after which it gets one back; default 10 s. An address that used
	// them up at one webhook has FailureProbes requests a second judged there even so, so that a good
	// caller who shares it is served; default 10.
	Failures      int
	FailureRefill time.Duration
	FailureProbes int
}

func (o Options) withDefaults() Options {
	limits := o.front()
	o.BodyLimit, o.ReadTimeout, o.WriteTimeout = limits.BodyLimit, limits.ReadTimeout, limits.WriteTimeout
	o.IdleTimeout, o.Concurrency, o.MaxConnsPerIP = limits.IdleTimeout, limits.Concurrency, limits.ConnsPerIP
	o.ReadBufferSize, o.MaxFields, o.Grace = limits.ReadBufferSize, limits.MaxFields, limits.Grace
	if o.Hold <= 0 {
		o.Hold = time.Second
	}
	if o.MaxHolds <= 0 {
		o.MaxHolds = 256
	}
	if o.Failures <= 0 {
		o.Failures = 20
	}
	if o.FailureRefill <= 0 {
		o.FailureRefill = 10 * time.Second
	}
	if o.FailureProbes <= 0 {
		o.FailureProbes = 10
	}
	if o.PayloadTTL <= 0 {
		o.PayloadTTL = 24 * time.Hour
	}
	return o
}

func (o Options) front() front.Options {
	return front.Options{
		Address: o.Address, BodyLimit: o.BodyLimit, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout,
		IdleTimeout: o.IdleTimeout, Concurrency: o.Concurrency, ConnsPerIP: o.MaxConnsPerIP,
		ReadBufferSize: o.ReadBufferSize, MaxFields: o.MaxFields, Grace: o.Grace,
	}.WithDefaults()
}

// Emitter makes an event durable: when it returns without an error, the event is on disk.
type Emitter interface {
	Emit(ctx context.Context, e event.Event, d event.Dedupe) (event.Accepted, error)
}

// Results answers polls. An unknown or expired correlation id is a fault with fault.ResultGone.
type Results interface {
	Result(ctx context.Context, correlationID string) (run.Result, error)
}

// Rejects keeps refusals for operators. AddReject returns at once.
type Rejects interface {
	AddReject(r store.Reject)
}

// Bodies reads what was kept beside events. See store.Events for the methods.
type Bodies interface {
	Event(ctx context.Context, id string) (store.Event, error)
	Raw(ctx context.Context, id string) ([]byte, error)
}

// Confirmer asks an address that a sender wants to have asked, through a client that is guarded against
// addresses of the inside.
type Confirmer interface {
	Confirm(ctx context.Context, address string) error
}

// Deps are what the door works with.
type Deps struct {
	Emitter   Emitter
	Results   Results
	Directory *Directory
	Rejects   Rejects
	Logger    *slog.Logger
	Now       func() time.Time

	Bodies    Bodies         // nil = the bodies of outbound webhooks cannot be fetched
	Confirmer Confirmer      // nil = handshakes that need it are refused
	Kept      *kept.Requests // of refused requests; nil = they are not kept. Run is the server's to call
	Metrics   Metrics        // nil = nothing is counted
}

// checkPublicURL takes an absolute http or https address without query, and gives it without a slash
// at its end. The empty text stays empty.
func checkPublicURL(text string) (*url.URL, error) {
	if text == "" {
		return &url.URL{}, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.New(fault.ConfigValue, "%q is not an absolute http or https address", text).In("ingress.public_url").
			WithHint("write it like https://hooks.example.com")
	}
	for len(u.Path) > 0 && u.Path[len(u.Path)-1] == '/' {
		u.Path = u.Path[:len(u.Path)-1]
	}
	u.RawPath = ""
	return u, nil
}

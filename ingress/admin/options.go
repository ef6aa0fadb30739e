package admin

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/penstock/penstock/ingress/internal/front"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
)

// minToken is the shortest token in bytes that is accepted as a setting.
const minToken = 16

// Options are the settings of the admin listener. The zero value of a limit is its default.
type Options struct {
	Address  string   // host:port; an address that is not loopback needs a Token
	Token    string   // bearer token, at least 16 bytes; empty = every request but health is refused
	Metrics  string   // bearer token that reads the metrics and nothing else, at least 16 bytes; empty = there is none
	Identity string   // in whose name the token's commands run
	Hosts    []string // names beside localhost and IP addresses that a request may use as its Host

	BodyLimit     int           // bytes; default 4 MiB + 64 KiB
	ReadTimeout   time.Duration // for a whole request; default 10 s
	WriteTimeout  time.Duration // for an answer; default 10 s
	IdleTimeout   time.Duration // between two requests of a connection; default 60 s
	Concurrency   int           // connections at once; default 1,024
	MaxConnsPerIP int           // of one address at once; default 256
	Calls         int           // callers who wait for pipelines at once; default 16
	CallTimeout   time.Duration // how long one of them waits; default 60 s
	Grace         time.Duration // for requests in work when Run ends; default 25 s
}

func (o Options) front() front.Options {
	if o.Concurrency <= 0 {
		o.Concurrency = 1_024
	}
	if o.MaxConnsPerIP <= 0 {
		o.MaxConnsPerIP = 256
	}
	return front.Options{
		Address: o.Address, BodyLimit: o.BodyLimit, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout,
		IdleTimeout: o.IdleTimeout, Concurrency: o.Concurrency, ConnsPerIP: o.MaxConnsPerIP, Grace: o.Grace,
	}
}

func (o Options) calls() int {
	if o.Calls <= 0 {
		return 16
	}
	return o.Calls
}

func (o Options) callTimeout() time.Duration {
	if o.CallTimeout <= 0 {
		return time.Minute
	}
	return o.CallTimeout
}

// check refuses settings that would open the API.
func (o Options) check() error {
	host, _, err := net.SplitHostPort(o.Address)
	if err != nil {
		return fault.New(fault.ConfigValue, "%q is not a host and port", o.Address).In("admin.address").
			WithHint("write it like 127.0.0.1:8081")
	}
	if o.Token == "" && !loopback(host) {
		return fault.New(fault.ConfigValue, "the admin listener on %s needs a token", o.Address).In("admin.token").
			WithHint("set admin.token (PI_ADMIN__TOKEN), or listen on 127.0.0.1")
	}
	if o.Token != "" && len(o.Token) < minToken {
		return fault.New(fault.ConfigValue, "the token has fewer than %d bytes", minToken).In("admin.token").
			WithHint("use a long random text")
	}
	if o.Metrics != "" && len(o.Metrics) < minToken {
		return fault.New(fault.ConfigValue, "the token has fewer than %d bytes", minToken).In("admin.metrics_token").
			WithHint("use a long random text")
	}
	if o.Token != "" && o.Identity == "" {
		return fault.New(fault.ConfigValue, "the token belongs to no identity").In("admin.identity").
			WithHint("name the identity in whose name its commands run")
	}
	return nil
}

// loopback reports whether host can only be reached from this machine. A name other than localhost may
// be anything.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// Commands runs commands in the name of an identity, which must be allowed to.
type Commands interface {
	Execute(ctx context.Context, identity, name string, params map[string]any, body any) (any, error)
}

// Ledger is what the API reads from the store. See package store for the methods.
type Ledger interface {
	Event(ctx context.Context, id string) (store.Event, error)
	Raw(ctx context.Context, id string) ([]byte, error)
	Events(ctx context.Context, q store.EventQuery) ([]store.Event, error)
	RunsOf(ctx context.Context, eventID string) ([]run.Run, error)
	Run(ctx context.Context, eventID, pipeline string) (run.Run, error)
	FindRuns(ctx context.Context, q store.RunQuery) ([]run.Run, error)
	Rejects(ctx context.Context, limit int) ([]store.Reject, error)
}

// Pipelines runs and keeps pipelines. A where is a path with slashes or a name with dots; its faults carry codes, and
// those of a text are a fault.List with everything that is wrong with it.
type Pipelines interface {
	// Run runs a loaded pipeline in the name of an identity, RunText one that is not kept.
	Run(ctx context.Context, identity, where string, c Call) (Answer, error)
	RunText(ctx context.Context, identity string, t Text, c Call) (Answer, error)
	// Get gives the text of a stored pipeline as it is now, with its version.
	Get(ctx context.Context, identity, where string) (t Text, version string, err error)
	// Put stores a text and Delete removes it; both return when that is in force. match is the version that has to
	// be there before: empty asks for none, * for any, - for no pipeline.
	Put(ctx context.Context, identity, where string, t Text, match string) (version string, created bool, err error)
	Delete(ctx context.Context, identity, where, match string, force bool) error
	// List tells of all pipelines, History of the kept versions of one, Version of one of them with its text.
	List() any
	History(ctx context.Context, where string) (any, error)
	Version(ctx context.Context, identity, where, version string) (any, error)
}

// Text is the text of a pipeline. Form is yaml, json, pairs or uri.
type Text struct {
	Form string
	Text []byte
}

// Call is what a run over HTTP gets from its request.
type Call struct {
	Body    any
	HasBody bool
	Vars    map[string]any
	Request map[string]any // what expressions see as request
}

// Answer is what came of a run.
type Answer struct {
	Body   any
	Status int               // 0 = the usual one
	Header map[string]string // names in lower case
	Run    string            // id of the run, where it is kept
	Ran    bool              // the run began, so an error is its own
}

// Deps are what the API shows and drives. All but Pipelines, Kept and Explain are required. The functions are called for each request,
// from many goroutines; their values must be JSON-encodable and hold no secret.
type Deps struct {
	Commands  Commands
	Ledger    Ledger
	Operator  Operator
	Pipelines Pipelines // nil = the API has none
	Plugins   func() any
	Status    func(ctx context.Context) (any, error)
	Health    func() error // nil = requests are accepted
	Logger    *slog.Logger

	// Scrub takes the secrets that the process knows out of a text. nil = it knows none.
	Scrub func(string) string
	// Metrics gives what was counted, in the format that the value of an Accept field asks for.
	Metrics func(accept string) (contentType string, text []byte, ok bool)
	// Kept gives a refused request as it came, by its trace id; kept.ErrUnknown. nil = none are kept.
	Kept func(traceID string) ([]byte, error)
	// Explain judges such a request once more and gives the verdict with its likely causes, as a value of the model.
	// nil where Kept is.
	Explain func(ctx context.Context, traceID string) (any, error)
}

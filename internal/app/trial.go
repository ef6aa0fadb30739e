package app

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/store"
)

// Outside stands in for what pipelines reach, where they are tried out. Each part may be nil and is then as
// without a server. They may be called from many goroutines.
type Outside struct {
	Now    func() time.Time                                                                  // for pipelines; plugins always have the real time
	Emit   func(ctx context.Context, e event.Event) error                                    // takes events that are sent
	Mail   func(ctx context.Context, from string, recipients []string, message []byte) error // takes mails in place of the relay
	Result func(correlationID string, value []byte)                                          // is told the first result, as JSON text

	Properties store.Properties // that pipelines read and write

	host func() time.Time // the real clock
}

// OpenTrial opens the tools like [OpenTools], with stand-ins for the outside. No other server is asked.
func OpenTrial(ctx context.Context, p Params, o Outside) (*Tools, error) {
	o.host = p.Now
	if o.Now != nil {
		p.Now = o.Now
	}
	deps := offline(p, nil)
	deps.Outbound = nobody{}
	if o.Properties != nil {
		deps.Properties = o.Properties
	}
	if o.Emit != nil {
		deps.Emit = func(ctx context.Context, e event.Event) (event.Accepted, error) {
			return event.Accepted{EventID: e.ID, Fresh: true}, o.Emit(ctx, e)
		}
	}
	if o.Result != nil {
		deps.Results = toldResults{newLocalResults(), o.Result}
	}
	return openTools(ctx, p, deps, o)
}

// realNow is the clock of plugins and connections.
func (t *Tools) realNow() func() time.Time {
	if t.outside.host != nil {
		return t.outside.host
	}
	return t.p.Now
}

// toldResults tells of each result that counts.
type toldResults struct {
	*localResults
	tell func(correlationID string, value []byte)
}

func (r toldResults) CompleteResult(ctx context.Context, id string, value []byte, at time.Time) (bool, error) {
	first, err := r.localResults.CompleteResult(ctx, id, value, at)
	if first && err == nil {
		r.tell(id, value)
	}
	return first, err
}

// nobody answers no question to another server.
type nobody struct{}

func (nobody) Do(context.Context, egress.Request) (egress.Response, error) {
	return egress.Response{}, fault.New(fault.TestUnmocked, "no other server is asked here").WithHint("mock the command that asks")
}

func (nobody) Origin(string) (string, error) {
	return "", fault.New(fault.TestUnmocked, "no other server is asked here").WithHint("mock the command that asks")
}

// Policy gives the rights of the configuration.
func (t *Tools) Policy() *iam.Policy { return t.policy }

// Language gives the expressions of pipelines.
func (t *Tools) Language() *expr.Language { return t.language }

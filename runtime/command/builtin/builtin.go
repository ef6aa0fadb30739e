package builtin

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// Deps is what the commands work with. A command whose part is nil fails with a fault that says so; Now is
// required.
type Deps struct {
	// Emit accepts an event; it returns after the event is safe.
	Emit     func(ctx context.Context, e event.Event) (event.Accepted, error)
	Results  Results
	Webhooks Webhooks
	Now      func() time.Time
}

// Results keeps what callers may poll for.
type Results interface {
	// CompleteResult keeps value (JSON text) under the correlation id. The first caller wins: a
	// later one changes nothing and gets false.
	CompleteResult(ctx context.Context, correlationID string, value []byte, at time.Time) (first bool, err error)
}

// Webhooks keeps the settings of inbound URLs.
type Webhooks interface {
	// Put checks and stores w, new or in place of the one with its UUID, and gives it as stored. An
	// empty UUID asks for a new one, empty settings for their defaults.
	Put(ctx context.Context, w webhook.Webhook) (webhook.Webhook, error)
	Get(uuid string) (webhook.Webhook, bool)
	List() []webhook.Webhook
	Delete(ctx context.Context, uuid string) error
	URL(w webhook.Webhook) string
}

// All is the list of built-in commands.
func All(d Deps) []command.Definition {
	return []command.Definition{
		bodySet(),
		eventSend(d),
		exit(),
		iamRunAs(),
		log(),
		resultComplete(d),
		set(),
		varSet(),
		webhookDelete(d),
		webhookGet(d),
		webhookPut(d),
	}
}

// missing is the fault of a command whose part of the system is not there.
func missing(part string) error {
	return fault.New(fault.CommandFailed, "there is no %s here", part).WithHint("run the pipeline on a server")
}

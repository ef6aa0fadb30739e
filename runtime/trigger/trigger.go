package trigger

import (
	"context"

	"github.com/penstock/penstock/runtime/event"
)

// Kind is the command that declared a trigger.
type Kind string

// The kinds. Both see the same events: an event is a message under its prefixed key.
const (
	EventListen    Kind = "event.listen"
	MessageReceive Kind = "message.receive"
)

// Selector decides on an event whose key matched. It may be called from many goroutines and must not
// change the object.
type Selector func(ctx context.Context, o event.Object) (bool, error)

// Trigger starts a pipeline for the events that it matches. It never changes after it was made.
type Trigger struct {
	Kind    Kind
	Pattern string   // over event keys; satisfies CheckPattern
	Select  Selector // nil selects every event
}

// Match reports whether the event starts the pipeline: its key matches and the selector selects it. The
// error is the selector's.
func (t *Trigger) Match(ctx context.Context, e event.Event, o event.Object) (bool, error) {
	if !Match(t.Pattern, e.Key) {
		return false, nil
	}
	return t.Selects(ctx, o)
}

// Selects asks the selector alone, for a caller that found the trigger through an [Index].
func (t *Trigger) Selects(ctx context.Context, o event.Object) (bool, error) {
	if t.Select == nil {
		return true, nil
	}
	return t.Select(ctx, o)
}

// String gives kind and pattern for listings.
func (t *Trigger) String() string { return string(t.Kind) + " " + t.Pattern }

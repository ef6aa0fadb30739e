package trigger

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/event"
)

// Kind is the command that declared a trigger.
type Kind string

// The kinds. EventListen and MessageReceive see the same events: an event is a message under its prefixed key.
const (
	EventListen    Kind = "event.listen"
	MessageReceive Kind = "message.receive"
	Job            Kind = "job"
)

// JobPrefix and the name of a pipeline are the key of the events that its job fires.
const JobPrefix = "job."

// DefaultExchanges gives the names of the exchange that all messages go through: the present one and two older ones.
func DefaultExchanges() []string {
	return []string{"pipeforce.default.topic", "pipeforce.hub.default.topic", "pipeforce.topic.default"}
}

// Selector decides on an event whose key matched. It may be called from many goroutines and must not
// change the object.
type Selector func(ctx context.Context, o event.Object) (bool, error)

// Trigger starts a pipeline for the events that it matches. It never changes after it was made.
type Trigger struct {
	Kind    Kind
	Pattern string   // over event keys, of MessageReceive over message keys; satisfies CheckPattern
	Prefix  string   // of MessageReceive: stands in front of an event's key in the key of its message
	Select  Selector // nil selects every event

	Batch  *Batch  // of MessageReceive: several messages have one run; nil = each has its own
	Manual bool    // of MessageReceive: the pipeline acknowledges
	Timing *Timing // of Job, else nil
}

// Batch says when enough messages were gathered for a run: whatever comes first.
type Batch struct {
	Items int           // messages; 0 = any number
	Bytes int           // of what they hand to the pipeline, as JSON text; more only where a single message is larger
	Wait  time.Duration // since the first of them
}

// Timing says when a job is due, and what becomes of times that cannot be kept.
type Timing struct {
	Schedule *Schedule
	Missed   Missed
	Overlap  bool          // also while the run of the time before goes on
	Jitter   time.Duration // most by which a run may begin later than it is due
}

// Missed says what becomes of times at which no process ran.
type Missed string

// The ways.
const (
	MissedSkip Missed = "skip" // nothing
	MissedOnce Missed = "once" // one run for all of them
	MissedAll  Missed = "all"  // a run for each, as far as a limit goes
)

// Match reports whether the event starts the pipeline: its key matches and the selector selects it. The
// error is the selector's.
func (t *Trigger) Match(ctx context.Context, e event.Event, o event.Object) (bool, error) {
	key := e.Key
	switch {
	case t.Kind == MessageReceive && !e.Message:
		key = t.Prefix + e.Key
	case t.Kind != MessageReceive && e.Message:
		return false, nil
	}
	if !Match(t.Pattern, key) {
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

// String gives kind and pattern for listings; of a job its schedule.
func (t *Trigger) String() string {
	if t.Timing != nil {
		return string(t.Kind) + " " + t.Timing.Schedule.String()
	}
	return string(t.Kind) + " " + t.Pattern
}

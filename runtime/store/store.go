package store

import (
	"context"
	"errors"
	"time"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/webhook"
)

// The sentinels of all stores. Other failures carry fault.StoreUnavailable or fault.StoreFull and are
// retryable when waiting can help.
var (
	ErrNotFound = errors.New("not in the store")
	ErrFinished = errors.New("the run is already finished")
)

// Store keeps everything. All methods may be called from many goroutines.
type Store interface {
	Events
	Runs
	Results
	Webhooks
	Rejects
	Schedules
	Sources
	Properties

	// Health reports why the store cannot accept right now, nil when it can. It is cheap.
	Health() error
	// Prune forgets what ended before the given times and gives the number of forgotten rows:
	// settled events with their runs and results, expired dedupe keys and properties, refusals.
	Prune(ctx context.Context, p Prune) (int, error)
	// Close waits for queued writes and closes the files. It may be called twice.
	Close() error
}

// Prune says what may be forgotten.
type Prune struct {
	SettledBefore time.Time // events, runs and results
	Now           time.Time // dedupe keys and properties that expired before
	MaxRejects    int       // keep the newest
}

// Events keeps accepted events.
type Events interface {
	// Accept stores the event and its dedupe key in one transaction and returns after the sync. A
	// delivery whose key is known (and not expired at e.Time) stores nothing and gives the first
	// event's id. An event whose id is known is not fresh either.
	Accept(ctx context.Context, e event.Event, d event.Dedupe) (event.Accepted, error)
	// Event finds one event. ErrNotFound.
	Event(ctx context.Context, id string) (Event, error)
	// Raw gives what came in, where it was kept beside the event (event.Event.Raw), else nil. ErrNotFound.
	Raw(ctx context.Context, id string) ([]byte, error)
	// Events lists events, newest first.
	Events(ctx context.Context, q EventQuery) ([]Event, error)
	// Unsettled lists accepted and unfinished events with Seq > after, in order of acceptance.
	Unsettled(ctx context.Context, after int64, limit int) ([]Event, error)
}

// Event is a kept event.
type Event struct {
	Seq     int64 // order of acceptance
	ID      string
	Key     string
	Data    []byte    // JSON text of the event
	Time    time.Time // of the event
	Settled time.Time // when its last run ended; zero = not yet
}

// EventQuery filters a listing.
type EventQuery struct {
	Key    string // exact key; empty = all
	Before int64  // only Seq < Before; 0 = all
	Limit  int    // 0 = 50
}

// Runs keeps what pipelines did.
type Runs interface {
	// Save writes a change in one transaction and returns after the sync. A run that is already
	// final is not changed: ErrFinished, and nothing of the change is written.
	Save(ctx context.Context, c Change) error
	// RunsOf lists the runs of one event.
	RunsOf(ctx context.Context, eventID string) ([]run.Run, error)
	// Run finds one run by its key. ErrNotFound.
	Run(ctx context.Context, eventID, pipeline string) (run.Run, error)
	// FindRuns lists runs, newest event first, without Body, Vars, Position and the values of steps.
	FindRuns(ctx context.Context, q RunQuery) ([]run.Run, error)
	// Due lists waiting runs, the longest waiting first: those with NextAt <= Now, or those that wait for their turn.
	Due(ctx context.Context, q DueQuery) ([]run.Run, error)
	// CloseDead keeps how a person dealt with a dead letter, as run.Run.Closed says. The first caller
	// wins: ErrNotFound when there is no such dead letter or when it is closed already.
	CloseDead(ctx context.Context, eventID, pipeline, how string) error
	// OpenVersions lists each pair of pipeline and version that an unfinished run began with once, by
	// pipeline and version.
	OpenVersions(ctx context.Context) ([]PipelineVersion, error)
}

// PipelineVersion names a version of a pipeline.
type PipelineVersion struct{ Pipeline, Version string }

// Change is what one Save writes.
type Change struct {
	Accept *event.Event // stored first; one whose id is known is left as it is. nil = none
	Run    *run.Run     // inserted, or updated under its key; nil = none
	Settle string       // id of an event whose runs are all final; empty = none
	At     time.Time    // when it was settled

	// Form forms a batch. ErrFinished when one of its members has a run of the pipeline already; nil = none.
	Form *Batch
	// Members are the events of the batch whose run Run is. When that is final, their batched runs of its pipeline become
	// what it is, with its end and its last failure; those in Settles are settled then, at At.
	Members, Settles []string
}

// Batch is what is kept of a batch when it is formed: its event, as an accepted one, and for each member a run that
// is batched and has the id of that event in Closed.
type Batch struct {
	Event event.Event // with Event.Batch
	Runs  []run.Run   // of the members
}

// DueQuery says which runs are asked for.
type DueQuery struct {
	Now   time.Time
	Turn  string // instead of those that are due: those of this pipeline without a NextAt; empty = none
	Limit int    // 0 = 50
}

// RunQuery filters a listing.
type RunQuery struct {
	EventID  string
	EventKey string // exact
	Pipeline string
	Status   run.Status
	Code     string    // of the last failure
	Text     string    // that the message of the last failure holds; the case of ASCII letters does not count
	Since    time.Time // only runs that ended then or later
	Until    time.Time // only runs that ended before
	Open     bool      // without dead letters that were dealt with
	Limit    int       // 0 = 50
}

// Results keeps what result.complete said.
type Results interface {
	// CompleteResult keeps value (JSON text) under the correlation id. The first caller wins: a
	// later one changes nothing and gets false.
	CompleteResult(ctx context.Context, correlationID string, value []byte, at time.Time) (first bool, err error)
	// CompletedResult gives what was kept. ErrNotFound.
	CompletedResult(ctx context.Context, correlationID string) (value []byte, at time.Time, err error)
}

// Webhooks keeps the settings of inbound URLs.
type Webhooks interface {
	// PutWebhook inserts or replaces the webhook with its ID.
	PutWebhook(ctx context.Context, w webhook.Webhook) error
	// DeleteWebhook removes it; an unknown id is no error.
	DeleteWebhook(ctx context.Context, id string) error
	// Webhooks lists all, by creation.
	Webhooks(ctx context.Context) ([]webhook.Webhook, error)
}

// Rejects keeps the newest refused requests, for operators.
type Rejects interface {
	// AddReject queues r and returns at once. When the queue is full, r is dropped: a flood of
	// refusals never slows the door.
	AddReject(r Reject)
	// Rejects lists the newest first.
	Rejects(ctx context.Context, limit int) ([]Reject, error)
}

// Reject is one refused request. It holds no token, payload or header value but the content type.
type Reject struct {
	Time        time.Time `json:"time"`
	TraceID     string    `json:"traceId,omitempty"` // as in the log line
	Webhook     string    `json:"webhook,omitempty"` // last six characters of the token, when it is a known one
	Preset      string    `json:"preset,omitempty"`  // of that webhook
	Reason      string    `json:"reason"`            // stable, dotted: signature.mismatch, token.unknown ...
	Detail      string    `json:"detail,omitempty"`  // for the operator: what to check
	Status      int       `json:"status"`            // HTTP status of the answer
	Remote      string    `json:"remote"`            // address of the caller
	Method      string    `json:"method,omitempty"`
	ContentType string    `json:"contentType,omitempty"`
	Headers     []string  `json:"headers,omitempty"` // names of the fields, in their order
	Bytes       int       `json:"bytes"`             // size of the body
	Kept        bool      `json:"kept,omitempty"`    // the whole request is kept in a file under TraceID
}

// Schedules keeps when each job is due, so that a job survives a restart and fires once in all processes
// over one store.
type Schedules interface {
	// Schedules lists all, by name.
	Schedules(ctx context.Context) ([]Schedule, error)
	// MoveSchedule keeps s if Next of the one kept under its name is still was, or if there is none and
	// was is zero. False: another caller was faster, and nothing was changed.
	MoveSchedule(ctx context.Context, s Schedule, was time.Time) (moved bool, err error)
	// DeleteSchedule forgets it; an unknown name is no error.
	DeleteSchedule(ctx context.Context, name string) error
}

// Schedule is the state of one job.
type Schedule struct {
	Name string    // of the pipeline
	Spec string    // the settings that Next was made from; others make it anew
	Next time.Time // when it is due
	Last time.Time // for which it last fired; zero = never
}

// Sources keeps the texts of pipelines by version, so that a run ends on the version it began with though the file has
// changed and the process was started anew, and so that a person can see and bring back what was there before.
type Sources interface {
	// ChangeSources writes in one transaction that the versions of c.In came into the loaded set and that those of c.Out
	// left it. A version that is known keeps First; its Last, Until and Author become those of this change. Texts are
	// not changed afterwards by the caller.
	ChangeSources(ctx context.Context, c SourceChange) error
	// Source gives one version with its text. ErrNotFound.
	Source(ctx context.Context, v PipelineVersion) (Source, error)
	// SourceAt gives the version of a pipeline that was in the loaded set just before the given time. ErrNotFound.
	SourceAt(ctx context.Context, pipeline string, at time.Time) (Source, error)
	// SourcesOf lists the versions of a pipeline without their texts, those that came last first.
	SourcesOf(ctx context.Context, pipeline string) ([]Source, error)
	// LoadedSources lists the loaded set with its texts, by pipeline.
	LoadedSources(ctx context.Context) ([]Source, error)
	// PruneSources forgets versions that left the loaded set and gives their number. It keeps what an unfinished run
	// may need: the version it began with, and everything that left the set after the run began.
	PruneSources(ctx context.Context, p SourcePrune) (int, error)
}

// Source is a version of a pipeline.
type Source struct {
	PipelineVersion
	File   string    // the name of the file, which tells how the text is read
	Text   []byte    // of the file
	Author string    // identity that put it through the API; empty = it came as a file
	First  time.Time // when it came into the loaded set for the first time
	Last   time.Time // when it came into the loaded set
	Until  time.Time // when it left; zero = it is loaded
}

// SourceChange is a change of the loaded set. First, Last and Until of its versions are not read.
type SourceChange struct {
	In  []Source
	Out []PipelineVersion
	At  time.Time
}

// SourcePrune says which versions may be forgotten: those that left before Before, and those beyond the newest Most of
// a pipeline, but none that left at After or later.
type SourcePrune struct {
	Before time.Time
	Most   int // 0 = any number
	After  time.Time
}

// Package run is one pipeline's work on one event, as a value: what is stored, listed and resumed.
// It knows nothing about how a run is executed or kept. Everybody may import it.
package run

import (
	"encoding/json"
	"time"
)

// Status says where a run stands.
type Status string

// The statuses. Done, Dead and Cancelled are final: a run that has one of them never changes again.
const (
	Running   Status = "running"   // being executed, or interrupted by a crash
	Waiting   Status = "waiting"   // goes on at Run.NextAt: with the next attempt, or, where Code is empty, behind a wait
	Done      Status = "done"      // finished
	Dead      Status = "dead"      // a dead letter: failed for good
	Cancelled Status = "cancelled" // stopped by a person
	Batched   Status = "batched"   // the event is a member of a batch, whose event Run.Closed names; ends with the run of that
)

// Final reports whether a run with this status never changes again.
func (s Status) Final() bool { return s == Done || s == Dead || s == Cancelled }

// Run is one pipeline's work on one event. (EventID, Pipeline) is its key.
type Run struct {
	EventID   string    `json:"eventId"`
	EventKey  string    `json:"eventKey"`
	Pipeline  string    `json:"pipeline"`
	Version   string    `json:"version"` // of the pipeline file it began with
	Status    Status    `json:"status"`
	Attempt   int       `json:"attempt"`  // counts from 1
	Identity  string    `json:"identity"` // in force at the last step
	Started   time.Time `json:"started"`
	Ended     time.Time `json:"ended,omitzero"`
	NextAt    time.Time `json:"nextAt,omitzero"` // when it goes on, when Waiting
	Code      string    `json:"code,omitempty"`  // of the last failure
	Message   string    `json:"message,omitempty"`
	StepIndex int       `json:"stepIndex"` // where a resumed run goes on, in the pipeline's own list
	Position  []byte    `json:"-"`         // JSON text: where within that step, for pipelines with blocks; nil = at its beginning
	Body      []byte    `json:"-"`         // JSON text: the body there, or the final one
	Vars      []byte    `json:"-"`         // JSON text: the vars there; nil once final
	Steps     []Step    `json:"steps,omitempty"`
	Closed    string    `json:"closed,omitempty"` // of a dead letter that was dealt with: ClosedDropped, ClosedAnswered, or the id of the event that replays it; of a member of a batch, the id of the batch's event
}

// ClosedDropped stands in Run.Closed of a dead letter that a person put aside.
const ClosedDropped = "dropped"

// ClosedAnswered stands in Run.Closed of a failed run whose caller waited for it and was told.
const ClosedAnswered = "answered"

// ID is the run's name for people and as an idempotency key: event id and pipeline.
func (r Run) ID() string { return ID(r.EventID, r.Pipeline) }

// ID makes a run's name from its key.
func ID(eventID, pipeline string) string { return eventID + ":" + pipeline }

// StepStatus says how a step ended.
type StepStatus string

// The ways a step ends.
const (
	StepDone    StepStatus = "done"
	StepSkipped StepStatus = "skipped" // its `if` was false
	StepFailed  StepStatus = "failed"  // and the run with it
	StepIgnored StepStatus = "ignored" // failed, and `onError` let the run go on
	StepWaiting StepStatus = "waiting" // goes on later: a wait, or the next try
)

// Step is the record of one executed step.
type Step struct {
	Index    int           `json:"index"` // counts from 0 in the order of the file, the trigger not included
	ID       string        `json:"id,omitempty"`
	Command  string        `json:"command"`
	Path     string        `json:"path,omitempty"` // rounds of loops and calls around it: [3], /4:other[0]
	Status   StepStatus    `json:"status"`
	Attempt  int           `json:"attempt,omitempty"` // tries within this step, from 1
	Duration time.Duration `json:"duration"`          // nanoseconds
	Code     string        `json:"code,omitempty"`
	Message  string        `json:"message,omitempty"`

	// Input and Output are what was recorded of the step's values, as the setting engine.record asks for it.
	// They are shown only to those who ask for payloads. Secrets in them are replaced by "[redacted]", and a
	// value that is too large by a [Cut].
	Input  []byte `json:"-"` // JSON text of an Input; nil = not recorded
	Output []byte `json:"-"` // JSON text of what the command gave; nil = not recorded, or it gave nothing
}

// Input is what a step was given.
type Input struct {
	Params   json.RawMessage `json:"params,omitempty"`   // of the command, evaluated: a map. Left out for what is no command
	Input    json.RawMessage `json:"input,omitempty"`    // what its parameter `input` gave, where it has one
	Body     json.RawMessage `json:"body,omitempty"`     // of the run, before the step
	Vars     json.RawMessage `json:"vars,omitempty"`     // of the run, before the step; left out where they are those of the record before
	Identity string          `json:"identity,omitempty"` // before the step, where it is one of the pipeline's own list
	Exact    bool            `json:"exact,omitempty"`    // nothing in Body and Vars is replaced or cut: a replay can begin with them
}

// Cut stands for a value that was too large to be recorded.
type Cut struct {
	Bytes int    `json:"cutBytes"` // size of the whole JSON text
	Start string `json:"start"`    // its beginning
}

// Recording says of which steps the values are recorded.
type Recording string

// The settings of engine.record.
const (
	RecordNone     Recording = "none"
	RecordFailures Recording = "failures" // of steps that failed, also where `onError` let the run go on
	RecordAll      Recording = "all"
)

// ResultState says what a poll for a result learns.
type ResultState string

// The states of a result.
const (
	ResultProcessing ResultState = "processing"
	ResultOK         ResultState = "ok"
	ResultError      ResultState = "error"
)

// Result is what a caller may poll under a correlation id.
type Result struct {
	State   ResultState
	Value   []byte // JSON text, nil is null; set when State is ResultOK
	Code    string // of the failure, when State is ResultError
	Message string // of the failure: never a trace, a payload or a secret
}

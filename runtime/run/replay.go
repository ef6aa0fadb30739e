package run

import "time"

// Replay asks to run something that is over once more. The run itself never changes: its work is done
// again for a new event that names the old one.
type Replay struct {
	EventID  string
	Pipeline string
	From     string // empty = from its start; FromFailed; else the id of a step or its number, from 1
	Version  string // of the pipeline; empty = the one that is loaded
	Body     []byte // JSON text: the payload of the event, or the body at the step From; nil = as it was
	Close    bool   // for a dead letter: replay it once, and close it
}

// Rehearsal is what a replay would do.
type Rehearsal struct {
	Version string `json:"version"` // of the pipeline
	Status  Status `json:"status"`  // Done, or Dead where it would fail, whether that would be tried again or not
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Steps   []Step `json:"-"` // with their values
	Mocked  []bool `json:"-"` // of each step: its command was not called
	Body    []byte `json:"-"` // JSON text: the body in the end
}

// FromFailed stands in Replay.From for the step at which the run ended.
const FromFailed = "failed"

// Update is news of a run.
type Update struct {
	Number int64     // counts from 1 over all runs of the process
	Time   time.Time // when it was
	Run    Run       // as it is now, without payloads and steps
	Step   string    // where it stands, as people number it: 3 (mail.send); empty = unknown or at its end
}

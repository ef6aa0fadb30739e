package run

// Replay asks to run something that is over once more. The run itself never changes: its work is done
// again for a new event that names the old one.
type Replay struct {
	EventID  string
	Pipeline string
	From     string // empty = from its start; FromFailed; else the id of a step or its number, from 1
	Body     []byte // JSON text: the payload of the event, or the body at the step From; nil = as it was
	Close    bool   // for a dead letter: replay it once, and close it
}

// FromFailed stands in Replay.From for the step at which the run ended.
const FromFailed = "failed"

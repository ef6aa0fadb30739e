package plugin

import (
	"encoding/json"
	"fmt"
	"time"
)

// Context says for whom and where a call is made.
type Context struct {
	Run        string `json:"run"`  // with Step an idempotency key for calls to other systems
	Step       int    `json:"step"` // index of the step in its pipeline
	Command    string `json:"command"`
	Pipeline   string `json:"pipeline"`
	Event      string `json:"event"`      // id of the event that started the run
	Identity   string `json:"identity"`   // in whose name the command runs
	Attempt    int    `json:"attempt"`    // of the run, from 1
	DeadlineMs int64  `json:"deadlineMs"` // milliseconds that were left when the call began
}

// Call is one use of a command. It is valid until its handler returns.
type Call struct {
	Context
	Params json.RawMessage // JSON text of an object; aliases resolved, defaults set, types checked
	Body   json.RawMessage // JSON text; nil unless the command's Body is set

	host Host
}

// Level is the weight of a log line.
type Level int32

// The levels.
const (
	LevelDebug Level = iota
	LevelInfo
	LevelWarn
	LevelError
)

// Log writes a line into the run's log. The host limits how much one call may write.
func (c *Call) Log(level Level, format string, args ...any) {
	c.host.Log(level, fmt.Sprintf(format, args...))
}

// Now gives the time of the host's clock.
func (c *Call) Now() time.Time { return c.host.Now() }

// DecodeBody reads the pipeline's body into target.
func (c *Call) DecodeBody(target any) error {
	if len(c.Body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.Body, target); err != nil {
		return inputError("body", err)
	}
	return nil
}

// BodyText gives the pipeline's body as text: a text as it is, nothing for null, else its JSON text.
func (c *Call) BodyText() string { return TextOf(c.Body) }

// TextOf gives a JSON text as text: a string as it is, nothing for null, else the JSON text itself.
func TextOf(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) == nil { // null leaves s empty
		return s
	}
	return string(raw)
}

// Capability asks the host for the operation op, such as mail.submit, with request as JSON, and reads
// the answer into response, which may be nil. The error is an [*Error] with the host's code: plugin.denied
// without a grant. The whole plugin stands still until the host has answered.
func (c *Call) Capability(op string, request, response any) error {
	text, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encoding the request of %s: %w", op, err)
	}
	answer, err := c.CapabilityRaw(op, text)
	if err != nil || response == nil {
		return err
	}
	if err := json.Unmarshal(answer, response); err != nil {
		return Errorf("plugin.protocol", "the answer of %s cannot be read", op)
	}
	return nil
}

// CapabilityRaw is [Call.Capability] with JSON texts.
func (c *Call) CapabilityRaw(op string, request json.RawMessage) (json.RawMessage, error) {
	envelope, err := c.host.Call(op, request)
	if err != nil {
		return nil, err
	}
	var answer struct {
		OK    json.RawMessage `json:"ok"`
		Error *errorObject    `json:"error"`
	}
	if err := json.Unmarshal(envelope, &answer); err != nil {
		return nil, Errorf("plugin.protocol", "the answer of %s cannot be read", op)
	}
	if answer.Error != nil {
		return nil, answer.Error.error()
	}
	return answer.OK, nil
}

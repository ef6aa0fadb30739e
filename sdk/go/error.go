package plugin

import (
	"errors"
	"fmt"
	"time"
)

// The codes that the host gives to a failure without one.
const (
	CodeFailed = "plugin.failed" // of an error that is not an [Error]
	CodeInput  = "command.type"  // of parameters or a body that cannot be read
)

// Error is a failure with everything the engine needs to act on it. A handler returns it, alone or
// wrapped with %w; the host's own failures arrive as one from [Call.Capability]. The message is shown to
// people and kept in the run's record: no payload and no secret belongs in it.
type Error struct {
	Code       string         // stable, dotted; begins with the first word of the plugin's name or of a capability
	Message    string         // lower case, no full stop
	Retryable  bool           // the same call may succeed later
	RetryAfter time.Duration  // the least wait; 0 leaves it to the engine
	Details    map[string]any // for programs; may be nil
	BadInput   bool           // the parameters or the body are at fault
}

// Errorf makes an Error that will not be tried again.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalidf makes an Error that blames the parameters or the body.
func Invalidf(code, format string, args ...any) *Error {
	e := Errorf(code, format, args...)
	e.BadInput = true
	return e
}

// Retry returns a copy that may be tried again, not earlier than after; 0 leaves the wait to the engine.
func (e *Error) Retry(after time.Duration) *Error {
	c := *e
	c.Retryable, c.RetryAfter = true, after
	return &c
}

// Error gives code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// AsError finds the Error in err's chain. Any other error becomes one with [CodeFailed]; nil stays nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeFailed, Message: err.Error()}
}

// errorObject is an Error on the wire.
type errorObject struct {
	Code         string         `json:"code,omitempty"`
	Message      string         `json:"message"`
	Retryable    bool           `json:"retryable"`
	RetryAfterMs int64          `json:"retryAfterMs,omitempty"`
	Details      map[string]any `json:"details,omitempty"`
}

func (o errorObject) error() *Error {
	return &Error{
		Code: o.Code, Message: o.Message, Retryable: o.Retryable,
		RetryAfter: time.Duration(o.RetryAfterMs) * time.Millisecond, Details: o.Details,
	}
}

package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Position is a place in a text file. Line and Column count from 1; a zero Line means "unknown".
type Position struct {
	File   string
	Line   int
	Column int
}

// String gives file:line:col, as far as the parts are known, and "" for the zero Position.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// Error is a fault with everything a person or a program needs. Build it with [New] or [Wrap];
// the With… methods return changed copies, so a fault may be shared between goroutines.
type Error struct {
	Code    Code     // stable, dotted; see codes.go
	Message string   // what failed: lower case, no full stop, no payload, no secret
	Hint    string   // what to do about it; may be empty
	Pos     Position // where in a file; may be zero
	Where   string   // where else: a configuration key, a step, a parameter; may be empty

	// Retry says that the same work may succeed later. RetryAfter is the least wait asked for by
	// the other side; zero leaves the wait to the caller.
	Retry      bool
	RetryAfter time.Duration

	Cause error // the error below; may be nil
}

// New makes a fault without a cause.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes a fault around err. A nil err gives a fault without a cause. A retryable cause makes
// the new fault retryable too.
func Wrap(code Code, err error, format string, args ...any) *Error {
	e := New(code, format, args...)
	e.Cause = err
	e.Retry, e.RetryAfter = Retryable(err)
	return e
}

// WithHint returns a copy that says what to do.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// At returns a copy with a position in a file.
func (e *Error) At(pos Position) *Error {
	c := *e
	c.Pos = pos
	return &c
}

// In returns a copy that names the configuration key, step or parameter.
func (e *Error) In(where string) *Error {
	c := *e
	c.Where = where
	return &c
}

// WithRetry returns a copy that may be tried again, not earlier than after (0: the caller's choice).
func (e *Error) WithRetry(after time.Duration) *Error {
	c := *e
	c.Retry, c.RetryAfter = true, after
	return &c
}

// Error gives one line: position, place, what failed, cause, and the hint behind a semicolon.
func (e *Error) Error() string {
	var b strings.Builder
	if p := e.Pos.String(); p != "" {
		b.WriteString(p)
		b.WriteString(": ")
	}
	if e.Where != "" {
		b.WriteString(e.Where)
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	if e.Cause != nil {
		b.WriteString(": ")
		b.WriteString(e.Cause.Error())
	}
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// List is several faults found in one pass, in the order of their positions.
//
//nolint:errname // a list is what it is
type List []*Error

// Error gives one fault a line.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the single faults to errors.Is and errors.As.
func (l List) Unwrap() []error {
	out := make([]error, len(l))
	for i, e := range l {
		out[i] = e
	}
	return out
}

// Err gives the list as an error, nil when it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// CodeOf gives the outermost code in err's chain, [Internal] for an error without one, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e := find(err); e != nil {
		return e.Code
	}
	return Internal
}

// Retryable reports whether the same work may succeed later, and the least wait asked for.
func Retryable(err error) (bool, time.Duration) {
	if e := find(err); e != nil {
		return e.Retry, e.RetryAfter
	}
	return false, 0
}

// HintOf gives the first hint in err's chain.
func HintOf(err error) string {
	for e := find(err); e != nil; e = find(e.Cause) {
		if e.Hint != "" {
			return e.Hint
		}
	}
	return ""
}

func find(err error) *Error {
	var e *Error
	if err != nil && errors.As(err, &e) {
		return e
	}
	return nil
}

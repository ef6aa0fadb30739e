package pipeline

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

// thrown is a failure on its way outwards, until a handler takes it or the run fails.
type thrown struct {
	err    *fault.Error // with the step's name and place
	kind   string       // what the command error called it; empty = nothing
	status int          // of another system's answer; 0 = none
	time   time.Time
	by     origin

	at      *State // where it happened: there a failed run goes on
	restart bool   // the author wants a failed run to begin again

	fatal bool  // no handler may take it: the run was cancelled, cannot be recorded, or is out of steps
	own   *head // the part that failed itself, not in something inside it
}

// origin names the part that failed.
type origin struct {
	Pipeline string `json:"pipeline"`
	Step     int    `json:"step"`
	ID       string `json:"id,omitempty"`
	Command  string `json:"command"`
	Path     string `json:"path,omitempty"`
	Identity string `json:"identity,omitempty"`
}

// statusCoder is what the cause of a failure may be: an answer of another system with an HTTP status.
type statusCoder interface{ StatusCode() int }

// throw makes a failure of the part h and notes where the run stands.
func (x *execution) throw(ctx context.Context, h *head, err error) *thrown {
	t := &thrown{own: h, time: x.in.Now(), at: x.capture()}
	if ctx.Err() != nil {
		err, t.fatal = canceled(ctx), true
	}
	t.kind = kindOf(err)
	var s statusCoder
	if errors.As(err, &s) {
		t.status = s.StatusCode()
	}
	t.err = x.explain(h, err)
	t.by = origin{Pipeline: x.plan.name, Step: h.index, ID: h.id, Command: h.command, Path: x.path, Identity: x.here.identity}
	return t
}

// end makes a failure that no handler may take.
func (x *execution) end(ctx context.Context, h *head, err error) *thrown {
	t := x.throw(ctx, h, err)
	t.fatal = true
	return t
}

// through carries a failure of an execution inside this one outwards. What happened stays as it is; the
// place is that of this execution, with the inner one in it. by is the call that it happened in, nil for a
// branch.
func (x *execution) through(t *thrown, by *head) *thrown {
	out := *t
	out.own, out.at = nil, x.capture()
	switch {
	case by == nil:
	case t.err.Where == "":
		out.err = t.err.In(x.where(by))
	default:
		out.err = t.err.In(x.where(by) + ": " + t.err.Where)
	}
	return &out
}

// final reports whether the failure, if nobody takes it, is the end of the run, or of all that this delivery of a message
// leads to.
func (x *execution) final(t *thrown) bool {
	return !t.err.Retry || !x.in.Retries || x.givesBack()
}

// givesBack reports whether a failure has the message delivered again and the run begun anew.
func (x *execution) givesBack() bool {
	for x.join != nil {
		x = x.join.outer
	}
	return x.plan.trigger != nil && x.plan.trigger.Manual && x.acknowledged == ""
}

// cause is what decides whether a failure is repeated after, or taken by an except.
type cause struct {
	code  fault.Code
	kind  string
	retry bool
	after time.Duration
}

func causeOf(err error) cause {
	c := cause{code: fault.CodeOf(err), kind: kindOf(err)}
	c.retry, c.after = fault.Retryable(err)
	return c
}

func (t *thrown) cause() cause { return cause{t.err.Code, t.kind, t.err.Retry, t.err.RetryAfter} }

// is reports whether a name that an author wrote means the failure: its code, what the command error
// called it, a beginning of either with a * behind it, or all failures.
func (c *cause) is(name string) bool {
	front, open := strings.CutSuffix(name, "*")
	for _, known := range [2]string{string(c.code), c.kind} {
		if open && strings.HasPrefix(known, front) || known != "" && known == name {
			return true
		}
	}
	return false
}

// where names a part for faults, with the rounds of the loops that it is in.
func (x *execution) where(h *head) string {
	if rounds := x.path[x.called:]; rounds != "" {
		return h.where + " " + rounds
	}
	return h.where
}

// explain gives the fault with the part's name and place; one of an expression keeps its own place.
func (x *execution) explain(h *head, err error) *fault.Error {
	e := asFault(err)
	if e == nil {
		e = fault.Wrap(fault.CommandFailed, err, "running the command")
	}
	where := x.where(h)
	if e.Where != "" {
		where = fmt.Sprintf("%s: %s", where, e.Where)
	}
	pos := h.pos
	if e.Pos.File == x.plan.file && e.Pos.Line > 0 {
		pos = e.Pos
	}
	return e.In(where).At(pos)
}

// told is what failed, without its place, for the record of the step.
func (t *thrown) told() string { return t.named().In("").At(fault.Position{}).Error() }

// named is the fault with what the command error called it.
func (t *thrown) named() *fault.Error {
	if t.kind == "" {
		return t.err
	}
	e := *t.err
	e.Message = t.kind + ": " + e.Message
	return &e
}

// message is what failed, without place and hint.
func (t *thrown) message() string {
	e := *t.err
	e.Hint = ""
	return e.In("").At(fault.Position{}).Error()
}

// exception is the failure as expressions of its handler see it.
func (x *execution) exception(t *thrown) map[string]any {
	kind := t.kind
	if kind == "" {
		kind = string(t.err.Code)
	}
	more := map[string]any{"file": t.err.Pos.File, "line": t.err.Pos.Line, "column": t.err.Pos.Column}
	at := t.time.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	return map[string]any{
		"type": kind, "message": t.message(), "statusCode": t.statusCode(), "time": at, "uuid": x.uuid(t),
		"auth": t.by.Identity, "domain": x.in.Instance, "namespace": x.in.Event.Namespace, "traceId": x.in.Event.TraceID,
		"spanId": t.by.span(), "more": more,

		"code": string(t.err.Code), "hint": t.err.Hint, "retryable": t.err.Retry,
		"pipeline": t.by.Pipeline, "step": t.by.Step, "stepId": t.by.ID, "command": t.by.Command,
	}
}

// span names the step within the run.
func (o *origin) span() string { return fmt.Sprintf("%s/%d", o.Path, o.Step) }

// uuid names the failure; a handler that is executed again sees the same one.
func (x *execution) uuid(t *thrown) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d %d", x.in.RunID, t.by.Pipeline, t.by.span(), x.in.Attempt, t.time.UnixNano()))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // a version 8 of RFC 9562
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// The HTTP statuses that stand for failures of our own.
const (
	badRequest     = 400
	forbidden      = 403
	internalError  = 500
	unavailable    = 503
	gatewayTimeout = 504
)

// statusCode is the status of the other system's answer, else the one that says most nearly what happened.
func (t *thrown) statusCode() int {
	switch code := t.err.Code; {
	case t.status != 0:
		return t.status
	case code == fault.IAMDenied:
		return forbidden
	case slices.Contains([]fault.Code{fault.CommandTimeout, fault.PluginTimeout, fault.EgressTimeout}, code):
		return gatewayTimeout
	case fault.InfoOf(code).Kind == fault.Environment:
		return unavailable
	case fault.InfoOf(code).Kind == fault.Input:
		return badRequest
	}
	return internalError
}

// raised is a failure that the author of the pipeline asked for.
type raised struct {
	err  *fault.Error
	kind string
}

func (r *raised) Error() string { return r.err.Error() }
func (r *raised) Unwrap() error { return r.err }

// kindOf is what the command error called a failure.
func kindOf(err error) string {
	var r *raised
	if errors.As(err, &r) {
		return r.kind
	}
	return ""
}

func asFault(err error) *fault.Error {
	var e *fault.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

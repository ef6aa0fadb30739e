package pipetest

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/property"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/memory"
	"github.com/penstock/penstock/runtime/value"
)

// outside is what a case reaches instead of the world. It may be used from many goroutines.
type outside struct {
	mu         sync.Mutex
	now        time.Time
	events     []event.Event
	mails      []mail
	lines      []string
	result     []byte
	hasResult  bool
	properties *memory.Properties
}

// begin makes everything new for a case.
func (o *outside) begin(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now, o.properties = now, &memory.Properties{}
	o.events, o.mails, o.lines, o.result, o.hasResult = nil, nil, nil, nil, false
}

// Now is the clock of the case.
func (o *outside) Now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

// wait moves the clock, never back.
func (o *outside) wait(ctx context.Context, until time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if until.After(o.now) {
		o.now = until
	}
	return ctx.Err() == nil
}

func (o *outside) emit(_ context.Context, e event.Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.events = append(o.events, e)
	return nil
}

func (o *outside) submit(_ context.Context, from string, recipients []string, message []byte) error {
	m := readMail(from, recipients, message)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mails = append(o.mails, m)
	return nil
}

func (o *outside) complete(_ string, text []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.hasResult {
		o.result, o.hasResult = slices.Clone(text), true
	}
}

func (o *outside) kept() *memory.Properties {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.properties
}

// The properties are those of the case.

func (o *outside) Property(ctx context.Context, path string) (property.Property, error) {
	return o.kept().Property(ctx, path)
}

func (o *outside) Properties(ctx context.Context, q store.PropertyQuery) ([]property.Property, error) {
	return o.kept().Properties(ctx, q)
}

func (o *outside) PutProperty(ctx context.Context, p property.Property) (bool, error) {
	return o.kept().PutProperty(ctx, p)
}

func (o *outside) MoveProperty(ctx context.Context, m store.PropertyMove) (bool, error) {
	return o.kept().MoveProperty(ctx, m)
}

func (o *outside) DeleteProperty(ctx context.Context, path string, revision int64) (bool, error) {
	return o.kept().DeleteProperty(ctx, path, revision)
}

var _ store.Properties = (*outside)(nil)

// log keeps the lines of the log: what a pipeline says, else the message.
type log struct {
	o    *outside
	also slog.Handler // nil = nobody
}

func (l log) Enabled(context.Context, slog.Level) bool { return true }

func (l log) Handle(ctx context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "message" {
			line = a.Value.String()
		}
		return a.Key != "message"
	})
	l.o.mu.Lock()
	l.o.lines = append(l.o.lines, line)
	l.o.mu.Unlock()
	if l.also != nil && l.also.Enabled(ctx, r.Level) {
		return l.also.Handle(ctx, r)
	}
	return nil
}

func (l log) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l log) WithGroup(string) slog.Handler      { return l }

// sent gives the events as values.
func (o *outside) sent() []any {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]any, len(o.events))
	for i, e := range o.events {
		var payload any
		if len(e.Payload) > 0 {
			payload, _ = value.Decode(e.Payload)
		}
		out[i] = map[string]any{
			"key": e.Key, "payload": payload, "traceId": e.TraceID, "correlationId": e.CorrelationID, "hops": e.Hops,
			"message": e.Message,
		}
	}
	return out
}

func (o *outside) sentMails() []any {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]any, len(o.mails))
	for i, m := range o.mails {
		out[i] = m.value()
	}
	return out
}

func (o *outside) said() []any {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]any, len(o.lines))
	for i, line := range o.lines {
		out[i] = line
	}
	return out
}

func (o *outside) completed() (any, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.hasResult {
		return nil, false
	}
	v, err := value.Decode(o.result)
	return v, err == nil
}

// resultOf gives the result as expressions see it.
func (o *outside) env() expr.Env {
	result, _ := o.completed()
	return expr.Env{"result": result, "mails": o.sentMails(), "events": o.sent()}
}

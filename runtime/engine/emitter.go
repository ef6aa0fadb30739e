package engine

import (
	"bytes"
	"context"
	"log/slog"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/penstock/penstock/runtime/broker"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/store"
)

// Emitter accepts events: it stores them and hands them to the broker. It may be used from many goroutines.
type Emitter struct {
	store     store.Events
	publisher message.Publisher
	prefix    string
	hops      int
	log       *slog.Logger
	window    *window
}

// EmitterOptions are the settings of an Emitter; the zero value works.
type EmitterOptions struct {
	Prefix string // of message keys; default "pipeforce.event."
	Hops   int    // how often an event may lead to another one; default event.MaxHops
	Window int    // most events on their way at once, the rest waits in the store; default 4096
	Logger *slog.Logger
}

// NewEmitter makes an Emitter over an open store and broker.
func NewEmitter(events store.Events, b broker.Broker, o EmitterOptions) *Emitter {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if o.Window <= 0 {
		o.Window = 4096
	}
	positive(&o.Hops, event.MaxHops)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Emitter{store: events, publisher: b.Publisher(), prefix: o.Prefix, hops: o.Hops, log: o.Logger, window: newWindow(o.Window)}
}

// DefaultPrefix is put in front of an event key to make the message key.
const DefaultPrefix = "pipeforce.event."

// Emit returns after the event is on disk (synced); the handling goes on by itself. An error means that
// nothing was accepted. A failure to publish is no error: the sweep publishes the event later.
func (m *Emitter) Emit(ctx context.Context, e event.Event, d event.Dedupe) (event.Accepted, error) {
	if e.Hops > m.hops {
		return event.Accepted{}, fault.New(fault.EventHops, "event %s is the end of a chain of %d events", e.Key, e.Hops).
			WithHint("look for pipelines that send the event they listen to, or raise engine.max_hops")
	}
	accepted, err := m.store.Accept(ctx, e, d)
	if err != nil || !accepted.Fresh {
		return accepted, err
	}
	m.hand(e)
	return accepted, nil
}

// hand publishes an event that was stored just now.
func (m *Emitter) hand(e event.Event) {
	if m.window.enter(e.ID, true) {
		m.publish(e.ID, m.messageKey(e), e.AppendJSON(nil))
	}
}

// messageKey is the key under which an event is a message.
func (m *Emitter) messageKey(e event.Event) string {
	if e.Message {
		return e.Key
	}
	return m.prefix + e.Key
}

// keptKey is messageKey for an event that comes from the store.
func (m *Emitter) keptKey(e store.Event) string {
	if bytes.Contains(e.Data, []byte(`"message":true`)) { // rarely, so that others need not be read
		if read, _, err := event.Unmarshal(e.Data); err == nil {
			return m.messageKey(read)
		}
	}
	return m.prefix + e.Key
}

// publish hands a tracked event to the broker; when that fails, the event is left to the sweep.
func (m *Emitter) publish(id, key string, data []byte) {
	msg := message.NewMessage(id, data)
	msg.Metadata[broker.MetaKey] = key
	msg.Metadata[broker.MetaID] = id
	if err := m.publisher.Publish(broker.Topic, msg); err != nil {
		m.window.leave(id)
		m.window.rescan()
		m.log.Warn("publishing an event; it stays in the store and is published later", "event_id", id, "error", err)
	}
}

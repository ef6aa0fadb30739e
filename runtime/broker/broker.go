// Package broker is the seam to what carries messages: one folder per implementation, each held to its
// promises by package brokertest, and one explicit list of what ships in package all.
//
// The store is the truth for accepted and finished events, so a broker may lose messages without
// losing events; it must not invent any. There is one topic and one consumer group for the whole
// runtime; the event key travels in the metadata.
package broker

import (
	"context"
	"log/slog"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Topic carries all events. Metadata names of a message.
const (
	Topic = "pipeforce.events"

	MetaKey = "key" // message key: the configured prefix and the event key
	MetaID  = "event_id"
)

// Broker is an open connection. Whoever opened it closes it.
type Broker interface {
	// Publisher gives the publisher. Publish returns after the broker has the message, in the sense
	// of Features.
	Publisher() message.Publisher
	// Subscriber gives one member of a consumer group; the members of a group share the messages
	// where Features.Groups is set, else each gets all.
	Subscriber(ctx context.Context, group string) (message.Subscriber, error)
	// Close stops all subscribers and releases everything. It may be called twice.
	Close() error
}

// Settings is a back end's own part of the configuration.
type Settings interface {
	// Decode fills the struct that into points to; unknown keys and wrong types are errors with
	// the key and its origin.
	Decode(into any) error
}

// Features are promises, printed by `pi doctor` and held by brokertest.
type Features struct {
	Groups     bool // members of a group share the messages
	Persistent bool // a message survives a restart of this process
	Ordered    bool // messages arrive in the order they were published
	Synced     bool // Publish returns after a sync to disk
	Shared     bool // other processes can publish and subscribe
}

// Backend is a kind of broker.
type Backend struct {
	Name     string // the value of the configuration key broker.type
	Summary  string
	Features Features
	// Open connects. Failures carry fault.BrokerUnavailable.
	Open func(ctx context.Context, s Settings, log *slog.Logger) (Broker, error)
}

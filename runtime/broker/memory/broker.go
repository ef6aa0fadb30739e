package memory

import (
	"context"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"

	"github.com/penstock/penstock/runtime/broker"
	"github.com/penstock/penstock/runtime/fault"
)

// Broker implements broker.Broker.
type Broker struct {
	channel *gochannel.GoChannel
	budget  budget
	close   func() error
	ctx     context.Context // ends when Close begins
	stop    context.CancelFunc
	members sync.WaitGroup // subscriptions of all members

	// mu is held for reading while something is published, so that the groups of a topic stay as they
	// were counted.
	mu     sync.RWMutex
	closed bool
	topics map[string]*topic
}

// topic is what is known of one topic.
type topic struct {
	groups map[string]<-chan *message.Message // the messages of each group
	early  []*message.Message                 // published before there was a group
}

var _ broker.Broker = (*Broker)(nil)

// New makes an empty broker. It starts no goroutine.
func New(s Settings) *Broker {
	if s.Messages <= 0 {
		s.Messages = 8192
	}
	if s.Bytes <= 0 {
		s.Bytes = 64 << 20
	}
	b := &Broker{
		channel: gochannel.NewGoChannel(gochannel.Config{}, nil),
		budget:  budget{mostMessages: s.Messages, mostBytes: s.Bytes},
		topics:  map[string]*topic{},
	}
	b.ctx, b.stop = context.WithCancel(context.Background())
	b.close = sync.OnceValue(b.shut)
	return b
}

// Publisher implements broker.Broker.
func (b *Broker) Publisher() message.Publisher { return publisher{b} }

// Subscriber implements broker.Broker.
func (b *Broker) Subscriber(_ context.Context, group string) (message.Subscriber, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closed {
		return nil, closedFault()
	}
	return newMember(b, group), nil
}

// Close implements broker.Broker. Messages that are not acknowledged are gone.
func (b *Broker) Close() error { return b.close() }

func (b *Broker) shut() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.stop()
	b.members.Wait()
	return b.channel.Close()
}

// join gives the messages of a group, which it makes when it is new. b.mu is held for writing.
func (b *Broker) join(name, group string) (<-chan *message.Message, error) {
	t := b.topic(name)
	if messages, ok := t.groups[group]; ok {
		return messages, nil
	}
	messages, err := b.channel.Subscribe(context.WithoutCancel(b.ctx), name)
	if err != nil {
		return nil, err
	}
	t.groups[group] = messages
	early := t.early
	t.early = nil
	return messages, b.channel.Publish(name, early...)
}

// topic gives a topic, which it makes when it is new. b.mu is held for writing.
func (b *Broker) topic(name string) *topic {
	t := b.topics[name]
	if t == nil {
		t = &topic{groups: map[string]<-chan *message.Message{}}
		b.topics[name] = t
	}
	return t
}

func closedFault() error { return fault.New(fault.BrokerUnavailable, "the broker is closed") }

package memory

import (
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/penstock/penstock/runtime/fault"
)

// publisher is the publishing side.
type publisher struct{ b *Broker }

// Publish takes all messages or none, and does not wait. The payloads are shared with the subscribers
// and must not be changed afterwards. Errors carry fault.BrokerUnavailable.
func (p publisher) Publish(name string, messages ...*message.Message) error {
	p.b.mu.RLock()
	t := p.b.topics[name]
	if t != nil && len(t.groups) > 0 || p.b.closed {
		defer p.b.mu.RUnlock()
		return p.b.send(name, t, messages)
	}
	p.b.mu.RUnlock()

	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	return p.b.send(name, p.b.topic(name), messages)
}

// Close does nothing: the broker is closed by who opened it.
func (publisher) Close() error { return nil }

// send needs b.mu: for writing while t has no group.
func (b *Broker) send(name string, t *topic, messages []*message.Message) error {
	if b.closed {
		return closedFault()
	}
	bytes := 0
	for _, m := range messages {
		bytes += len(m.Payload)
	}
	copies := max(len(t.groups), 1)
	if !b.budget.take(copies*len(messages), copies*bytes) {
		return fault.New(fault.BrokerUnavailable, "the broker holds as many unacknowledged messages as it may").
			WithHint("raise broker.memory.messages or broker.memory.bytes, or look why they are not handled").WithRetry(0)
	}
	if len(t.groups) == 0 {
		for _, m := range messages {
			t.early = append(t.early, m.Copy())
		}
		return nil
	}
	return b.channel.Publish(name, messages...)
}

// budget counts what is not acknowledged.
type budget struct {
	mostMessages, mostBytes int

	mu              sync.Mutex
	messages, bytes int
}

func (b *budget) take(messages, bytes int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.messages > 0 && (b.messages+messages > b.mostMessages || b.bytes+bytes > b.mostBytes) {
		return false
	}
	b.messages += messages
	b.bytes += bytes
	return true
}

func (b *budget) give(bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages--
	b.bytes -= bytes
}

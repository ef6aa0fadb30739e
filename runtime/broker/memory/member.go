package memory

import (
	"context"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
)

// member is one member of a group.
type member struct {
	b       *Broker
	group   string
	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
}

func newMember(b *Broker, group string) *member {
	m := &member{b: b, group: group}
	m.ctx, m.stop = context.WithCancel(b.ctx)
	return m
}

// Subscribe takes part in the group's share of a topic until ctx ends or the member is closed. The
// next message does not wait until the one before is acknowledged. A message's context ends with its
// acknowledgement or the subscription.
func (m *member) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	m.b.mu.Lock()
	defer m.b.mu.Unlock()
	if m.ctx.Err() != nil || m.b.closed {
		return nil, closedFault()
	}
	in, err := m.b.join(topic, m.group)
	if err != nil {
		return nil, err
	}
	s := &subscription{b: m.b, in: in, out: make(chan *message.Message)}
	ctx, stop := context.WithCancel(ctx)
	detach := context.AfterFunc(m.ctx, stop)
	m.running.Add(1)
	m.b.members.Go(func() {
		defer m.running.Done()
		defer detach()
		s.run(ctx, stop)
	})
	return s.out, nil
}

// SubscribeInitialize makes the group, so that messages wait for it from now on.
func (m *member) SubscribeInitialize(topic string) error {
	m.b.mu.Lock()
	defer m.b.mu.Unlock()
	if m.ctx.Err() != nil || m.b.closed {
		return closedFault()
	}
	_, err := m.b.join(topic, m.group)
	return err
}

// Close ends the member's subscriptions and gives its unacknowledged messages back to the group. It
// may be called twice.
func (m *member) Close() error {
	m.b.mu.Lock() // no subscription begins any more
	m.stop()
	m.b.mu.Unlock()
	m.running.Wait()
	return nil
}

// subscription passes a group's messages to one member.
type subscription struct {
	b       *Broker
	in      <-chan *message.Message
	out     chan *message.Message
	pending sync.WaitGroup // delivered and not acknowledged
}

func (s *subscription) run(ctx context.Context, stop context.CancelFunc) {
	defer close(s.out)
	defer s.pending.Wait()
	defer stop()
	for ctx.Err() == nil {
		select {
		case msg, ok := <-s.in:
			if !ok {
				return
			}
			s.deliver(ctx, msg)
		case <-ctx.Done():
		}
	}
}

// deliver hands a message out and sees to what becomes of it. A Nack makes GoChannel send it again.
func (s *subscription) deliver(ctx context.Context, msg *message.Message) {
	size := len(msg.Payload)
	its, done := context.WithCancel(ctx)
	msg.SetContext(its)
	select {
	case s.out <- msg:
	case <-ctx.Done():
		done()
		msg.Nack()
		return
	}
	s.pending.Go(func() {
		defer done()
		select {
		case <-msg.Acked():
			s.b.budget.give(size)
		case <-msg.Nacked():
		case <-ctx.Done():
			if !msg.Nack() { // acknowledged at the same moment
				s.b.budget.give(size)
			}
		}
	})
}

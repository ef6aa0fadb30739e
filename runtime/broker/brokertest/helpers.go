package brokertest

import (
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/penstock/penstock/runtime/broker"
)

// patience bounds every wait: it is against hangs only.
const patience = 30 * time.Second

// topic is a name of this test's own that every back end takes.
func topic() string { return "brokertest-" + watermill.NewShortUUID() }

func opened(t *testing.T, open func(t *testing.T) broker.Broker) broker.Broker {
	t.Helper()
	b := open(t)
	t.Cleanup(func() { closeAll(t, b) })
	return b
}

func subscriber(t *testing.T, b broker.Broker, group string) message.Subscriber {
	t.Helper()
	s, err := b.Subscriber(t.Context(), group)
	if err != nil {
		t.Fatalf("subscriber of %s: %v", group, err)
	}
	return s
}

func subscribe(t *testing.T, s message.Subscriber, topic string) <-chan *message.Message {
	t.Helper()
	messages, err := s.Subscribe(t.Context(), topic)
	if err != nil {
		t.Fatalf("subscribing: %v", err)
	}
	return messages
}

func publish(t *testing.T, b broker.Broker, topic string, n int) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for i := range n {
		m := message.NewMessage(watermill.NewUUID(), []byte(strconv.Itoa(i)))
		if err := b.Publisher().Publish(topic, m); err != nil {
			t.Fatalf("publishing: %v", err)
		}
		ids[m.UUID] = true
	}
	return ids
}

// receive gives the next message, not acknowledged.
func receive(t *testing.T, from <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case m, ok := <-from:
		if !ok {
			t.Fatal("the subscription ended")
		}
		return m
	case <-time.After(patience):
		t.Fatal("no message came")
	}
	return nil
}

// collect acknowledges what comes until each of the ids came.
func collect(t *testing.T, from <-chan *message.Message, ids map[string]bool) {
	t.Helper()
	missing := map[string]bool{}
	for id := range ids {
		missing[id] = true
	}
	for len(missing) > 0 {
		m := receive(t, from)
		if !ids[m.UUID] {
			t.Fatalf("message %s was never published", m.UUID)
		}
		delete(missing, m.UUID)
		m.Ack()
	}
}

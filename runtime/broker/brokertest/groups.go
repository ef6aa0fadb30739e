package brokertest

import (
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/penstock/penstock/runtime/broker"
)

// groups has two groups with several members: each message reaches one member of each group.
func groups(t *testing.T, f broker.Features, open func(t *testing.T) broker.Broker) {
	if !f.Groups {
		t.Skip("the back end has no groups")
	}
	b := opened(t, open)
	name := topic()
	const members, n = 3, 300
	merged := map[string]chan *message.Message{"one": make(chan *message.Message), "two": make(chan *message.Message)}
	for group, all := range merged {
		for range members {
			messages := subscribe(t, subscriber(t, b, group), name)
			go func() {
				for m := range messages {
					select {
					case all <- m:
					case <-t.Context().Done():
						return
					}
				}
			}()
		}
	}
	ids := publish(t, b, name, n)
	for group, all := range merged {
		seen := map[string]int{}
		for range n {
			m := receive(t, all)
			seen[m.UUID]++
			m.Ack()
		}
		for id := range ids {
			if seen[id] != 1 {
				t.Errorf("group %s got message %s %d times", group, id, seen[id])
			}
		}
		select {
		case m := <-all:
			t.Errorf("group %s got one message too many: %s", group, m.UUID)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// waiting leaves a group without members for a while.
func waiting(t *testing.T, f broker.Features, open func(t *testing.T) broker.Broker) {
	if !f.Groups {
		t.Skip("the back end has no groups")
	}
	b := opened(t, open)
	name := topic()
	first := subscriber(t, b, "group")
	subscribe(t, first, name)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	ids := publish(t, b, name, 50)
	collect(t, subscribe(t, subscriber(t, b, "group"), name), ids)
}

func givenBack(t *testing.T, f broker.Features, open func(t *testing.T) broker.Broker) {
	if !f.Groups {
		t.Skip("the back end has no groups")
	}
	b := opened(t, open)
	name := topic()
	first := subscriber(t, b, "group")
	messages := subscribe(t, first, name)
	ids := publish(t, b, name, 20)
	held := receive(t, messages)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-held.Context().Done():
	case <-time.After(patience):
		t.Error("the context of a message outlives its subscription")
	}
	collect(t, subscribe(t, subscriber(t, b, "group"), name), ids)
}

// newGroup subscribes a group that nobody knows yet: it works, and gets what is published from then on.
func newGroup(t *testing.T, _ broker.Features, open func(t *testing.T) broker.Broker) {
	b := opened(t, open)
	name := topic()
	known := subscribe(t, subscriber(t, b, "known"), name)
	collect(t, known, publish(t, b, name, 5))
	unknown := subscribe(t, subscriber(t, b, "unknown"), name)
	ids := publish(t, b, name, 5)
	collect(t, known, ids)
	missing := len(ids)
	for missing > 0 { // a back end may also replay what came before
		m := receive(t, unknown)
		if ids[m.UUID] {
			missing--
		}
		m.Ack()
	}
}

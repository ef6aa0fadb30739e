package brokertest

import (
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"go.uber.org/goleak"

	"github.com/penstock/penstock/runtime/broker"
)

// Run holds a back end to its promises. open opens an empty broker of its own for a back end inside
// the process, and one more connection to the same server for a shared one; it fails the test when it
// cannot. A broker takes at least 20,000 unacknowledged messages here.
func Run(t *testing.T, backend broker.Backend, open func(t *testing.T) broker.Broker) {
	t.Helper()
	if backend.Name == "" || backend.Summary == "" || backend.Open == nil {
		t.Error("the back end lacks its name, its summary or Open")
	}
	t.Run("watermill", func(t *testing.T) {
		t.Parallel()
		conform(t, backend.Features, open)
	})
	for _, c := range []struct {
		name string
		test func(t *testing.T, f broker.Features, open func(t *testing.T) broker.Broker)
	}{
		{"contents are kept exactly", contents},
		{"concurrent publishers", concurrentPublishers},
		{"members share, groups do not", groups},
		{"messages wait for a group without members", waiting},
		{"a closing member gives back what it did not acknowledge", givenBack},
		{"a new group", newGroup},
		{"close while busy", closeBusy},
		{"after close", afterClose},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, backend.Features, open)
		})
	}
}

// Main runs the tests of a back end's package and fails when a goroutine is left of what they closed.
// Call it from TestMain.
func Main(m *testing.M) { goleak.VerifyTestMain(m) }

// conform runs Watermill's suite. It closes what it gets and opens it again to see what lasts. A shared
// back end gets a new connection each time; one inside the process, a view of the one broker of the test.
func conform(t *testing.T, f broker.Features, open func(t *testing.T) broker.Broker) {
	t.Helper()
	c := connector{open: open, shared: f.Shared, brokers: map[*testing.T]broker.Broker{}}
	tests.TestPubSub(t, tests.Features{
		ConsumerGroups:                      f.Groups,
		GuaranteedOrder:                     f.Ordered,
		GuaranteedOrderWithSingleSubscriber: f.Ordered,
		Persistent:                          true, // as long as the broker or its server lives
		RequireSingleInstance:               !f.Groups,
	}, c.connect, c.connectGroup)
}

type connector struct {
	open   func(t *testing.T) broker.Broker
	shared bool

	mu      sync.Mutex
	brokers map[*testing.T]broker.Broker
}

func (c *connector) connect(t *testing.T) (message.Publisher, message.Subscriber) {
	t.Helper()
	return c.connectGroup(t, "group")
}

func (c *connector) connectGroup(t *testing.T, group string) (message.Publisher, message.Subscriber) {
	t.Helper()
	b := c.broker(t)
	s, err := b.Subscriber(t.Context(), group)
	if err != nil {
		t.Fatalf("subscriber: %v", err)
	}
	if !c.shared {
		return b.Publisher(), s
	}
	return b.Publisher(), closer{s, b}
}

func (c *connector) broker(t *testing.T) broker.Broker {
	t.Helper()
	if c.shared {
		return c.open(t)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.brokers[t]
	if b == nil {
		b = c.open(t)
		c.brokers[t] = b
		t.Cleanup(func() { closeAll(t, b) })
	}
	return b
}

// closer closes a connection with its subscriber.
type closer struct {
	message.Subscriber
	b broker.Broker
}

func (c closer) Close() error {
	if err := c.Subscriber.Close(); err != nil {
		return err
	}
	return c.b.Close()
}

// SubscribeInitialize passes on what the embedded interface hides.
func (c closer) SubscribeInitialize(topic string) error {
	if i, ok := c.Subscriber.(message.SubscribeInitializer); ok {
		return i.SubscribeInitialize(topic)
	}
	return nil
}

func closeAll(t *testing.T, brokers ...broker.Broker) {
	t.Helper()
	for _, b := range brokers {
		if err := b.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
}

package brokertest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/penstock/penstock/runtime/broker"
)

// closeBusy closes a broker while publishers publish and a member handles: nothing may hang or panic, and every
// channel is closed.
func closeBusy(t *testing.T, _ broker.Features, open func(t *testing.T) broker.Broker) {
	b := open(t)
	name := topic()
	var handled atomic.Int64
	var group sync.WaitGroup
	for range 3 {
		messages := subscribe(t, subscriber(t, b, "group"), name)
		group.Go(func() {
			for m := range messages {
				if handled.Add(1)%3 != 0 { // some are never acknowledged
					m.Ack()
				}
			}
		})
	}
	for range 8 {
		group.Go(func() {
			for b.Publisher().Publish(name, message.NewMessage(watermill.NewUUID(), []byte("x"))) == nil {
			}
		})
	}
	for deadline := time.Now().Add(patience); handled.Load() < 100; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was handled")
		}
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		closeAll(t, b, b)
		group.Wait()
	}()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Fatal("Close, a publisher or a subscription hangs")
	}
}

func afterClose(t *testing.T, _ broker.Features, open func(t *testing.T) broker.Broker) {
	b := open(t)
	name := topic()
	s := subscriber(t, b, "group")
	messages := subscribe(t, s, name)
	publish(t, b, name, 3) // not acknowledged
	p := b.Publisher()
	closeAll(t, b, b)
	for range messages { // what was on its way may still come, then the channel is closed
	}
	if err := p.Publish(name, message.NewMessage(watermill.NewUUID(), nil)); err == nil {
		t.Error("publishing after Close gave no error")
	}
	if _, err := s.Subscribe(t.Context(), name); err == nil {
		t.Error("subscribing after Close gave no error")
	}
	if _, err := b.Subscriber(t.Context(), "group"); err == nil {
		t.Error("a subscriber after Close gave no error")
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing the subscriber after its broker: %v", err)
	}
}

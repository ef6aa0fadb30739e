package brokertest

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/broker"
)

func contents(t *testing.T, _ broker.Features, open func(t *testing.T) broker.Broker) {
	b := opened(t, open)
	name := topic()
	s := subscriber(t, b, "group")
	messages := subscribe(t, s, name)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	large := make([]byte, 1<<20)
	for i := range large {
		large[i] = byte(rand.Uint32())
	}
	for _, c := range []struct {
		name     string
		payload  []byte
		metadata message.Metadata
	}{
		{"an event", []byte(`{"id":"é"}`), message.Metadata{broker.MetaKey: "pipeforce.event.webhook.a", broker.MetaID: "0190-x"}},
		{"every byte", every, nil},
		{"a mebibyte", large, nil},
		{"text in metadata", []byte("x"), message.Metadata{"a": "ü ß € 漢 \"quoted\"", "long": strings.Repeat("v", 4000), "empty": ""}},
	} {
		m := message.NewMessage(watermill.NewUUID(), bytes.Clone(c.payload))
		for k, v := range c.metadata {
			m.Metadata[k] = v
		}
		if err := b.Publisher().Publish(name, m); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got := receive(t, messages)
		if got.UUID != m.UUID || !bytes.Equal(got.Payload, c.payload) {
			t.Errorf("%s: the payload came back with %d bytes, want %d unchanged", c.name, len(got.Payload), len(c.payload))
		}
		for k, v := range c.metadata {
			if diff := cmp.Diff(v, got.Metadata[k]); diff != "" {
				t.Errorf("%s: metadata %s: %s", c.name, k, diff)
			}
		}
		got.Ack()
	}
}

func concurrentPublishers(t *testing.T, _ broker.Features, open func(t *testing.T) broker.Broker) {
	b := opened(t, open)
	name := topic()
	messages := subscribe(t, subscriber(t, b, "group"), name)
	const publishers, each = 32, 50
	sets := make([]map[string]bool, publishers)
	var group sync.WaitGroup
	for i := range sets {
		group.Go(func() { sets[i] = publish(t, b, name, each) })
	}
	group.Wait()
	all := map[string]bool{}
	for _, set := range sets {
		for id := range set {
			all[id] = true
		}
	}
	if len(all) != publishers*each {
		t.Fatalf("%d messages published, want %d", len(all), publishers*each)
	}
	collect(t, messages, all)
}

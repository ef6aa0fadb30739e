package memory_test

import (
	"errors"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/penstock/penstock/runtime/broker"
	"github.com/penstock/penstock/runtime/broker/brokertest"
	"github.com/penstock/penstock/runtime/broker/memory"
	"github.com/penstock/penstock/runtime/fault"
)

func TestMain(m *testing.M) { brokertest.Main(m) }

// settings stands for the configuration.
type settings func(into *memory.Settings) error

func (s settings) Decode(into any) error {
	m, ok := into.(*memory.Settings)
	if !ok {
		return errors.New("decoded into something else")
	}
	return s(m)
}

func open(t testing.TB, s memory.Settings) broker.Broker {
	t.Helper()
	b, err := memory.Backend().Open(t.Context(), settings(func(into *memory.Settings) error { *into = s; return nil }), nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBroker(t *testing.T) {
	t.Parallel()
	brokertest.Run(t, memory.Backend(), func(t *testing.T) broker.Broker {
		t.Helper()
		return open(t, memory.Settings{Messages: 20_000})
	})
}

func TestOpening(t *testing.T) {
	t.Parallel()
	wrong := errors.New("wrong settings")
	if _, err := memory.Backend().Open(t.Context(), settings(func(*memory.Settings) error { return wrong }), nil); !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
	b, err := memory.Backend().Open(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func newMessage(bytes int) *message.Message {
	return message.NewMessage(watermill.NewUUID(), make([]byte, bytes))
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		settings memory.Settings
		groups   int
		bytes    int // of each message
		want     int // messages that pass
	}{
		{"messages", memory.Settings{Messages: 100}, 1, 1, 100},
		{"messages of several groups", memory.Settings{Messages: 100}, 2, 1, 50},
		{"without a group", memory.Settings{Messages: 100}, 0, 1, 100},
		{"bytes", memory.Settings{Bytes: 1000}, 1, 99, 10},
		{"one large message", memory.Settings{Bytes: 1000}, 1, 5000, 1},
		{"default", memory.Settings{}, 1, 1, 8192},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := open(t, c.settings)
			defer b.Close()
			var messages <-chan *message.Message
			for i := range c.groups {
				s, err := b.Subscriber(t.Context(), strconv.Itoa(i))
				if err != nil {
					t.Fatal(err)
				}
				if messages, err = s.Subscribe(t.Context(), "t"); err != nil {
					t.Fatal(err)
				}
			}
			passed := 0
			var err error
			for ; err == nil && passed <= c.want; passed++ {
				err = b.Publisher().Publish("t", newMessage(c.bytes))
			}
			passed-- // the refused one
			if retry, _ := fault.Retryable(err); passed != c.want || fault.CodeOf(err) != fault.BrokerUnavailable || !retry {
				t.Fatalf("%d messages passed, then %v; want %d", passed, err, c.want)
			}
			if c.groups != 1 {
				return
			}
			m := <-messages
			m.Nack() // does not make room: it comes again
			if err := b.Publisher().Publish("t", newMessage(c.bytes)); err == nil {
				t.Error("a Nack made room")
			}
			for range c.want {
				(<-messages).Ack()
			}
			for deadline := time.Now().Add(10 * time.Second); b.Publisher().Publish("t", newMessage(c.bytes)) != nil; runtime.Gosched() {
				if time.Now().After(deadline) {
					t.Fatal("acknowledging made no room")
				}
			}
		})
	}
}

func BenchmarkPublishAndAck(b *testing.B) {
	broker := open(b, memory.Settings{})
	defer broker.Close()
	s, err := broker.Subscriber(b.Context(), "g")
	if err != nil {
		b.Fatal(err)
	}
	messages, err := s.Subscribe(b.Context(), "t")
	if err != nil {
		b.Fatal(err)
	}
	m := newMessage(1024)
	m.Metadata["key"] = "pipeforce.event.webhook.a"
	b.ReportAllocs()
	for b.Loop() {
		if err := broker.Publisher().Publish("t", m); err != nil {
			b.Fatal(err)
		}
		(<-messages).Ack()
	}
}

// BenchmarkPending shows what a message costs while it waits.
func BenchmarkPending(b *testing.B) {
	const n = 8000
	var total uint64
	for b.Loop() {
		before := inUse()
		broker := open(b, memory.Settings{})
		s, err := broker.Subscriber(b.Context(), "g")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Subscribe(b.Context(), "t"); err != nil {
			b.Fatal(err)
		}
		for range n {
			if err := broker.Publisher().Publish("t", newMessage(0)); err != nil {
				b.Fatal(err)
			}
		}
		total += inUse() - before
		broker.Close()
	}
	b.ReportMetric(float64(total)/n/float64(b.N), "B/message")
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

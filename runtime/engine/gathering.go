package engine

import (
	"sync"
	"time"

	"github.com/penstock/penstock/runtime/trigger"
)

// batches gathers events, by pipeline. It may be used from many goroutines.
type batches struct {
	mu     sync.Mutex
	byName map[string]*gathering
	wake   chan struct{} // capacity 1: there is a batch that can be due first
}

// gathering is what one pipeline has of its next batch.
type gathering struct {
	members []member
	bytes   int
	due     time.Time
	ids     map[string]bool // also of batches that are being stored
}

// member is an event that waits for its batch.
type member struct {
	id, key, trace string
	hops           int
	shared         bool   // other pipelines have to do with it too
	body           []byte // JSON text
}

func newBatches() *batches {
	return &batches{byName: map[string]*gathering{}, wake: make(chan struct{}, 1)}
}

// add takes a member, if it is not here already, and gives the batches that are full now.
func (b *batches) add(name string, limits *trigger.Batch, m member, now time.Time) (full [][]member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.byName[name]
	if g == nil {
		g = &gathering{ids: map[string]bool{}}
		b.byName[name] = g
	}
	if g.ids[m.id] {
		return nil
	}
	g.ids[m.id] = true
	if len(g.members) > 0 && g.bytes+len(m.body) > limits.Bytes {
		full = append(full, g.take())
	}
	if len(g.members) == 0 {
		g.due = now.Add(limits.Wait)
		b.signal()
	}
	g.members, g.bytes = append(g.members, m), g.bytes+len(m.body)
	if limits.Items > 0 && len(g.members) >= limits.Items || g.bytes >= limits.Bytes {
		full = append(full, g.take())
	}
	return full
}

func (g *gathering) take() []member {
	out := g.members
	g.members, g.bytes = nil, 0
	return out
}

// due gives the batches that wait no longer, and how long the next one does; negative when there is none.
func (b *batches) due(now time.Time) (full map[string][]member, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	full, wait = map[string][]member{}, -1
	for name, g := range b.byName {
		left := g.due.Sub(now)
		switch {
		case len(g.members) == 0:
		case left <= 0:
			full[name] = g.take()
		case wait < 0 || left < wait:
			wait = left
		}
	}
	return full, wait
}

// takeAll empties what a pipeline gathered.
func (b *batches) takeAll(name string) []member {
	b.mu.Lock()
	defer b.mu.Unlock()
	if g := b.byName[name]; g != nil {
		return g.take()
	}
	return nil
}

func (b *batches) names() (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name := range b.byName {
		out = append(out, name)
	}
	return out
}

// forget ends the care for members: they are stored, or handled anew.
func (b *batches) forget(name string, members []member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.byName[name]
	if g == nil {
		return
	}
	for _, m := range members {
		delete(g.ids, m.id)
	}
	if len(g.ids) == 0 {
		delete(b.byName, name)
	}
}

func (b *batches) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

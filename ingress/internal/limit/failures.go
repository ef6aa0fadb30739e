package limit

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Failures counts the refusals of callers. Each caller has a number of them, which come back one by one. The
// table has a fixed size: when there is no room, the caller whose failures are the soonest
// forgotten makes place, so a flood of new callers cannot wash out one who is used up while others are not.
type Failures struct {
	count    int64
	interval int64 // nanoseconds after which one failure is given back
	pause    int64 // nanoseconds between two probes
	seed     maphash.Seed
	used     atomic.Bool // something was ever counted
	shards   [shards]shard
}

const (
	shards = 64
	sets   = 128 // in one shard
	ways   = 8   // callers in one set
)

// Capacity is how many callers are known at most; each takes 32 bytes.
const Capacity = shards * sets * ways

type shard struct {
	mu   sync.Mutex
	sets *[sets][ways]caller // nil until the first failure
}

// caller is one row. Times are Unix nanoseconds; a row whose free time is past is as good as empty.
type caller struct {
	key   uint64
	free  int64 // when all failures are given back
	probe int64 // when the next probe is allowed
	told  bool  // that nothing is left
}

// Key names a caller.
type Key uint64

// NewFailures makes a table for count failures, of which one is given back after each refill. A caller who
// used them up is judged at most probes times a second.
func NewFailures(count int, refill time.Duration, probes int) *Failures {
	const longest = 1 << 61 // nanoseconds; with the time of day it must fit into 64 bits
	interval := int64(max(1, refill))
	return &Failures{
		count: min(int64(max(1, count)), longest/interval), interval: interval,
		pause: int64(time.Second) / int64(max(1, probes)), seed: maphash.MakeSeed(),
	}
}

// Key gives the name of an address within a scope, such as a webhook. The addresses of one IPv6 network of
// 64 bits are one, and so are an IPv4 address and its form in IPv6.
func (f *Failures) Key(addr netip.Addr, scope string) Key {
	var text [16 + 64]byte
	a := Network(addr).As16()
	return Key(maphash.Bytes(f.seed, append(append(text[:0], a[:]...), scope...)))
}

// Network gives what counts as one address: an IPv4 address, or the /64 of an IPv6 one.
func Network(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}

// May reports whether the caller's request is worth a look: failures are left, or it is time for a probe.
// It is asked before expensive work. A probe lets a good caller through who shares his address with a bad
// one.
func (f *Failures) May(k Key, now time.Time) bool {
	if !f.used.Load() {
		return true
	}
	at := now.UnixNano()
	s := &f.shards[k%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(k)
	if c == nil || f.left(c, at) {
		return true
	}
	if c.probe > at && c.probe-at <= f.pause { // a clock that was set back ends the pause
		return false
	}
	c.probe = at + f.pause
	return true
}

// Fail counts a failure. left reports whether there was one left; first, whether this is the first time
// since then that there is none.
func (f *Failures) Fail(k Key, now time.Time) (left, first bool) {
	f.used.Store(true)
	at := now.UnixNano()
	s := &f.shards[k%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(k)
	if c == nil {
		c = s.place(k)
	}
	if c.free > at+f.count*f.interval {
		c.free = at + f.count*f.interval // the clock was set back
	}
	if f.left(c, at) {
		c.free = max(c.free, at) + f.interval
		c.told = false
		return true, false
	}
	first = !c.told
	c.told = true
	return false, first
}

// left reports whether one more failure fits: with it, count of them must be given back in time.
func (f *Failures) left(c *caller, at int64) bool {
	return c.free-at <= (f.count-1)*f.interval
}

func (s *shard) set(k Key) *[ways]caller { return &s.sets[uint64(k)/shards%sets] }

func (s *shard) find(k Key) *caller {
	if s.sets == nil {
		return nil
	}
	set := s.set(k)
	for i := range set {
		if set[i].key == uint64(k) {
			return &set[i]
		}
	}
	return nil
}

// place gives a row for a new caller.
func (s *shard) place(k Key) *caller {
	if s.sets == nil {
		s.sets = new([sets][ways]caller)
	}
	set := s.set(k)
	oldest := &set[0]
	for i := range set {
		if set[i].free < oldest.free {
			oldest = &set[i]
		}
	}
	*oldest = caller{key: uint64(k)}
	return oldest
}

package ingress

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// budget counts the refusals of each address in a token bucket. Its memory is bounded: a shard that is
// full forgets all its addresses, which then begin anew.
type budget struct {
	size   float64
	refill time.Duration
	seed   maphash.Seed
	shards [budgetShards]budgetShard
}

const (
	budgetShards    = 64
	budgetAddresses = 1024 // in one shard
)

type budgetShard struct {
	mu      sync.Mutex
	buckets map[netip.Addr]bucket
}

type bucket struct {
	left float64
	at   time.Time
	told bool // that nothing is left
}

func newBudget(size int, refill time.Duration) *budget {
	return &budget{size: float64(size), refill: refill, seed: maphash.MakeSeed()}
}

// take uses up one refusal of the address. left reports whether there was one; first, whether this is
// the first time since then that there is none.
func (b *budget) take(addr netip.Addr, now time.Time) (left, first bool) {
	addr = addr.Unmap()
	if addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			addr = p.Addr()
		}
	}
	shard := &b.shards[maphash.Comparable(b.seed, addr)%budgetShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	k, known := shard.buckets[addr]
	if !known {
		if shard.buckets == nil || len(shard.buckets) >= budgetAddresses {
			shard.buckets = make(map[netip.Addr]bucket)
		}
		k = bucket{left: b.size, at: now}
	}
	if d := now.Sub(k.at); d > 0 {
		k.left = min(b.size, k.left+float64(d)/float64(b.refill))
		k.at = now
	}
	if left = k.left >= 1; left {
		k.left--
		k.told = false
	} else {
		first = !k.told
		k.told = true
	}
	shard.buckets[addr] = k
	return left, first
}

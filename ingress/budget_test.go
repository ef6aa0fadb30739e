package ingress

import (
	"net/netip"
	"runtime"
	"testing"
	"time"
)

func TestBudgetMemoryIsBounded(t *testing.T) {
	b := newBudget(20, 10*time.Second)
	now := time.Unix(1_700_000_000, 0)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var a [16]byte
	a[0] = 0x20
	for i := range 1_000_000 {
		a[1], a[2], a[3], a[4] = byte(i>>24), byte(i>>16), byte(i>>8), byte(i)
		b.take(netip.AddrFrom16(a), now)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	known := 0
	for i := range b.shards {
		known += len(b.shards[i].buckets)
	}
	if known > budgetShards*budgetAddresses {
		t.Errorf("%d addresses are kept", known)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

func TestBudgetTakesOneNetworkAsOne(t *testing.T) {
	t.Parallel()
	b := newBudget(20, 10*time.Second)
	now := time.Unix(1_700_000_000, 0)
	base := netip.MustParseAddr("2001:db8:1:2::").As16()
	left := 0
	for i := range 10_000 {
		base[14], base[15] = byte(i>>8), byte(i)
		if ok, _ := b.take(netip.AddrFrom16(base), now); ok {
			left++
		}
	}
	if left != 20 {
		t.Errorf("%d refusals for one /64, want 20", left)
	}
	v4 := netip.MustParseAddr("192.0.2.1")
	for range 20 {
		b.take(v4, now)
	}
	if ok, _ := b.take(netip.MustParseAddr("::ffff:192.0.2.1"), now); ok {
		t.Error("an address written as IPv6 got a new budget")
	}
	if ok, _ := b.take(netip.MustParseAddr("192.0.2.2"), now); !ok {
		t.Error("the neighbour of an IPv4 address shares its budget")
	}
}

func BenchmarkBudget(b *testing.B) {
	k := newBudget(20, 10*time.Second)
	now := time.Unix(1_700_000_000, 0)
	addr := netip.MustParseAddr("192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		k.take(addr, now)
	}
}

package limit_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock/penstock/ingress/internal/limit"
)

var noon = time.Unix(1_700_000_000, 0)

func address(i int) netip.Addr {
	var a [16]byte
	a[0], a[1], a[2], a[3], a[4] = 0x20, byte(i>>24), byte(i>>16), byte(i>>8), byte(i)
	return netip.AddrFrom16(a)
}

// TestFailuresMemoryIsBounded: a million addresses cost no more than the table, and do not wash out the one
// that is used up.
func TestFailuresMemoryIsBounded(t *testing.T) {
	f := limit.NewFailures(20, 3*time.Second, 10)
	bad := f.Key(netip.MustParseAddr("192.0.2.1"), "")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 20 {
		f.Fail(bad, noon)
	}
	for i := range 1_000_000 {
		f.Fail(f.Key(address(i), ""), noon)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	if grown > 64*limit.Capacity {
		t.Errorf("the heap grew by %d KiB, want at most 64 bytes for each of %d callers", grown>>10, limit.Capacity)
	}
	if left, _ := f.Fail(bad, noon); left {
		t.Error("a flood of other addresses gave the bad one new failures")
	}
	t.Logf("1,000,000 addresses: the heap grew by %d KiB", grown>>10)
	runtime.KeepAlive(f)
}

func TestFailuresTakeOneNetworkAsOne(t *testing.T) {
	t.Parallel()
	f := limit.NewFailures(20, 3*time.Second, 10)
	base := netip.MustParseAddr("2001:db8:1:2::").As16()
	left := 0
	for i := range 10_000 {
		base[14], base[15] = byte(i>>8), byte(i)
		if ok, _ := f.Fail(f.Key(netip.AddrFrom16(base), "w"), noon); ok {
			left++
		}
	}
	if left != 20 {
		t.Errorf("%d failures for one /64, want 20", left)
	}
	v4, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for range 20 {
		f.Fail(f.Key(v4, ""), noon)
	}
	if ok, _ := f.Fail(f.Key(netip.MustParseAddr("::ffff:192.0.2.1"), ""), noon); ok {
		t.Error("an address written as IPv6 got new failures")
	}
	for name, k := range map[string]limit.Key{"neighbour": f.Key(other, ""), "another scope": f.Key(v4, "w")} {
		if ok, _ := f.Fail(k, noon); !ok {
			t.Errorf("%s: shares the failures", name)
		}
	}
}

func TestFailuresWithoutEnd(t *testing.T) {
	t.Parallel()
	f := limit.NewFailures(1<<40, 24*time.Hour, 10)
	k := f.Key(netip.MustParseAddr("192.0.2.1"), "")
	for range 1000 {
		if left, _ := f.Fail(k, noon); !left || !f.May(k, noon) {
			t.Fatal("a huge number of failures is used up")
		}
	}
}

func TestFailuresComeBack(t *testing.T) {
	t.Parallel()
	f := limit.NewFailures(20, 3*time.Second, 10)
	k := f.Key(netip.MustParseAddr("192.0.2.1"), "")
	fail := func(now time.Time, wantLeft, wantFirst bool) {
		t.Helper()
		if left, first := f.Fail(k, now); left != wantLeft || first != wantFirst {
			t.Errorf("%v: left %v, first %v, want %v, %v", now.Sub(noon), left, first, wantLeft, wantFirst)
		}
	}
	if !f.May(k, noon) {
		t.Error("a stranger may not")
	}
	for range 20 {
		fail(noon, true, false)
	}
	fail(noon, false, true)
	fail(noon, false, false)
	fail(noon.Add(2999*time.Millisecond), false, false)
	fail(noon.Add(3*time.Second), true, false)
	fail(noon.Add(3*time.Second), false, true)
	// A clock that was set back far does not hold anybody for ever.
	early := noon.Add(-time.Hour)
	fail(early, false, false)
	fail(early.Add(3*time.Second), true, false)
}

// TestProbes: who used up his failures is judged ten times a second, no more.
func TestProbes(t *testing.T) {
	t.Parallel()
	f := limit.NewFailures(2, time.Hour, 10)
	k := f.Key(netip.MustParseAddr("192.0.2.1"), "")
	for range 3 {
		f.Fail(k, noon)
	}
	judged := 0
	for ms := range 1000 {
		for range 5 {
			if f.May(k, noon.Add(time.Duration(ms)*time.Millisecond)) {
				judged++
			}
		}
	}
	if judged != 10 {
		t.Errorf("%d of 5,000 requests of one second are judged, want 10", judged)
	}
	if !f.May(k, noon.Add(-time.Hour)) {
		t.Error("a clock that was set back holds the caller")
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		perSecond float64
		burst     int
		want      int // of 1,000 calls in a second
	}{
		"ten a second":         {10, 1, 10},
		"with a burst":         {10, 5, 14},
		"burst of a second":    {10, 0, 19},
		"one in a minute":      {1.0 / 60, 0, 1},
		"more than there are":  {1e12, 0, 1000},
		"huge burst":           {0.001, 1 << 40, 1000},
		"slower than the slow": {1e-30, 0, 1},
		"no limit":             {0, 7, 1000},
	} {
		r := limit.NewRate(c.perSecond, c.burst)
		got := 0
		for i := range 1000 {
			if r.Take(noon.Add(time.Duration(i)*time.Millisecond)) == 0 {
				got++
			}
		}
		if got != c.want {
			t.Errorf("%s: %d calls taken, want %d", name, got, c.want)
		}
	}
	r := limit.NewRate(10, 1)
	r.Take(noon)
	if wait := r.Take(noon); wait != 100*time.Millisecond {
		t.Errorf("wait %v", wait)
	}
	r.Return()
	if wait := r.Take(noon); wait != 0 {
		t.Errorf("wait %v after a call was given back", wait)
	}
}

func TestRateFromManyGoroutines(t *testing.T) {
	t.Parallel()
	r := limit.NewRate(1, 100)
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				if r.Take(noon) == 0 {
					taken.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if taken.Load() != 100 {
		t.Errorf("%d taken, want 100", taken.Load())
	}
}

func BenchmarkMay(b *testing.B) {
	for _, known := range []bool{false, true} {
		b.Run(fmt.Sprintf("failures=%v", known), func(b *testing.B) {
			f := limit.NewFailures(20, 3*time.Second, 10)
			addr := netip.MustParseAddr("192.0.2.1")
			if known {
				f.Fail(f.Key(addr, "w"), noon)
			}
			b.ReportAllocs()
			for b.Loop() {
				f.May(f.Key(addr, "w"), noon)
			}
		})
	}
}

func BenchmarkFail(b *testing.B) {
	f := limit.NewFailures(20, 3*time.Second, 10)
	k := f.Key(netip.MustParseAddr("192.0.2.1"), "")
	b.ReportAllocs()
	for b.Loop() {
		f.Fail(k, noon)
	}
}

func BenchmarkRate(b *testing.B) {
	r := limit.NewRate(1e9, 0)
	b.ReportAllocs()
	for b.Loop() {
		r.Take(noon)
	}
}

package netlist_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress/verify/netlist"
)

func parse(tb testing.TB, texts ...string) netlist.List {
	tb.Helper()
	l, err := netlist.Parse(texts)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func TestContains(t *testing.T) {
	t.Parallel()
	l := parse(t, "192.0.2.0/24", "198.51.100.7", "192.0.3.0/25", "2001:db8::/32", "::ffff:203.0.113.0/120", "10.0.0.0/8", "10.2.0.0/16")
	for addr, want := range map[string]bool{
		"192.0.2.0": true, "192.0.2.255": true, "192.0.1.255": false,
		"192.0.3.0": true, "192.0.3.127": true, "192.0.3.128": false,
		"198.51.100.7": true, "198.51.100.6": false, "198.51.100.8": false,
		"10.0.0.0": true, "10.255.255.255": true, "11.0.0.0": false, "9.255.255.255": false,
		"203.0.113.9": true, "::ffff:203.0.113.9": true, "::ffff:192.0.2.1": true, "::ffff:203.0.114.0": false,
		"2001:db8::": true, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff": true, "2001:db9::": false, "2001:db7:ffff::": false,
		"2001:db8::1%eth0": true, "::": false, "0.0.0.0": false, "::1": false,
	} {
		if got := l.Contains(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
	if l.Contains(netip.Addr{}) || (netlist.List{}).Contains(netip.MustParseAddr("192.0.2.1")) {
		t.Error("the zero address or the zero list")
	}
	if !(netlist.List{}).Empty() || l.Empty() {
		t.Error("empty")
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":               "is no address",
		"localhost":      "is no address",
		"192.0.2":        "is no address",
		"192.0.2.01":     "is no address",
		"fe80::1%eth0":   "is no address",
		"@github":        "is no address",
		"192.0.2.0/33":   "is no network",
		"192.0.2.0/":     "is no network",
		"192.0.2.0/08":   "is no network",
		"fe80::%eth0/64": "is no network",
		"10.0.0.1/8":     "has bits behind its mask; write 10.0.0.0/8",
		"2001:db8::1/64": "write 2001:db8::/64",
		"::ffff:0:0/95":  "half IPv4",
		" 192.0.2.1":     "is no address",
	} {
		if _, err := netlist.Parse([]string{"192.0.2.1", text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestEverybody(t *testing.T) {
	t.Parallel()
	for _, texts := range [][]string{{"0.0.0.0/0"}, {"::/0"}, {"0.0.0.0/1", "128.0.0.0/1"}, {"::ffff:0.0.0.0/96"}} {
		if !parse(t, texts...).Everybody() {
			t.Errorf("%v does not hold everybody", texts)
		}
	}
	if parse(t, "0.0.0.0/1", "::/1").Everybody() || (netlist.List{}).Everybody() {
		t.Error("half is everybody")
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	l := netlist.Of(netip.MustParsePrefix("10.1.2.3/8"), netip.Prefix{})
	if !l.Contains(netip.MustParseAddr("10.9.9.9")) || l.Contains(netip.MustParseAddr("11.0.0.1")) {
		t.Error("a network with bits behind its mask")
	}
}

func TestGroup(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"192.0.2.7":                 "192.0.2.7",
		"::ffff:192.0.2.7":          "192.0.2.7",
		"2001:db8:1:2:3:4:5:6":      "2001:db8:1:2::",
		"2001:db8:1:2:ffff::1%eth0": "2001:db8:1:2::",
	} {
		if got := netlist.Group(netip.MustParseAddr(addr)); got.String() != want {
			t.Errorf("%s: %s", addr, got)
		}
	}
}

func BenchmarkContains(b *testing.B) {
	lists, err := netlist.Load()
	if err != nil {
		b.Fatal(err)
	}
	l, err := lists.Parse([]string{"@stripe", "@github", "@paddle", "@pagerduty"})
	if err != nil {
		b.Fatal(err)
	}
	addr := netip.MustParseAddr("54.187.216.72")
	b.ReportAllocs()
	for b.Loop() {
		if !l.Contains(addr) {
			b.Fatal("not found")
		}
	}
}

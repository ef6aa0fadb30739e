package netlist_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress/verify/netlist"
)

func TestClient(t *testing.T) {
	t.Parallel()
	trusted := parse(t, "10.0.0.0/8", "fd00::/8")
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string
		ok        bool
	}{
		"direct":                          {"192.0.2.1", nil, "192.0.2.1", true},
		"direct with a spoofed field":     {"192.0.2.1", []string{"10.0.0.1"}, "192.0.2.1", true},
		"direct with two spoofed fields":  {"192.0.2.1", []string{"x", "y"}, "192.0.2.1", true},
		"mapped peer":                     {"::ffff:192.0.2.1", nil, "192.0.2.1", true},
		"proxy without the field":         {"10.0.0.1", nil, "10.0.0.1", true},
		"one proxy":                       {"10.0.0.1", []string{"192.0.2.1"}, "192.0.2.1", true},
		"mapped proxy":                    {"::ffff:10.0.0.1", []string{"192.0.2.1"}, "192.0.2.1", true},
		"two proxies":                     {"10.0.0.1", []string{"192.0.2.1, 10.0.0.2"}, "192.0.2.1", true},
		"caller wrote to the left":        {"10.0.0.1", []string{"203.0.113.9, 192.0.2.1"}, "192.0.2.1", true},
		"caller wrote a proxy's address":  {"10.0.0.1", []string{"10.0.0.3, 192.0.2.1"}, "192.0.2.1", true},
		"caller wrote something else":     {"10.0.0.1", []string{"<script>, 192.0.2.1"}, "192.0.2.1", true},
		"all hops are trusted":            {"10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3", true},
		"IPv6":                            {"fd00::1", []string{"2001:db8::7"}, "2001:db8::7", true},
		"mapped hop":                      {"10.0.0.1", []string{"::ffff:192.0.2.1"}, "192.0.2.1", true},
		"mapped trusted hop":              {"10.0.0.1", []string{"192.0.2.1, ::ffff:10.0.0.2"}, "192.0.2.1", true},
		"with a port":                     {"10.0.0.1", []string{"192.0.2.1:4711"}, "192.0.2.1", true},
		"IPv6 with a port":                {"10.0.0.1", []string{"[2001:db8::7]:4711"}, "2001:db8::7", true},
		"tabs and spaces":                 {"10.0.0.1", []string{" 192.0.2.1 ,\t10.0.0.2\t"}, "192.0.2.1", true},
		"field twice":                     {"10.0.0.1", []string{"192.0.2.1", "192.0.2.1"}, "10.0.0.1", false},
		"empty field":                     {"10.0.0.1", []string{""}, "10.0.0.1", false},
		"empty hop":                       {"10.0.0.1", []string{"192.0.2.1,"}, "10.0.0.1", false},
		"empty hop behind a proxy":        {"10.0.0.1", []string{"192.0.2.1,,10.0.0.2"}, "10.0.0.2", false},
		"name":                            {"10.0.0.1", []string{"unknown"}, "10.0.0.1", false},
		"obfuscated":                      {"10.0.0.1", []string{"_hidden"}, "10.0.0.1", false},
		"zone":                            {"10.0.0.1", []string{"fe80::1%eth0"}, "10.0.0.1", false},
		"unspecified":                     {"10.0.0.1", []string{"0.0.0.0"}, "10.0.0.1", false},
		"quoted":                          {"10.0.0.1", []string{`"192.0.2.1"`}, "10.0.0.1", false},
		"leading zero":                    {"10.0.0.1", []string{"192.0.2.01"}, "10.0.0.1", false},
		"too long":                        {"10.0.0.1", []string{strings.Repeat("1", 60)}, "10.0.0.1", false},
		"brackets without a port":         {"10.0.0.1", []string{"[2001:db8::7]"}, "10.0.0.1", false},
		"thirty-two trusted hops":         {"10.0.0.1", []string{strings.Repeat("10.0.0.2,", 31) + "10.0.0.2"}, "10.0.0.2", true},
		"thirty-three trusted hops":       {"10.0.0.1", []string{strings.Repeat("10.0.0.2,", 32) + "10.0.0.2"}, "10.0.0.2", false},
		"many hops left of the caller":    {"10.0.0.1", []string{strings.Repeat("1.1.1.1,", 900) + "192.0.2.1"}, "192.0.2.1", true},
		"no peer":                         {"", []string{"192.0.2.1"}, "", false},
		"no peer and nothing to go after": {"", nil, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var peer netip.Addr
			if c.peer != "" {
				peer = netip.MustParseAddr(c.peer)
			}
			got, ok := netlist.Client(peer, texts(c.forwarded), trusted)
			if want := (netip.Addr{}); c.want == "" && got != want || c.want != "" && got.String() != c.want || ok != c.ok {
				t.Errorf("got %v, %v", got, ok)
			}
		})
	}
}

// TestTwoLists: a hop may be in either.
func TestTwoLists(t *testing.T) {
	t.Parallel()
	peer := netip.MustParseAddr("10.0.0.1")
	got, ok := netlist.Client(peer, texts([]string{"192.0.2.1, 172.16.0.1"}), parse(t, "10.0.0.0/8"), parse(t, "172.16.0.0/12"))
	if got != netip.MustParseAddr("192.0.2.1") || !ok {
		t.Errorf("got %v, %v", got, ok)
	}
	if got, _ := netlist.Client(peer, texts([]string{"192.0.2.1"})); got != peer {
		t.Errorf("without a list: %v", got)
	}
}

// TestNobodyTrusted: without a trusted proxy the field is never read.
func TestNobodyTrusted(t *testing.T) {
	t.Parallel()
	peer := netip.MustParseAddr("127.0.0.1")
	if got, ok := netlist.Client(peer, texts([]string{"192.0.2.1"}), netlist.List{}); got != peer || !ok {
		t.Errorf("got %v, %v", got, ok)
	}
}

func texts(values []string) [][]byte {
	var out [][]byte
	for _, v := range values {
		out = append(out, []byte(v))
	}
	return out
}

// FuzzXFF: no field panics, and the address found was said by the peer or by a chain of trusted hops.
func FuzzXFF(f *testing.F) {
	trusted := parse(f, "10.0.0.0/8")
	f.Add("192.0.2.1, 10.0.0.2", true)
	f.Add("::ffff:192.0.2.1,[2001:db8::1]:80", true)
	f.Add(",,", false)
	f.Add("10.0.0.1,10.0.0.1", true)
	f.Fuzz(func(t *testing.T, field string, proxy bool) {
		peer := netip.MustParseAddr("192.0.2.99")
		if proxy {
			peer = netip.MustParseAddr("10.0.0.1")
		}
		got, ok := netlist.Client(peer, [][]byte{[]byte(field)}, trusted)
		if !got.IsValid() || got.Is4In6() || got.Zone() != "" {
			t.Fatalf("got %v", got)
		}
		if !proxy && (got != peer || !ok) {
			t.Fatalf("a stranger named %v", got)
		}
		if !ok && !trusted.Contains(got) {
			t.Fatalf("gave up at a stranger: %v", got)
		}
		items := strings.Split(field, ",")
		for i := len(items) - 1; proxy && ok && i >= 0; i-- {
			hop := strings.Trim(items[i], " \t")
			addr, err := netip.ParseAddr(hop)
			if err != nil {
				addr = netip.MustParseAddrPort(hop).Addr()
			}
			if addr = addr.Unmap(); !trusted.Contains(addr) || i == 0 {
				if got != addr {
					t.Fatalf("got %v, and the first stranger is %v", got, addr)
				}
				break
			}
		}
	})
}

// FuzzCIDR: what is taken, the standard library takes with the same meaning.
func FuzzCIDR(f *testing.F) {
	for _, seed := range []string{"192.0.2.0/24", "2001:db8::/32", "::ffff:10.0.0.0/104", "10.0.0.1", "0.0.0.0/0", "::/0", "1.2.3.4/31"} {
		f.Add(seed, "192.0.2.1")
	}
	f.Fuzz(func(t *testing.T, text, probe string) {
		l, err := netlist.Parse([]string{text})
		if err != nil {
			return
		}
		addr, err := netip.ParseAddr(probe)
		if err != nil {
			return
		}
		addr = addr.Unmap().WithZone("")
		p, err := netip.ParsePrefix(text)
		if err != nil {
			only := netip.MustParseAddr(text).Unmap()
			p = netip.PrefixFrom(only, only.BitLen())
		}
		want := p.Contains(addr)
		if p.Addr().Is4In6() {
			want = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96).Contains(addr)
		}
		if got := l.Contains(addr); got != want {
			t.Fatalf("%s in %s: %v", addr, text, got)
		}
	})
}

func BenchmarkClient(b *testing.B) {
	trusted := parse(b, "10.0.0.0/8")
	peer, forwarded := netip.MustParseAddr("10.0.0.1"), texts([]string{"203.0.113.9, 192.0.2.1, 10.0.0.2"})
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := netlist.Client(peer, forwarded, trusted); !ok {
			b.Fatal("not found")
		}
	}
}

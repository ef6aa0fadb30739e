package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// class says what kind of network an address belongs to, as far as the guard looks at it.
type class struct {
	prefix netip.Prefix
	kind   string
	// hard keeps an address closed to an allowed host: a name must never lead there.
	hard bool
	// single asks for an entry of the one address in AllowNetworks: a wide network does not open it.
	single bool
}

// nat64 holds IPv4 addresses in its last 32 bits; networks without IPv4 reach public hosts through it.
func nat64() netip.Prefix { return netip.MustParsePrefix("64:ff9b::/96") }

// classes lists what is not a public unicast address: the special-purpose registries of IANA for IPv4 and
// IPv6 (also their globally reachable entries, where no server is found), multicast, what a cloud
// host serves its metadata on, and everything of IPv6 outside 2000::/3. The first match counts.
func classes() []class {
	metadata := []string{
		"169.254.169.254/32", "169.254.170.2/32", "fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128",
		"100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32",
	}
	hard := [][2]string{
		{"0.0.0.0/8", "unspecified"},
		{"::/128", "unspecified"},
		{"224.0.0.0/4", "multicast"},
		{"ff00::/8", "multicast"},
		{"240.0.0.0/4", "reserved"}, // with 255.255.255.255
	}
	soft := [][2]string{
		{"127.0.0.0/8", "loopback"},
		{"::1/128", "loopback"},
		{"10.0.0.0/8", "private"},
		{"172.16.0.0/12", "private"},
		{"192.168.0.0/16", "private"},
		{"fc00::/7", "private"},
		{"100.64.0.0/10", "shared"},
		{"169.254.0.0/16", "link-local"},
		{"fe80::/10", "link-local"},
		{"fec0::/10", "site-local"},
		{"192.0.0.0/24", "reserved"},
		{"192.0.2.0/24", "documentation"},
		{"198.51.100.0/24", "documentation"},
		{"203.0.113.0/24", "documentation"},
		{"2001:db8::/32", "documentation"},
		{"3fff::/20", "documentation"},
		{"198.18.0.0/15", "benchmarking"},
		{"192.31.196.0/24", "reserved"},
		{"192.52.193.0/24", "reserved"},
		{"192.88.99.0/24", "6to4"},
		{"192.175.48.0/24", "reserved"},
		{"2002::/16", "6to4"},
		{"2001::/32", "Teredo"},
		{"2001::/23", "reserved"},
		{"2620:4f:8000::/48", "reserved"},
		{"64:ff9b:1::/48", "local NAT64"},
		// The rest of IPv6 that is not 2000::/3.
		{"::/3", "reserved"},
		{"4000::/2", "reserved"},
		{"8000::/1", "reserved"},
	}
	var list []class
	for _, p := range metadata {
		list = append(list, class{prefix: netip.MustParsePrefix(p), kind: "metadata", hard: true, single: true})
	}
	for _, p := range hard {
		list = append(list, class{prefix: netip.MustParsePrefix(p[0]), kind: p[1], hard: true})
	}
	for _, p := range soft {
		list = append(list, class{prefix: netip.MustParsePrefix(p[0]), kind: p[1]})
	}
	return list
}

// address judges where a connection would go. trusted says that the host is an allowed one.
func (g *guard) address(a netip.Addr, trusted bool) error {
	a = a.Unmap()
	switch {
	case !a.IsValid():
		return errors.New("the address is malformed")
	case a.Zone() != "":
		return errors.New("the address has a zone")
	}
	c, special := g.classify(a)
	if !special || trusted && !c.hard {
		return nil
	}
	for _, n := range g.networks {
		if n.Contains(a) && (!c.single || n.IsSingleIP()) {
			return nil
		}
	}
	return fmt.Errorf("the address is not a public one but %s", c.kind)
}

// classify finds the class of an address; special is false for a public one.
func (g *guard) classify(a netip.Addr) (c class, special bool) {
	if g.nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	i := slices.IndexFunc(g.classes, func(c class) bool { return c.prefix.Contains(a) })
	if i < 0 {
		return class{}, false
	}
	return g.classes[i], true
}

package netlist

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// List is a set of addresses. The zero List is empty. It never changes, so it may be used from many
// goroutines. An IPv4 address and its IPv6-mapped form (::ffff:192.0.2.1) are the same address.
type List struct{ spans []span }

// span is a run of addresses of one family; the spans of a List are sorted and do not touch.
type span struct{ first, last netip.Addr }

// Parse reads addresses (192.0.2.1) and networks (192.0.2.0/24). A network with bits behind its mask is
// an error, because it is not clear what was meant. An empty list of texts gives the empty List.
func Parse(texts []string) (List, error) {
	spans := make([]span, 0, len(texts))
	for _, text := range texts {
		s, err := parseSpan(text)
		if err != nil {
			return List{}, err
		}
		spans = append(spans, s)
	}
	return merge(spans), nil
}

// Of gives the List of all addresses in the networks. Bits behind a mask do not matter.
func Of(networks ...netip.Prefix) List {
	var spans []span
	for _, p := range networks {
		if p.IsValid() {
			spans = append(spans, spanOf(p))
		}
	}
	return merge(spans)
}

func parseSpan(text string) (span, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" {
			return span{}, fmt.Errorf("%q is no address; write one like 192.0.2.1 or 2001:db8::1", text)
		}
		addr = addr.Unmap()
		return span{addr, addr}, nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return span{}, fmt.Errorf("%q is no network; write one like 192.0.2.0/24 or 2001:db8::/32", text)
	}
	if p.Addr().Is4In6() && p.Bits() < 96 {
		return span{}, fmt.Errorf("the network %q is half IPv4 and half IPv6; write it in one of the two", text)
	}
	if p.Masked() != p {
		return span{}, fmt.Errorf("the network %q has bits behind its mask; write %s", text, p.Masked())
	}
	return spanOf(p), nil
}

func spanOf(p netip.Prefix) span {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	p = p.Masked()
	last := p.Addr().As16()
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96
	}
	for i := bits; i < 128; i++ {
		last[i/8] |= 1 << (7 - i%8)
	}
	end := netip.AddrFrom16(last)
	if p.Addr().Is4() {
		end = end.Unmap()
	}
	return span{p.Addr(), end}
}

// merge sorts the spans and joins those that overlap or touch.
func merge(spans []span) List {
	slices.SortFunc(spans, func(a, b span) int { return a.first.Compare(b.first) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && out[n-1].first.BitLen() == s.first.BitLen() {
			if before := &out[n-1]; s.first.Compare(before.last) <= 0 || before.last.Next() == s.first {
				if before.last.Less(s.last) {
					before.last = s.last
				}
				continue
			}
		}
		out = append(out, s)
	}
	return List{slices.Clip(out)}
}

// Empty reports whether the List holds no address.
func (l List) Empty() bool { return len(l.spans) == 0 }

// Everybody reports whether the List holds all IPv4 or all IPv6 addresses: nobody to trust as a proxy.
func (l List) Everybody() bool {
	return slices.ContainsFunc(l.spans, func(s span) bool {
		return s == spanOf(netip.MustParsePrefix("0.0.0.0/0")) || s == spanOf(netip.MustParsePrefix("::/0"))
	})
}

// Contains reports whether the address is in the List. The zero address is in none. A zone is no part of
// the address.
func (l List) Contains(addr netip.Addr) bool {
	addr = addr.Unmap()
	if addr.Zone() != "" {
		addr = addr.WithZone("")
	}
	low, high := 0, len(l.spans)
	for low < high {
		middle := (low + high) / 2
		if l.spans[middle].last.Less(addr) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return addr.IsValid() && low < len(l.spans) && l.spans[low].first.Compare(addr) <= 0
}

// Group gives the address that stands for all addresses which one caller can easily use: an IPv4 address
// itself, and of an IPv6 address the first of its /64.
func Group(addr netip.Addr) netip.Addr {
	addr = addr.Unmap()
	if addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}

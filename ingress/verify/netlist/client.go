package netlist

import (
	"bytes"
	"net/netip"
)

// maxHops is how many addresses of X-Forwarded-For are looked at.
const maxHops = 32

// Client finds the address of the caller. A peer that is no trusted proxy is the caller, whatever it
// writes into X-Forwarded-For, whose field values are in forwarded. Else the hops are walked from the
// right, and the first one that is no trusted proxy is the caller; where all are trusted, the leftmost is. A
// proxy is trusted when it is in any of the lists.
//
// ok is false, and the address the last one that is known for sure, when a trusted peer sends the field
// more than once, a hop cannot be read, or there are more than 32 trusted hops: what a proxy left of the
// first strange hop says is nobody's word.
func Client(peer netip.Addr, forwarded [][]byte, trusted ...List) (addr netip.Addr, ok bool) {
	addr = peer.Unmap().WithZone("")
	if !addr.IsValid() {
		return netip.Addr{}, false
	}
	if !inAny(trusted, addr) || len(forwarded) == 0 {
		return addr, true
	}
	if len(forwarded) > 1 {
		return addr, false
	}
	rest, more := forwarded[0], true
	for range maxHops {
		var item []byte
		if comma := bytes.LastIndexByte(rest, ','); comma >= 0 {
			item, rest = rest[comma+1:], rest[:comma]
		} else {
			item, more = rest, false
		}
		hop, readable := parseHop(bytes.Trim(item, " \t"))
		if !readable {
			return addr, false
		}
		addr = hop
		if !more || !inAny(trusted, hop) {
			return addr, true
		}
	}
	return addr, false
}

func inAny(lists []List, addr netip.Addr) bool {
	for i := range lists {
		if lists[i].Contains(addr) {
			return true
		}
	}
	return false
}

// parseHop reads an address. Some proxies write its port behind it.
func parseHop(item []byte) (netip.Addr, bool) {
	const longest = len("[0000:0000:0000:0000:0000:ffff:255.255.255.255]:65535")
	if len(item) == 0 || len(item) > longest {
		return netip.Addr{}, false
	}
	text := string(item)
	addr, err := netip.ParseAddr(text)
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	if addr.Zone() != "" || addr.IsUnspecified() {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

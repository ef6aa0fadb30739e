package ingress

import (
	"net/netip"

	"github.com/penstock/penstock/ingress/verify/netlist"
)

// caller finds the address of the caller behind the proxies that the server or the webhook trusts. ok is
// false when a trusted proxy says something that cannot be read; the address is then the last one that is
// known for sure.
func (s *Server) caller(v *visit, hook *entry) (addr netip.Addr, ok bool) {
	var own netlist.List
	if hook != nil {
		own = hook.proxies
	}
	if !s.proxies.Contains(v.peer) && !own.Contains(v.peer) {
		return v.peer, v.peer.IsValid()
	}
	return netlist.Client(v.peer, v.header().PeekAll("X-Forwarded-For"), s.proxies, own)
}

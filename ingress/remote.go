package ingress

import (
	"bytes"
	"net"
	"net/netip"

	"github.com/valyala/fasthttp"
)

// remote gives the address of the caller: the peer, or, when the peer is a trusted proxy, the last
// address in X-Forwarded-For that is none. A field that cannot be read leaves the peer.
func (s *Server) remote(ctx *fasthttp.RequestCtx) netip.Addr {
	var peer netip.Addr
	if tcp, ok := ctx.RemoteAddr().(*net.TCPAddr); ok {
		peer = tcp.AddrPort().Addr().Unmap()
	}
	if !s.trusted(peer) {
		return peer
	}
	values := ctx.Request.Header.PeekAll("X-Forwarded-For")
	for i := len(values) - 1; i >= 0; i-- {
		rest := values[i]
		for len(rest) > 0 {
			item := rest
			if comma := bytes.LastIndexByte(rest, ','); comma >= 0 {
				item, rest = rest[comma+1:], rest[:comma]
			} else {
				rest = nil
			}
			addr, err := netip.ParseAddr(string(bytes.Trim(item, " \t")))
			if err != nil {
				return peer
			}
			if peer = addr.Unmap(); !s.trusted(peer) {
				return peer
			}
		}
	}
	return peer
}

func (s *Server) trusted(addr netip.Addr) bool {
	for _, p := range s.options.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

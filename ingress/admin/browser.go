package admin

import (
	"net"
	"net/netip"
	"strings"

	"github.com/valyala/fasthttp"
)

// hostAllowed takes IP addresses and the configured names. A page of another site can point its own name
// at this address (DNS rebinding), but then its name is in Host.
func (s *Server) hostAllowed(ctx *fasthttp.RequestCtx) bool {
	host := strings.ToLower(string(ctx.Request.Header.Host()))
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return s.hosts[host]
}

// sameSite refuses what a browser sends for a page of another site. Commands may be called with GET, so
// every method counts as unsafe.
func (s *Server) sameSite(ctx *fasthttp.RequestCtx) bool {
	head := &ctx.Request.Header
	switch sites := head.PeekAll("Sec-Fetch-Site"); len(sites) {
	case 0:
	case 1:
		if site := string(sites[0]); site != "same-origin" && site != "none" {
			return false
		}
	default:
		return false
	}
	switch origins := head.PeekAll("Origin"); len(origins) {
	case 0:
		return true
	case 1:
		// A proxy may speak https for us, so the scheme is not compared.
		_, host, ok := strings.Cut(string(origins[0]), "://")
		return ok && strings.EqualFold(host, string(head.Host()))
	default:
		return false
	}
}

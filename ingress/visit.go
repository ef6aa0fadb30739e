package ingress

import (
	"net"
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/verify"
)

// visit is one request to a webhook on its way through the door. It lives as long as its handler: what of
// the request goes further is copied.
type visit struct {
	ctx    *fasthttp.RequestCtx
	now    time.Time
	call   call
	hook   *entry     // a decoy where the webhook is not known
	known  bool       //
	short  string     // end of the token, for people
	peer   netip.Addr // of the connection
	caller netip.Addr // behind trusted proxies
	sure   bool       // what the proxies say about the caller can be read
	proven bool

	delivery verify.Delivery
	body     []byte // inflated
	content  content
	misfit   string // where the body does not fit the schema, and is taken even so
	traceID  string
}

func (v *visit) header() *fasthttp.RequestHeader { return &v.ctx.Request.Header }

// preset gives the name of the webhook's preset, "" for the token alone.
func (v *visit) preset() string { return v.hook.webhook.Verify.Preset }

// peerOf gives the address of the connection.
func peerOf(ctx *fasthttp.RequestCtx) netip.Addr {
	if tcp, ok := ctx.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// fields shows a request's header to the verifier.
type fields struct{ h *fasthttp.RequestHeader }

// Field gives the first value of a field and how often it occurs.
func (f fields) Field(name string) ([]byte, int) {
	values := f.h.PeekAll(name)
	if len(values) == 0 {
		return nil, 0
	}
	return values[0], len(values)
}

// Values gives all values of a field.
func (f fields) Values(name string) [][]byte { return f.h.PeekAll(name) }

// methodText gives a method that the gate lets in, without copying it; "" for any other.
func methodText(method []byte) string {
	switch string(method) {
	case "POST":
		return "POST"
	case "GET":
		return "GET"
	case "PUT":
		return "PUT"
	case "PATCH":
		return "PATCH"
	case "DELETE":
		return "DELETE"
	case "HEAD":
		return "HEAD"
	case "OPTIONS":
		return "OPTIONS"
	case "CONNECT":
		return "CONNECT"
	case "TRACE":
		return "TRACE"
	}
	return ""
}

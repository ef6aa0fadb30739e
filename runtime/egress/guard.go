package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// maxURL is the length of a URL that is read, in bytes.
const maxURL = 8 << 10

// guard holds the rules; nothing in it changes.
type guard struct {
	classes  []class
	nat64    netip.Prefix
	networks []netip.Prefix
	hosts    map[place]bool
	ports    []uint16
	http     bool
}

func newGuard(o *Options) *guard {
	g := &guard{
		classes: classes(), nat64: nat64(), networks: o.AllowNetworks,
		hosts: map[place]bool{}, ports: append([]uint16{80, 443}, o.Ports...), http: o.PlainHTTP,
	}
	for _, entry := range o.AllowHosts {
		if p, err := readEntry(entry); err == nil {
			g.hosts[p] = true
		}
	}
	return g
}

// target is a URL that passed every check that needs no name server.
type target struct {
	url *url.URL // without user and fragment, the host as in place
	place
}

// origin is what errors call a target, and what credentials are bound to.
func (t *target) origin() string { return t.url.Scheme + "://" + t.url.Host }

// target judges a URL. Its errors hold nothing of the URL but a port. http and https are the schemes.
func (g *guard) target(raw string) (*target, error) {
	if len(raw) > maxURL {
		return nil, fmt.Errorf("the URL is longer than %d bytes", maxURL)
	}
	u, err := url.Parse(raw)
	if err != nil || strings.ContainsAny(raw, "\\ ") {
		return nil, errors.New("the URL is malformed") // the parser's own error quotes the URL
	}
	t := &target{url: &url.URL{Scheme: u.Scheme, Path: u.Path, RawPath: u.RawPath, RawQuery: ascii(u.RawQuery)}}
	switch {
	case u.Scheme == "https":
		t.port = 443
	case u.Scheme != "http":
		return nil, errors.New("the scheme is not https")
	case !g.http:
		return nil, errors.New("the scheme is http, which is not allowed")
	default:
		t.port = 80
	}
	if u.User != nil {
		return nil, errors.New("the URL holds user information")
	}
	if t.host, err = readHost(u.Hostname(), strings.HasPrefix(u.Host, "[")); err != nil {
		return nil, err
	}
	t.url.Host = strings.TrimSuffix(place{t.host, 0}.String(), ":0")
	if text := u.Port(); text != "" || strings.HasSuffix(u.Host, ":") {
		usual := t.port
		if t.port, err = readPort(text); err != nil {
			return nil, err
		}
		if t.port != usual {
			t.url.Host = t.String()
		}
	}
	if !slices.Contains(g.ports, t.port) && !g.hosts[t.place] {
		return nil, fmt.Errorf("port %d is not open", t.port)
	}
	if a, err := netip.ParseAddr(t.host); err == nil {
		if err := g.address(a, g.trusted(t.place)); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// trusted says whether an allowed host is asked.
func (g *guard) trusted(p place) bool {
	return g.hosts[p] || g.hosts[place{host: p.host}] && slices.Contains(g.ports, p.port)
}

// ascii escapes what may not stand in a request line; url.Parse has refused control characters.
func ascii(query string) string {
	var b strings.Builder
	for _, c := range []byte(query) {
		if c < 0x80 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

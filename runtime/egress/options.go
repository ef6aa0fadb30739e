package egress

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"slices"
	"time"
)

// The defaults of [Options].
const (
	DefaultTimeout     = 10 * time.Second
	DefaultMaxBody     = 1 << 20
	DefaultMaxHeader   = 32 << 10
	DefaultConcurrency = 64
	DefaultPerHost     = 8
)

// Resolver turns a name into addresses; [net.Resolver] is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options are the settings of a [Client]; the zero value reaches public addresses over https only.
type Options struct {
	// AllowNetworks opens addresses that are not public. A metadata address is opened only by an entry
	// of its own (/32 or /128), not by a network around it.
	AllowNetworks []netip.Prefix
	// AllowHosts opens single hosts, wherever their names lead, except to metadata, multicast,
	// unspecified and reserved addresses. An entry is a name or an IP address, for the open ports, or one
	// of them with a port, which is then open for this host alone: "vault.internal:8200",
	// "127.0.0.1:9000", "[::1]:9000". An entry that [CheckHost] refuses opens nothing.
	AllowHosts []string
	// Ports are open besides 80 and 443.
	Ports []uint16
	// PlainHTTP allows http:// beside https://.
	PlainHTTP bool

	// Timeout ends a request with all that belongs to it: waiting for a slot, name, connection,
	// redirects and body.
	Timeout time.Duration
	// MaxBody is the size of an answer's body that is taken when the request names none, in bytes.
	MaxBody int
	// MaxHeader is the size of an answer's header, in bytes.
	MaxHeader int
	// Concurrency is how many requests are under way at once, PerHost how many of them at one host.
	// Further ones wait.
	Concurrency int
	PerHost     int

	// RootCAs are trusted instead of the system's; nil means the system's.
	RootCAs *x509.CertPool
	// Resolver finds addresses; nil means the system's.
	Resolver Resolver
	// UserAgent names the program; empty means "penstock".
	UserAgent string
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxBody <= 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.MaxHeader <= 0 {
		o.MaxHeader = DefaultMaxHeader
	}
	if o.Concurrency <= 0 {
		o.Concurrency = DefaultConcurrency
	}
	if o.PerHost <= 0 {
		o.PerHost = DefaultPerHost
	}
	if o.Resolver == nil {
		o.Resolver = &net.Resolver{}
	}
	if o.UserAgent == "" {
		o.UserAgent = "penstock"
	}
	o.AllowNetworks = unmapped(o.AllowNetworks)
	o.AllowHosts = slices.Clone(o.AllowHosts)
	o.Ports = append([]uint16{80, 443}, o.Ports...)
	return o
}

// unmapped writes networks of IPv4-mapped addresses as networks of IPv4, the form in which addresses are judged.
func unmapped(networks []netip.Prefix) []netip.Prefix {
	list := make([]netip.Prefix, 0, len(networks))
	for _, n := range networks {
		if n.Addr().Is4In6() && n.Bits() >= 96 {
			n = netip.PrefixFrom(n.Addr().Unmap(), n.Bits()-96)
		}
		list = append(list, n.Masked())
	}
	return list
}

package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// maxAddresses is how many addresses of a name are tried one after the other.
const maxAddresses = 4

// dial resolves the host once, judges every address and connects to one of them. One address that may
// not be reached closes the whole name: a name that mixes public and other addresses is an attack or a
// mistake.
func (c *Client) dial(ctx context.Context, _, address string) (net.Conn, error) {
	to, err := readPlace(address)
	if err != nil {
		return nil, &refusal{err}
	}
	trusted := c.guard.trusted(to)
	addresses, err := c.resolve(ctx, to.host)
	if err != nil {
		return nil, err
	}
	for _, a := range addresses {
		if err := c.guard.address(a, trusted); err != nil {
			return nil, &refusal{err}
		}
	}
	addresses = addresses[:min(len(addresses), maxAddresses)]
	for i, a := range addresses {
		conn, tried := c.connect(ctx, a, to.port, trusted, len(addresses)-i)
		if tried == nil {
			return conn, nil
		}
		if err = tried; ctx.Err() != nil || errors.As(err, new(*refusal)) {
			break
		}
	}
	return nil, err
}

// resolve gives at least one address, or an error.
func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	found, err := c.options.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	addresses := make([]netip.Addr, 0, len(found))
	for _, a := range found {
		addresses = append(addresses, a.Unmap()) // a resolver may give IPv4 addresses in their mapped form
	}
	return addresses, nil
}

// connect opens a connection to one address; left is how many addresses have to share the time that
// remains.
func (c *Client) connect(ctx context.Context, a netip.Addr, port uint16, trusted bool, left int) (net.Conn, error) {
	dialer := net.Dialer{
		Timeout: c.options.Timeout / time.Duration(left+1),
		// The last word before the system connects: about what the socket is given, not what was meant.
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err == nil && to.Addr().Unmap() != a {
				err = errors.New("the address changed")
			}
			if err == nil {
				err = c.guard.address(to.Addr(), trusted)
			}
			if err != nil {
				return &refusal{err}
			}
			if c.watch != nil {
				return c.watch(to)
			}
			return nil
		},
	}
	return dialer.DialContext(ctx, "tcp", net.JoinHostPort(a.String(), strconv.Itoa(int(port))))
}

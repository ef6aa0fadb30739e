package egress

import "net/netip"

// Watch lets a test see each address that passed, right before it is connected to, and stop there.
// It must be called before the first request.
func (c *Client) Watch(f func(netip.AddrPort) error) { c.watch = f }

// Hosts is how many hosts have requests under way or waiting.
func (c *Client) Hosts() int {
	c.slots.mu.Lock()
	defer c.slots.mu.Unlock()
	return len(c.slots.hosts)
}

package app

import (
	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
)

// outgoing makes the client for all requests that the server itself sends.
func outgoing(c *configs.Config) (*egress.Client, error) {
	networks, err := prefixes(c.Egress.AllowNetworks, "egress.allow_networks")
	if err != nil {
		return nil, err
	}
	for _, host := range c.Egress.AllowHosts {
		if err := egress.CheckHost(host); err != nil {
			return nil, fault.Wrap(fault.ConfigValue, err, "reading a host").In("egress.allow_hosts")
		}
	}
	return egress.New(egress.Options{AllowHosts: c.Egress.AllowHosts, AllowNetworks: networks, Timeout: c.Egress.Timeout}), nil
}

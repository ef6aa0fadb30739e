package configs

import (
	"net"
	"net/netip"
	"path/filepath"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
)

// AdminFile is the file in store.dir in which `pi serve` leaves the admin API's address and token for the
// commands on the same machine: a JSON object with url and token, readable by its owner only.
const AdminFile = "admin.json"

// AdminPath gives the path of AdminFile.
func (c *Config) AdminPath() string { return filepath.Join(c.Store.Dir, AdminFile) }

// RejectsPath gives the folder of refused requests that are kept.
func (c *Config) RejectsPath() string { return filepath.Join(c.Store.Dir, "rejects") }

// CachePath gives the folder of compiled plugins.
func (c *Config) CachePath() string {
	if c.Plugins.Cache != "" {
		return c.Plugins.Cache
	}
	return filepath.Join(c.Store.Dir, "cache")
}

// LimitsOf gives the limits of one plugin: its own where the grants set them, else plugins.limits.
func (c *Config) LimitsOf(plugin string) Limits {
	l, own := c.Plugins.Limits, c.Plugins.Grants[plugin].Limits
	set(&l.Timeout, own.Timeout)
	set(&l.Memory, own.Memory)
	set(&l.Output, own.Output)
	set(&l.Log, own.Log)
	set(&l.HostCalls, own.HostCalls)
	set(&l.Instances, own.Instances)
	return l
}

func set[T comparable](to *T, own T) {
	var zero T
	if own != zero {
		*to = own
	}
}

// CheckServe reports what must not be served: an admin API that other machines reach without a token.
func (c *Config) CheckServe() error {
	if !c.Admin.Token.IsZero() || loopback(c.Admin.Address) {
		return nil
	}
	return fault.New(fault.ConfigValue, "other machines would reach the admin API, and no token is set").
		In("admin.address").WithHint("set admin.token (PI_ADMIN__TOKEN), or listen on 127.0.0.1")
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// WithAdminToken gives a copy whose admin.token is the token itself.
func (c *Config) WithAdminToken(token string) *Config {
	out := *c
	out.Admin.Token = secret.New(token)
	return &out
}

// WithAdminURL gives a copy whose admin.url is where the server was found.
func (c *Config) WithAdminURL(url string) *Config {
	out := *c
	out.Admin.URL = url
	return &out
}

package app

import (
	"context"
	"net/netip"
	"time"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/ingress/admin"
	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm"
)

func (a *App) makeListeners() error {
	c := a.p.Config
	proxies, err := prefixes(c.Ingress.TrustedProxies)
	if err != nil {
		return err
	}
	if a.public, err = ingress.New(ingress.Options{
		Address: c.Ingress.Address, PublicURL: c.Ingress.URL, Namespace: c.Namespace,
		ReadTimeout: c.Ingress.ReadTimeout, WriteTimeout: c.Ingress.WriteTimeout, IdleTimeout: c.Ingress.IdleTimeout,
		Concurrency: c.Ingress.MaxConnections, MaxConnsPerIP: c.Ingress.MaxConnectionsPerIP, TrustedProxies: proxies,
		Failures: c.Ingress.FailureBudget.Count, FailureRefill: c.Ingress.FailureBudget.Window / time.Duration(c.Ingress.FailureBudget.Count),
		Grace: c.Engine.Grace,
	}, ingress.Deps{
		Emitter: a.emitter, Results: a.engine, Directory: a.directory, Rejects: a.store, Logger: a.p.Logger, Now: a.p.Now,
	}); err != nil {
		return err
	}
	a.admin, err = admin.New(admin.Options{
		Address: c.Admin.Address, Token: c.Admin.Token.Reveal(), Identity: c.Admin.Identity, Hosts: c.Admin.Hosts,
	}, admin.Deps{
		Commands: commands{a.p, a.tools}, Ledger: a.store, Plugins: a.pluginList, Status: a.status,
		Health: a.store.Health, Logger: a.p.Logger,
	})
	return err
}

// prefixes reads networks; a single address is a network of one.
func prefixes(texts []string) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		if address, err := netip.ParseAddr(text); err == nil {
			out[i] = netip.PrefixFrom(address, address.BitLen())
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fault.New(fault.ConfigValue, "%q is neither an address nor a network", text).In("ingress.trusted_proxies")
		}
		out[i] = p
	}
	return out, nil
}

// Status is what `GET /api/v3/status` tells.
type Status struct {
	Version   string      `json:"version"`
	UptimeMS  int64       `json:"uptimeMs"`
	Broker    string      `json:"broker"`
	Store     string      `json:"store"`
	Health    string      `json:"health"` // ok, or why nothing is accepted
	Load      engine.Load `json:"load"`
	Unsettled int         `json:"unsettled"` // accepted events that are not finished; counted up to 10,000
}

func (a *App) status(ctx context.Context) (any, error) {
	s := Status{
		Version: a.p.Version, UptimeMS: a.p.Now().Sub(a.started).Milliseconds(), Health: "ok",
		Broker: a.p.Config.Broker.Type, Store: a.p.Config.Store.Type, Load: a.engine.Load(),
	}
	if err := a.store.Health(); err != nil {
		s.Health = err.Error()
	}
	var err error
	s.Unsettled, err = a.countUnsettled(ctx)
	return s, err
}

func (a *App) countUnsettled(ctx context.Context) (int, error) {
	const most, page = 10_000, 1000
	n, after := 0, int64(0)
	for n < most {
		events, err := a.store.Unsettled(ctx, after, page)
		if err != nil {
			return 0, err
		}
		n += len(events)
		if len(events) < page {
			break
		}
		after = events[len(events)-1].Seq
	}
	return n, nil
}

// PluginInfo is what the API and `pi plugin list` tell of a loaded plugin.
type PluginInfo struct {
	Name     string       `json:"name"`
	Version  string       `json:"version"`
	Summary  string       `json:"summary"`
	Digest   string       `json:"digest"`
	Commands []string     `json:"commands"`
	Rights   []wasm.Right `json:"rights"`
}

func (a *App) pluginList() any { return a.tools.Plugins() }

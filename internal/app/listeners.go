package app

import (
	"context"
	"net/netip"
	"time"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/ingress/admin"
	"github.com/penstock/penstock/ingress/kept"
	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/wasm"
)

func (a *App) makeListeners() error {
	c := a.p.Config
	proxies, err := prefixes(c.Ingress.TrustedProxies, "ingress.trusted_proxies")
	if err != nil {
		return err
	}
	counters := a.metrics
	door := ingress.Deps{
		Emitter: a.emitter, Results: a.engine, Directory: a.directory, Rejects: a.store, Logger: a.p.Logger, Now: a.p.Now,
		Bodies: a.store, Confirmer: a.keys, Metrics: counters.Door(a.presets.Names()),
	}
	panel := admin.Deps{
		Commands: commands{a.p, a.tools}, Ledger: a.store, Operator: a.engine, Plugins: a.pluginList, Status: a.status,
		Pipelines: callers{a.catalog, a.engine, a.tools.policy, c.Pipelines.AdHoc},
		Health:    a.store.Health, Scrub: a.p.Resolver.Scrubber().Scrub, Logger: a.p.Logger, Metrics: counters.Text,
	}
	if c.Ingress.KeepRejected {
		if door.Kept, err = kept.Open(c.RejectsPath(), kept.Options{Bytes: int64(c.Ingress.KeepRejectedSize), Logger: a.p.Logger}); err != nil {
			return fault.Wrap(fault.ConfigValue, err, "opening the folder of refused requests").In("ingress.keep_rejected")
		}
		panel.Kept = door.Kept.Read
		panel.Explain = func(ctx context.Context, traceID string) (any, error) { return a.explain(ctx, door.Kept, traceID) }
		a.onClose(func(context.Context) error { return door.Kept.Close() })
	}
	if a.public, err = ingress.New(doorOptions(c, proxies), door); err != nil {
		return err
	}
	a.admin, err = admin.New(admin.Options{
		Address: c.Admin.Address, Token: c.Admin.Token.Reveal(), Metrics: c.Admin.Metrics.Reveal(), Identity: c.Admin.Identity, Hosts: c.Admin.Hosts,
		Calls: c.Pipelines.MaxCallers, CallTimeout: c.Pipelines.CallTimeout,
	}, panel)
	return err
}

func doorOptions(c *configs.Config, proxies []netip.Prefix) ingress.Options {
	o := c.Ingress
	return ingress.Options{
		Address: o.Address, PublicURL: o.URL, Namespace: c.Namespace,
		ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, IdleTimeout: o.IdleTimeout,
		Concurrency: o.MaxConnections, MaxConnsPerIP: o.MaxConnectionsPerIP, TrustedProxies: proxies,
		ReadBufferSize: int(o.MaxHeaderSize), MaxFields: o.MaxHeaderFields,
		MaxInflated: int(o.MaxInflated), MaxRatio: o.MaxInflateRatio, MaxHolds: o.MaxWaiting, PayloadTTL: o.PayloadTTL,
		Failures: o.FailureBudget.Count, FailureRefill: o.FailureBudget.Window / time.Duration(o.FailureBudget.Count),
		FailureProbes: o.FailureBudget.Probes, Grace: c.Engine.Grace,
	}
}

// prefixes reads networks; a single address is a network of one.
func prefixes(texts []string, key string) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		if address, err := netip.ParseAddr(text); err == nil {
			out[i] = netip.PrefixFrom(address, address.BitLen())
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fault.New(fault.ConfigValue, "%q is neither an address nor a network", text).In(key)
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
	Pipelines Pipelines   `json:"pipelines"`
}

func (a *App) status(ctx context.Context) (any, error) {
	s := Status{
		Version: a.p.Version, UptimeMS: a.p.Now().Sub(a.started).Milliseconds(), Health: "ok",
		Broker: a.p.Config.Broker.Type, Store: a.p.Config.Store.Type, Load: a.engine.Load(),
		Pipelines: a.catalog.status(),
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

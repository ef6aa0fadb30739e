package app

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/penstock/penstock/internal/world"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/store/memory"
	"github.com/penstock/penstock/runtime/wasm"
	"github.com/penstock/penstock/runtime/wasm/capability/mail"
)

// Tools is what reads and runs pipelines: commands, plugins, expressions and rights.
type Tools struct {
	p        Params
	policy   *iam.Policy
	language *expr.Language
	host     *wasm.Host
	mail     *mail.Mail
	plugins  []*wasm.Plugin
	registry *command.Registry
	outbound *egress.Client         // its own; nil = somebody else's
	url      atomic.Pointer[string] // of the server, for expressions
	outside  Outside                // what stands in for the outside world; zero = nothing
}

// OpenTools opens the tools without a server: events that a pipeline sends are logged and go nowhere,
// results are kept nowhere, properties as long as the tools are open; the webhook commands fail with the
// hint to use a server.
func OpenTools(ctx context.Context, p Params) (*Tools, error) {
	outbound, err := outgoing(p.Config)
	if err != nil {
		return nil, err
	}
	t, err := openTools(ctx, p, offline(p, outbound), Outside{})
	if err == nil {
		t.outbound = outbound
	}
	return t, err
}

func openTools(ctx context.Context, p Params, deps builtin.Deps, outside Outside) (*Tools, error) {
	t := &Tools{p: p, outside: outside}
	var err error
	if t.policy, err = iam.NewPolicy(p.Config.IAM.Roles, p.Config.IAM.Identities); err != nil {
		return nil, err
	}
	if deps.Secrets, err = world.NewSecrets(p.Config.Secrets, p.Resolver); err != nil {
		return nil, err
	}
	t.language = t.expressions(deps)
	deps.Language = t.language
	if err := t.loadPlugins(ctx); err != nil {
		return nil, errors.Join(err, t.Close(ctx))
	}
	defs := builtin.All(deps)
	for _, plugin := range t.plugins {
		defs = append(defs, plugin.Definitions()...)
	}
	if t.registry, err = command.NewRegistry(defs...); err != nil {
		return nil, errors.Join(err, t.Close(ctx))
	}
	return t, nil
}

// Registry gives every command, built-in or of a plugin.
func (t *Tools) Registry() *command.Registry { return t.registry }

// Close ends the plugin host and the connections of its capabilities.
func (t *Tools) Close(ctx context.Context) error {
	var errs []error
	if t.host != nil {
		errs = append(errs, t.host.Close(ctx))
	}
	if t.mail != nil {
		errs = append(errs, t.mail.Close())
	}
	if t.outbound != nil {
		t.outbound.Close()
	}
	return errors.Join(errs...)
}

func (t *Tools) deps() pipeline.Deps {
	return pipeline.Deps{
		Commands: t.registry, Language: t.language, Policy: t.policy,
		MessagePrefix: t.p.Config.Broker.Prefix, TimeZone: t.p.Config.Jobs.TimeZone, Logger: t.p.Logger,
	}
}

// compileKept makes a plan of a version that the store keeps.
func (t *Tools) compileKept(src store.Source) (*pipeline.Plan, error) {
	return pipeline.LoadAs(src.File, src.Pipeline, src.Text, t.deps())
}

// offline gives built-in commands their outside world where no server runs.
func offline(p Params, outbound *egress.Client) builtin.Deps {
	return builtin.Deps{
		Emit: func(_ context.Context, e event.Event) (event.Accepted, error) {
			p.Logger.Info("an event was sent; without a server it goes nowhere", "event_id", e.ID, "key", e.Key)
			return event.Accepted{EventID: e.ID, Fresh: true}, nil
		},
		Results: newLocalResults(), Webhooks: noWebhooks{}, Properties: &memory.Properties{}, Outbound: outbound, Namespace: p.Config.Namespace, Now: p.Now,
		MessagePrefix: p.Config.Broker.Prefix, MaxHops: p.Config.Engine.MaxHops,
	}
}

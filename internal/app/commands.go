package app

import (
	"cmp"
	"context"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
)

// commands runs single commands for the admin API.
type commands struct {
	p     Params
	tools *Tools
}

// Execute runs the named command in the name of identity.
func (c commands) Execute(ctx context.Context, identity, name string, params map[string]any, body any) (any, error) {
	d, err := c.tools.registry.Lookup(name)
	if err != nil {
		return nil, err
	}
	if !c.tools.policy.MayRun(identity, d.Spec.Name) {
		return nil, fault.New(fault.IAMDenied, "%s may not run %s", identity, d.Spec.Name).
			WithHint("grant %s%s to a role of the identity under iam in the configuration", iam.RightPrefix, d.Spec.Name)
	}
	e := event.New("command."+d.Spec.Name, c.p.Now())
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(d.Spec.Timeout, c.p.Config.Engine.StepTimeout))
	defer cancel()
	return command.Execute(ctx, d, params, command.Call{
		Body: body, Event: e, Identity: identity, RunID: e.ID, Attempt: 1, Logger: c.p.Logger,
	})
}

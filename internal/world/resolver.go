package world

import (
	"context"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
)

// maxAnswer is the size of what an https URI may bring, in bytes.
const maxAnswer = 1 << 20

// Asker asks other servers; *egress.Client is one.
type Asker interface {
	Do(ctx context.Context, r egress.Request) (egress.Response, error)
}

// Resolver reads what a URI names: property:PATH, user:NAME and https://HOST/PATH. The caller needs the
// right to run the command that reads the same: property.get, http.get.
//
// secret:NAME is refused whoever asks: what an expression gives may become a body or a variable, and these
// are kept with the run. Commands take the name of a secret instead and use it where nobody sees it.
type Resolver struct {
	policy     *iam.Policy
	users      Users
	properties expr.Properties
	outbound   Asker
	now        func() time.Time
}

// NewResolver makes a resolver.
func NewResolver(policy *iam.Policy, properties expr.Properties, outbound Asker, now func() time.Time) *Resolver {
	return &Resolver{policy, NewUsers(policy), properties, outbound, now}
}

// Resolve implements expr.Resolver.
func (r *Resolver) Resolve(ctx context.Context, caller, scheme, rest string) (any, error) {
	switch scheme {
	case "property":
		p, found, err := r.properties.Property(ctx, caller, rest)
		if err != nil || !found {
			return nil, err
		}
		return p.Value, nil
	case "user":
		return r.user(ctx, strings.TrimPrefix(rest, "uuid="))
	case "https":
		return r.fetch(ctx, caller, "https:"+rest)
	case "http":
		return nil, fault.New(fault.EgressDenied, "http is not read, only https")
	case "secret":
		return nil, fault.New(fault.SecretDenied, "an expression never gives a secret").
			WithHint("name it in the parameter secret of http.get and its like; plugins get theirs by their grants")
	case "pipeline", "command":
		return nil, fault.New(fault.ExprUnavailable, "an expression runs no %s", scheme).WithHint("use pipeline.run or call as a step")
	}
	return nil, fault.New(fault.ExprUnavailable, "this scheme is not read").WithHint("the schemes are property, user and https")
}

func (r *Resolver) user(ctx context.Context, ref string) (any, error) {
	u, found, err := r.users.User(ctx, ref)
	if err != nil || !found {
		return nil, err
	}
	return map[string]any{
		"username": u.Name, "uuid": u.UUID, "firstName": u.FirstName, "lastName": u.LastName, "displayName": u.DisplayName,
		"email": u.Email, "locale": u.Locale, "zone": u.Zone,
	}, nil
}

func (r *Resolver) fetch(ctx context.Context, caller, url string) (any, error) {
	if err := may(r.policy, caller, "http.get"); err != nil {
		return nil, err
	}
	answer, err := r.outbound.Do(ctx, egress.Request{URL: url, MaxBody: maxAnswer})
	if err != nil {
		return nil, err
	}
	if err := answer.Err(r.now()); err != nil {
		return nil, err
	}
	return answer.Value()
}

// may is the fault for what the caller has no right to.
func may(policy *iam.Policy, caller, command string) error {
	if policy.MayRun(caller, command) {
		return nil
	}
	who := caller
	if who == "" {
		who = "nobody"
	}
	return fault.New(fault.IAMDenied, "%s has no right to %s", who, command).
		WithHint("grant %s%s to a role of the identity under iam in the configuration, or use iam.run.as before", iam.RightPrefix, command)
}

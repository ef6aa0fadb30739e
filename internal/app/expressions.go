package app

import (
	"net/url"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/internal/world"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/expr"
)

// expressions makes the language with what its functions find around them.
func (t *Tools) expressions(deps builtin.Deps) *expr.Language {
	c := t.p.Config
	own := publicURL(c)
	t.url.Store(&own)
	properties := world.NewProperties(t.policy, deps.Properties, c.Namespace, t.p.Now)
	return expr.New(expr.Options{
		Now: t.p.Now, Properties: properties, Users: world.NewUsers(t.policy),
		Resolver: world.NewResolver(t.policy, properties, deps.Outbound, t.p.Now),
		Instance: world.NewInstance(world.Facts{
			Version: t.p.Version, Stage: c.Instance.Stage, Domain: domain(c), Namespace: c.Namespace,
			URL: func() string { return *t.url.Load() }, URLs: c.Instance.URLs, Profiles: c.Instance.Profiles,
			Env: c.Instance.Env, Getenv: t.p.Getenv, Started: t.p.Now(), Now: t.p.Now,
		}),
	})
}

func domain(c *configs.Config) string {
	if c.Instance.Domain != "" || c.Ingress.URL == "" {
		return c.Instance.Domain
	}
	u, err := url.Parse(c.Ingress.URL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

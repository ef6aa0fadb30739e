package world

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
)

// Secrets are those of the configuration, for the commands that show them to other servers.
type Secrets struct {
	known    map[string]known
	resolver *secret.Resolver
}

type known struct {
	configs.Secret
	origins []string
}

// NewSecrets checks the settings; values are read when they are used. Faults name the configuration key.
func NewSecrets(settings map[string]configs.Secret, resolver *secret.Resolver) (*Secrets, error) {
	s := &Secrets{map[string]known{}, resolver}
	var faults fault.List
	for name, one := range settings {
		k := known{Secret: one}
		for _, host := range one.Hosts {
			origin, err := egress.OriginOf(host)
			if err != nil {
				faults = append(faults, fault.Wrap(fault.ConfigValue, err, "reading a host").In("secrets."+name+".hosts"))
			}
			k.origins = append(k.origins, origin)
		}
		if one.Format == "header" && one.Header == "" {
			faults = append(faults, fault.New(fault.ConfigValue, "the format header needs the name of a header field").In("secrets."+name+".header"))
		}
		if one.Value.IsZero() {
			faults = append(faults, fault.New(fault.ConfigValue, "the secret has no value").In("secrets."+name+".value"))
		}
		s.known[name] = k
	}
	slices.SortFunc(faults, func(a, b *fault.Error) int { return strings.Compare(a.Error(), b.Error()) })
	return s, faults.Err()
}

// Secret implements builtin.Secrets.
func (s *Secrets) Secret(name, identity, origin string) (builtin.Credential, error) {
	k, found := s.known[name]
	switch {
	case !found:
		return builtin.Credential{}, fault.New(fault.SecretUnknown, "no secret has this name").WithHint("define it under secrets in the configuration")
	case !slices.Contains(k.Identities, identity):
		return builtin.Credential{}, fault.New(fault.SecretDenied, "%s may not use this secret", identity).In("secrets." + name + ".identities")
	case !slices.Contains(k.origins, origin):
		return builtin.Credential{}, fault.New(fault.SecretDenied, "this secret is not for %s", origin).In("secrets." + name + ".hosts")
	}
	text, err := s.resolver.Resolve(k.Value.Reveal())
	if err != nil {
		return builtin.Credential{}, err
	}
	c := builtin.Credential{Field: "Authorization", Hide: s.resolver.Scrubber().Scrub}
	switch k.Format {
	case "header":
		c.Field, c.Value = k.Header, text
	case "username-password":
		c.Value = "Basic " + base64.StdEncoding.EncodeToString([]byte(text))
		if _, password, ok := strings.Cut(text, ":"); ok {
			s.resolver.Scrubber().Add(password)
		}
	default:
		c.Value = "Bearer " + text
	}
	return c, nil
}

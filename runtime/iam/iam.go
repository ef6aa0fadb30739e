// Package iam answers what an identity may do. It is pure: a [Policy] is made once from settings and
// never changes. The engine, the pipeline checker and the admin API ask it.
//
// A right is a pattern over command names and capabilities: CAN_CMD_ and a name, where '*' stands for
// any text (CAN_CMD_mail.*). Nothing is allowed by default. See docs/adr for the reasons.
package iam

import (
	"maps"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// Anonymous is the identity in whose name the runs of webhooks begin.
const Anonymous = "anonymousUser"

// RightPrefix starts every right on a command.
const RightPrefix = "CAN_CMD_"

// Identity is a name that runs and tokens act as.
type Identity struct {
	Roles     []string
	Pipelines []string // patterns of pipeline names that may switch to it with iam.run.as

	// What expressions may know of it; all of it is optional.
	UUID        string `json:"uuid"`
	FirstName   string
	LastName    string
	DisplayName string
	Email       string
	Locale      string // such as de or en-GB
	Zone        string // such as Europe/Berlin
}

// Policy is who may do what. It may be used from many goroutines.
type Policy struct {
	identities map[string]compiled
	people     map[string]Identity
	names      map[string]string // by UUID and mail address in lower case
}

type compiled struct {
	rights    []string // patterns without RightPrefix
	pipelines []string
}

// NewPolicy checks and compiles roles (name to rights) and identities. Every fault is reported, each
// with its configuration key.
func NewPolicy(roles map[string][]string, identities map[string]Identity) (*Policy, error) {
	var faults fault.List
	for role, rights := range roles {
		for _, right := range rights {
			if !strings.HasPrefix(right, RightPrefix) || len(right) == len(RightPrefix) {
				faults = append(faults, fault.New(fault.ConfigValue, "%q is not a right", right).
					In("iam.roles."+role).WithHint("write %s and a command name or pattern, such as %smail.*", RightPrefix, RightPrefix))
			}
		}
	}
	p := &Policy{identities: make(map[string]compiled, len(identities)), people: maps.Clone(identities), names: map[string]string{}}
	for _, name := range keys(identities) {
		id := identities[name]
		for field, ref := range map[string]string{"uuid": id.UUID, "email": id.Email} {
			if ref = strings.ToLower(ref); ref == "" {
				continue
			}
			if other, taken := p.names[ref]; taken {
				faults = append(faults, fault.New(fault.ConfigValue, "%s has it too", other).In("iam.identities."+name+"."+field))
			}
			p.names[ref] = name
		}
		c := compiled{pipelines: id.Pipelines}
		for _, role := range id.Roles {
			rights, ok := roles[role]
			if !ok {
				faults = append(faults, fault.New(fault.IAMUnknown, "unknown role %q", role).
					In("iam.identities."+name+".roles").WithHint("%s", fault.DidYouMean(role, keys(roles))))
			}
			for _, right := range rights {
				c.rights = append(c.rights, strings.TrimPrefix(right, RightPrefix))
			}
		}
		p.identities[name] = c
	}
	slices.SortFunc(faults, func(a, b *fault.Error) int { return strings.Compare(a.Error(), b.Error()) })
	return p, faults.Err()
}

// Known reports whether the identity exists.
func (p *Policy) Known(identity string) bool {
	_, ok := p.identities[identity]
	return ok
}

// Find gives the identity with that name, UUID or mail address.
func (p *Policy) Find(ref string) (name string, id Identity, found bool) {
	if id, found = p.people[ref]; found || ref == "" {
		return ref, id, found
	}
	name, found = p.names[strings.ToLower(ref)]
	return name, p.people[name], found
}

// Names gives the identities, sorted.
func (p *Policy) Names() []string { return keys(p.identities) }

// MayRun reports whether identity may run the command. An unknown identity may nothing.
func (p *Policy) MayRun(identity, command string) bool {
	return matchAny(p.identities[identity].rights, command)
}

// MayActAs reports whether the pipeline may switch to identity.
func (p *Policy) MayActAs(pipeline, identity string) bool {
	return matchAny(p.identities[identity].pipelines, pipeline)
}

func matchAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if match(p, name) {
			return true
		}
	}
	return false
}

// match compares name with a pattern in which '*' stands for any text, also none.
func match(pattern, name string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	if !strings.HasPrefix(name, head) {
		return false
	}
	name = name[len(head):]
	for {
		middle, tail, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, rest)
		}
		i := strings.Index(name, middle)
		if i < 0 {
			return false
		}
		name, rest = name[i+len(middle):], tail
	}
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

package world

import (
	"slices"
	"strings"
	"time"
)

// Facts are what is known of the server. Empty ones are unknown.
type Facts struct {
	Version, Stage, Domain, Namespace string
	URL                               func() string     // its own address; nil = unknown
	URLs                              map[string]string // of the services beside it
	Profiles                          []string
	Env                               []string // names that expressions may read
	Getenv                            func(name string) (string, bool)
	Started                           time.Time
	Now                               func() time.Time
}

// Instance tells expressions about the server.
type Instance struct{ facts Facts }

// NewInstance makes an instance of its facts.
func NewInstance(f Facts) Instance { return Instance{f} }

// Fact implements expr.Instance.
func (i Instance) Fact(name string) (string, bool) {
	f := &i.facts
	v := ""
	switch name {
	case "version":
		v = f.Version
	case "stage":
		v = f.Stage
	case "domain":
		v = f.Domain
	case "namespace":
		v = f.Namespace
	case "url":
		if f.URL != nil {
			v = f.URL()
		}
	default:
		service, _ := strings.CutPrefix(name, "url.")
		v = f.URLs[service]
	}
	return v, v != ""
}

// Profiles implements expr.Instance.
func (i Instance) Profiles() []string { return i.facts.Profiles }

// Uptime implements expr.Instance.
func (i Instance) Uptime() time.Duration { return i.facts.Now().Sub(i.facts.Started) }

// Env implements expr.Instance: only what the configuration names. Package expr refuses names that sound
// like a secret before it asks.
func (i Instance) Env(name string) (string, bool) {
	if i.facts.Getenv == nil || !slices.Contains(i.facts.Env, name) {
		return "", false
	}
	return i.facts.Getenv(name)
}

package ingress

import (
	"errors"
	"slices"
	"time"

	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/ingress/verify/netlist"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// Inspect judges declared webhooks as a directory would, without one: for lint and doctor. References that
// cannot be resolved here are warnings, because the server may have them, and so are secrets that stand in
// a file themselves. Faults and warnings have their places in the files.
func Inspect(list []webhook.Declaration, p *verify.Presets, secrets SecretResolver, lists *netlist.Lists) (faults, warnings fault.List) {
	d := &Directory{presets: p, lists: lists, language: newLanguage(time.Now), now: time.Now} //nolint:forbidigo // nothing is timed
	owners := map[string]string{}
	for _, decl := range list {
		in := inspection{d: d, decl: decl, secrets: secrets}
		in.tokens(owners)
		in.settings()
		for _, f := range in.faults {
			faults = append(faults, decl.Place(f))
		}
		for _, f := range in.warnings {
			warnings = append(warnings, decl.Place(f))
		}
	}
	return faults, warnings
}

type inspection struct {
	d                *Directory
	decl             webhook.Declaration
	secrets          SecretResolver
	faults, warnings fault.List
}

func (in *inspection) tokens(owners map[string]string) {
	in.d.secrets = in.secrets
	for _, ref := range in.decl.Tokens {
		t, err := in.d.declaredToken(ref)
		if err != nil {
			f := fault.Wrap(fault.WebhookInvalid, err, "the token cannot be used").In("token")
			if isReference(ref) && !errors.Is(err, errBadToken) {
				in.warnings = append(in.warnings, f.WithHint("the server needs it"))
			} else {
				in.faults = append(in.faults, f)
			}
			continue
		}
		if owner, taken := owners[t.Hash]; taken {
			in.faults = append(in.faults, errTokenTaken(owner))
		}
		owners[t.Hash] = in.decl.Webhook.ID
	}
}

func (in *inspection) settings() {
	for _, s := range in.decl.Webhook.Verify.Secrets {
		if !isReference(s.Ref) {
			in.warnings = append(in.warnings, fault.New(fault.WebhookInvalid, "a secret stands in the file itself").In("secret").
				WithHint("write env:NAME or file:PATH"))
		}
	}
	stand := &standIn{of: in.secrets}
	in.d.secrets = stand
	_, err := in.d.compile(in.decl.Webhook.Clone(), nil)
	for _, missing := range stand.missing {
		f := fault.Wrap(fault.WebhookInvalid, missing.err, "a reference cannot be resolved here").In(in.parameterOf(missing.ref))
		in.warnings = append(in.warnings, f.WithHint("the server needs it"))
	}
	if err == nil {
		return
	}
	f := asFault(err)
	if len(stand.missing) > 0 && (f.Where == "secrets" || f.Where == "keys" || f.Where == "verifyToken") {
		return // judged a stand-in
	}
	in.faults = append(in.faults, f)
}

// parameterOf finds the setting that holds a reference.
func (in *inspection) parameterOf(ref string) string {
	v := in.decl.Webhook.Verify
	switch {
	case slices.Contains(v.Keys, ref):
		return "keys"
	case slices.Contains(v.Options["verifyToken"], ref):
		return "verifyToken"
	default:
		return "secrets"
	}
}

// standIn gives a text where a reference cannot be resolved, so that the other settings can be judged.
type standIn struct {
	of      SecretResolver
	missing []unresolvedRef
}

type unresolvedRef struct {
	ref string
	err error
}

func (s *standIn) Resolve(ref string) (string, error) {
	text, err := s.of.Resolve(ref)
	if err != nil {
		s.missing = append(s.missing, unresolvedRef{ref, err})
		return "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", nil //nolint:nilerr // it is kept as missing
	}
	return text, nil
}

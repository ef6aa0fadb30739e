package verify

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// listOptions take several values, repeated or separated by commas; the others take one.
//
//nolint:gochecknoglobals // constant data
var listOptions = []string{
	"verifyToken", "origins", "topicArns", "audience", "algorithms", "requiredComponents", "allow", "trustedProxies",
}

// settled gives the preset with the webhook's own settings in it, and the settings with lists taken apart.
func (p *Presets) settled(w webhook.Verify) (*preset, webhook.Verify, error) {
	known, ok := p.byName[w.Preset]
	if !ok {
		return nil, w, invalid("preset", "there is no preset %q", w.Preset).WithHint("%s", fault.DidYouMean(w.Preset, p.names))
	}
	options, err := known.checkOptions(w.Options)
	if err != nil {
		return nil, w, err
	}
	w.Options = options
	if known.off && options.First(optionWeak) != "true" {
		return nil, w, invalid("preset", "the preset %q proves too little to be used by mistake", known.name).
			WithHint("set the option %s to true if the sender has nothing better", optionWeak)
	}
	s, err := known.with(w)
	if err != nil {
		return nil, w, err
	}
	return s, w, nil
}

// checkOptions refuses options that the preset does not take, and empty ones: an empty list of what is
// allowed would be no check at all.
func (s *preset) checkOptions(options webhook.Options) (webhook.Options, error) {
	out := webhook.Options{}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		values := options[name]
		if !slices.Contains(s.settings, name) || name == "tolerance" {
			return nil, invalid(name, "the preset %q does not take this parameter", s.name).
				WithHint("%s", fault.DidYouMean(name, s.settings))
		}
		if slices.Contains(listOptions, name) {
			for _, text := range values {
				for item := range strings.SplitSeq(text, ",") {
					out[name] = append(out[name], strings.TrimSpace(item))
				}
			}
			values = out[name]
		} else if len(values) > 1 {
			return nil, invalid(name, "one value is needed")
		}
		if len(values) == 0 || slices.Contains(values, "") {
			return nil, invalid(name, "a value is empty")
		}
		out[name] = slices.Clone(values)
	}
	return out, nil
}

// with gives the preset with the settings of a webhook that any preset may take.
func (s *preset) with(w webhook.Verify) (*preset, error) {
	out := *s
	out.variants = slices.Clone(s.variants)
	for _, set := range []struct {
		name    string
		into    *string
		allowed []string
	}{
		{"header", &out.signature.header, nil},
		{"algorithm", &out.signature.algorithm, hmacs},
		{"encoding", &out.signature.encoding, encodings},
		{"prefix", &out.signature.prefix, nil},
	} {
		value := w.Options.First(set.name)
		if value == "" {
			continue
		}
		if set.allowed != nil && !slices.Contains(set.allowed, value) {
			return nil, invalid(set.name, "%q is none of %s", value, strings.Join(quoted(set.allowed), ", ")).
				WithHint("%s", fault.DidYouMean(value, set.allowed))
		}
		*set.into = value
	}
	header, parameter := w.Options.First("header"), w.Options.First("parameter")
	if header != "" {
		if err := checkHeader(header); err != nil {
			return nil, invalid("header", "%s", err)
		}
	}
	if out.scheme == "token" {
		switch {
		case header != "" && parameter != "":
			return nil, invalid("parameter", "the token is in a header or in a parameter, not in both")
		case header != "":
			out.token.from = source{kind: fromHeader, name: header}
		case parameter != "":
			out.token.from = source{kind: fromQuery, name: parameter}
		}
		if prefix := w.Options.First("prefix"); prefix != "" {
			out.token.prefix = prefix
		}
		out.signature.header, out.signature.prefix = s.signature.header, s.signature.prefix
	}
	if out.scheme == schemeTemplate && len(out.variants) == 0 && out.signature.header == "" {
		return nil, invalid("header", "the preset %q needs the name of the header that carries the signature", s.name)
	}
	if err := out.setTemplate(w.Options); err != nil {
		return nil, err
	}
	return &out, out.setTolerance(w.Tolerance)
}

// setTolerance sets another allowed age, in seconds; 0 = the preset's own.
func (s *preset) setTolerance(seconds int) error {
	if seconds == 0 {
		return nil
	}
	if seconds < 0 || time.Duration(seconds) > maxTolerance/time.Second {
		return invalid("tolerance", "a tolerance is 1 to %d seconds", maxTolerance/time.Second)
	}
	ages := func(v *preset) bool {
		return v.timed() || v.timestamp.tolerance > 0 || slices.Contains(v.settings, "tolerance")
	}
	if !slices.ContainsFunc(s.each(), ages) {
		return invalid("tolerance", "the preset %q has no timestamp", s.name)
	}
	s.timestamp.tolerance = time.Duration(seconds) * time.Second
	for i, v := range s.variants {
		changed := *v
		changed.timestamp.tolerance = s.timestamp.tolerance
		s.variants[i] = &changed
	}
	return nil
}

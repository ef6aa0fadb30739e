package webhook

import (
	"maps"
	"slices"
)

// Clone gives a copy that shares nothing with w.
func (w Webhook) Clone() Webhook {
	w.Tokens = slices.Clone(w.Tokens)
	w.Tags = slices.Clone(w.Tags)
	w.Methods = slices.Clone(w.Methods)
	w.ContentTypes = slices.Clone(w.ContentTypes)
	w.Verify = w.Verify.Clone()
	w.Allow = slices.Clone(w.Allow)
	w.TrustedProxies = slices.Clone(w.TrustedProxies)
	w.Schema.Document = slices.Clone(w.Schema.Document)
	w.Response.Headers = maps.Clone(w.Response.Headers)
	return w
}

// Clone gives a copy that shares nothing with v.
func (v Verify) Clone() Verify {
	v.Secrets = slices.Clone(v.Secrets)
	v.Keys = slices.Clone(v.Keys)
	v.Options = maps.Clone(v.Options)
	for name, list := range v.Options {
		v.Options[name] = slices.Clone(list)
	}
	return v
}

package expr

import (
	"context"
	"strings"
)

// resolveUtil and uriUtil read what a URI names.
func resolveUtil() []function {
	return []function{{
		name: "@resolve.uri", params: params{exact("uri")}, changing: true, run: resolve,
		summary: "what a URI names, such as $uri:property:path, as far as the server reads its scheme",
		examples: []Example{
			gives(`@resolve.uri('$uri:property:/demo/limit')`, `10`), gives(`@resolve.uri('property:/demo/name')`, `"Demo"`),
			fails(`@resolve.uri('demo')`, "uri of @resolve.uri(uri) has no scheme"),
		},
	}}
}

func uriUtil() []function {
	return []function{{
		name: "@uri.resolve", params: params{exact("uri")}, changing: true, run: resolve,
		summary: "the same as @resolve.uri",
		examples: []Example{
			gives(`@uri.resolve('uri:property:/demo/limit')`, `10`), fails(`@uri.resolve('nowhere:x')`, "reading a URI"),
		},
	}}
}

func resolve(st *state, a args) (any, error) { return st.resolve(a.text(0)) }

func (st *state) resolve(uri string) (any, error) {
	uri = strings.TrimSpace(uri)
	uri = strings.TrimPrefix(strings.TrimPrefix(uri, "$uri:"), "uri:")
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || scheme == "" {
		return nil, refuse(0, "has no scheme").with("write for example $uri:property:path")
	}
	if st.lang.options.Resolver == nil {
		return nil, unavailable("URIs to resolve")
	}
	if err := st.scan(len(uri)); err != nil {
		return nil, err
	}
	var v any
	if err := st.ask("a URI", func(ctx context.Context) (err error) {
		v, err = st.lang.options.Resolver.Resolve(ctx, st.caller(), strings.ToLower(scheme), rest)
		return err
	}); err != nil {
		return nil, err
	}
	return st.admit(v)
}

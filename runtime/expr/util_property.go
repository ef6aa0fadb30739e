package expr

import (
	"context"
	"time"
)

// propertyUtil reads the property store.
func propertyUtil() []function {
	return []function{
		{
			name: "@property.value", params: params{exact("key")}, changing: true,
			run: func(st *state, a args) (any, error) {
				p, err := property(st, a.text(0))
				return p["value"], err
			},
			summary:  "the value of the property at a path, null when there is none",
			examples: []Example{gives(`@property.value('/demo/limit')`, `10`), gives(`@property.value('/demo/none')`, `null`)},
		},
		{
			name: "@property.get", params: params{exact("key")}, changing: true,
			run: func(st *state, a args) (any, error) {
				p, err := property(st, a.text(0))
				if p == nil || err != nil {
					return nil, err
				}
				return p, nil
			},
			summary: "the property at a path: a map of path, type, value, created and updated; null when there is none",
			examples: []Example{
				gives(`@property.get('/demo/name').value`, `"Demo"`), gives(`@property.get('/demo/none')?.value`, `null`),
			},
		},
		{
			name: "@property.values", params: params{exact("pattern")}, changing: true, run: propertyValues,
			summary:  "the values of the properties that a pattern names: * within a level, ** over levels",
			examples: []Example{gives(`@property.values('/demo/*')`, `[10,"Demo"]`), gives(`@property.values('/none/**')`, `[]`)},
		},
	}
}

func property(st *state, path string) (map[string]any, error) {
	store := st.lang.options.Properties
	if store == nil {
		return nil, unavailable("properties")
	}
	var p Property
	var ok bool
	err := st.ask("a property", func(ctx context.Context) (err error) {
		p, ok, err = store.Property(ctx, st.caller(), path)
		return err
	})
	if err != nil || !ok {
		return nil, err
	}
	v, err := st.admit(p.Value)
	if err != nil {
		return nil, err
	}
	out, err := st.object(5)
	if err != nil {
		return nil, err
	}
	out["path"], out["type"], out["value"] = p.Path, p.Type, v
	out["created"], out["updated"] = moment(p.Created), moment(p.Updated)
	return out, st.grow(len(p.Path) + len(p.Type) + 64)
}

// moment writes a time in ISO 8601, an unknown one as null.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(isoFormat)
}

func propertyValues(st *state, a args) (any, error) {
	store := st.lang.options.Properties
	if store == nil {
		return nil, unavailable("properties")
	}
	var found []Property
	if err := st.ask("properties", func(ctx context.Context) (err error) {
		found, err = store.Matching(ctx, st.caller(), a.text(0))
		return err
	}); err != nil {
		return nil, err
	}
	out, err := st.list(len(found))
	if err != nil {
		return nil, err
	}
	for _, p := range found {
		v, err := st.admit(p.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

package configs

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/penstock/penstock/runtime/fault"
)

// decode fills v, a struct or a map, from a merged tree. The product's own sections were checked layer by
// layer; a back end's section meets its types here for the first time.
func decode(v reflect.Value, tree map[string]any, path []string, origins map[string]origin) fault.List {
	var faults fault.List
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		at := append(append([]string{}, path...), key)
		if v.Kind() == reflect.Map {
			item := reflect.New(v.Type().Elem()).Elem()
			faults = append(faults, decodeValue(item, tree[key], rules{}, at, origins)...)
			if v.IsNil() {
				v.Set(reflect.MakeMap(v.Type()))
			}
			v.SetMapIndex(reflect.ValueOf(key), item)
			continue
		}
		f, target, known := target(v, key)
		if !known {
			e := originOf(origins, at).fault(fault.ConfigUnknown, "unknown key %q", display(at))
			if near := fault.Nearest(key, names(v.Type())); near != "" {
				e = e.WithHint("did you mean %q?", display(append(append([]string{}, path...), near)))
			}
			faults = append(faults, e)
			continue
		}
		if !f.remain {
			faults = append(faults, decodeValue(target, tree[key], f.rules, at, origins)...)
			continue
		}
		if target.IsNil() {
			target.Set(reflect.MakeMap(target.Type()))
		}
		item := reflect.New(target.Type().Elem()).Elem()
		faults = append(faults, decodeValue(item, tree[key], rules{}, at, origins)...)
		target.SetMapIndex(reflect.ValueOf(key), item)
	}
	return faults
}

func target(v reflect.Value, key string) (field, reflect.Value, bool) {
	var rest *field
	for _, f := range fieldsOf(v.Type()) {
		if f.name == key && !f.remain {
			return f, v.Field(f.index), true
		}
		if f.remain {
			rest = &f
		}
	}
	if rest == nil {
		return field{}, reflect.Value{}, false
	}
	return *rest, v.Field(rest.index), true
}

func names(t reflect.Type) []string {
	var out []string
	for _, f := range fieldsOf(t) {
		if !f.remain {
			out = append(out, f.name)
		}
	}
	return out
}

func decodeValue(v reflect.Value, raw any, r rules, path []string, origins map[string]origin) fault.List {
	o := originOf(origins, path)
	wrong := func(p *problem) fault.List {
		e := o.fault(p.code, "%s %s", display(path), p.text)
		if p.hint != "" {
			e = e.WithHint("%s", p.hint)
		}
		return fault.List{e}
	}
	s := shapeOf(v.Type())
	if section, ok := raw.(map[string]any); ok {
		switch s {
		case sectionShape:
			return decode(v, section, path, origins)
		case mapShape:
			v.Set(reflect.MakeMap(v.Type()))
			return decode(v, section, path, origins)
		case anyShape:
			v.Set(reflect.ValueOf(plain(section)))
			return nil
		default:
			return wrong(wrongType("has to be a %s, not a section", shapeName(v.Type())))
		}
	}
	l, ok := raw.(leaf)
	if !ok || s == sectionShape || s == mapShape {
		return wrong(wrongType("has to be a section with keys"))
	}
	value, p := convert(l, v.Type(), r)
	if p != nil {
		return wrong(p)
	}
	v.Set(value)
	return nil
}

// plain turns a tree of leaves into ordinary values.
func plain(raw any) any {
	switch raw := raw.(type) {
	case leaf:
		return raw.Plain
	case map[string]any:
		out := make(map[string]any, len(raw))
		for key, item := range raw {
			out[key] = plain(item)
		}
		return out
	default:
		return nil
	}
}

// originOf finds where a key came from; a section's origin is that of its first key.
func originOf(origins map[string]origin, path []string) origin {
	if o, ok := origins[joined(path)]; ok {
		return o
	}
	prefix, first := joined(path)+separator, ""
	for key := range origins {
		if len(key) > len(prefix) && key[:len(prefix)] == prefix && (first == "" || key < first) {
			first = key
		}
	}
	return cmp.Or(origins[first], origin{text: "configuration"})
}

// Section is one part of the configuration whose keys a back end defines. It is a broker.Settings.
type Section struct {
	path    []string
	tree    map[string]any
	origins map[string]origin
}

// Section gives the settings below a key such as broker.nats, an empty section when there are none. A
// part of the key that holds a dot itself stands in double quotes.
func (c *Config) Section(key string) Section {
	path, _ := splitKey(key)
	tree := c.tree
	for _, p := range path {
		tree, _ = tree[p].(map[string]any)
	}
	return Section{path: path, tree: tree, origins: c.origins}
}

// Decode fills the struct (or the map with text as keys) that into points to and leaves fields alone that no key
// names. Names come from the tags koanf, yaml or json, else they are the field's name in snake case; the
// tags values, min, max and form ("required", "address", "url", "networks") are held. Unknown keys and wrong
// values are reported together, each with its origin.
func (s Section) Decode(into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct && v.Elem().Kind() != reflect.Map {
		return fault.New(fault.Internal, "settings are decoded into a struct or a map")
	}
	return decode(v.Elem(), s.tree, s.path, s.origins).Err()
}

// String names the section, so that printing it shows no value.
func (s Section) String() string { return fmt.Sprintf("settings of %s", display(s.path)) }

package configs

import (
	"reflect"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/secret"
)

// field is one key of a section, read from a struct field and its tags: koanf (name, or ",remain" for
// the keys that no other field has), values, min, max, form.
type field struct {
	name   string
	index  int
	kind   reflect.Type
	remain bool // takes the keys that no other field has
	free   bool // the key is the user's own, not one of the product's
	rules  rules
}

// rules are the limits of one value.
type rules struct {
	values   []string
	min, max string
	form     string
}

func rulesOf(tag reflect.StructTag) rules {
	r := rules{min: tag.Get("min"), max: tag.Get("max"), form: tag.Get("form")}
	if v := tag.Get("values"); v != "" {
		r.values = strings.Split(v, "|")
	}
	return r
}

// fieldsOf lists the keys of a section type in the order of the struct.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		name, option, _ := strings.Cut(keyTag(f), ",")
		if name == "-" {
			continue
		}
		if name == "" && option != "remain" {
			name = snake(f.Name)
		}
		out = append(out, field{name: name, index: i, kind: f.Type, remain: option == "remain", rules: rulesOf(f.Tag)})
	}
	return out
}

// keyTag finds the key's name in the tags that settings structs use.
func keyTag(f reflect.StructField) string {
	for _, tag := range []string{"koanf", "yaml", "json"} {
		if v, ok := f.Tag.Lookup(tag); ok {
			return strings.TrimSuffix(strings.TrimSuffix(v, ",omitempty"), ",omitzero")
		}
	}
	return ""
}

func snake(name string) string {
	var b strings.Builder
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			if i > 0 && (name[i-1] < 'A' || name[i-1] > 'Z') {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// shape says how a type appears in a file.
type shape int

const (
	scalarShape  shape = iota
	listShape          // a list of scalars
	sectionShape       // fixed keys
	mapShape           // free keys
	anyShape           // whatever the file holds
)

func shapeOf(t reflect.Type) shape {
	if t == reflect.TypeFor[secret.Value]() || t == reflect.TypeFor[time.Duration]() {
		return scalarShape
	}
	switch t.Kind() {
	case reflect.Struct:
		return sectionShape
	case reflect.Map:
		return mapShape
	case reflect.Slice:
		return listShape
	case reflect.Interface:
		return anyShape
	default:
		return scalarShape
	}
}

// knownKeys lists every fixed key of t, in the struct's order.
func knownKeys(t reflect.Type, prefix []string) [][]string {
	var out [][]string
	for _, f := range fieldsOf(t) {
		if f.remain {
			continue
		}
		path := append(append([]string{}, prefix...), f.name)
		out = append(out, path)
		if shapeOf(f.kind) == sectionShape {
			out = append(out, knownKeys(f.kind, path)...)
		}
	}
	return out
}

// display writes a path for people; a key that holds a dot is quoted.
func display(path []string) string {
	parts := make([]string, len(path))
	for i, p := range path {
		if strings.ContainsAny(p, `."`) || p == "" {
			p = `"` + p + `"`
		}
		parts[i] = p
	}
	return strings.Join(parts, ".")
}

// separator joins paths inside koanf and in maps. No key holds it.
const separator = "\x1f"

func joined(path []string) string { return strings.Join(path, separator) }

package configs

import (
	"fmt"
	"io"
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/secret"
)

// Setting is one value in force and where it came from. A secret is masked; a reference to one is shown.
type Setting struct {
	Key    string `json:"key"`
	Value  any    `json:"value"`
	Origin string `json:"origin"`
}

// Settings lists every value in force, in the order of default.yaml, free keys sorted.
func (c *Config) Settings() []Setting {
	return c.settings(c.tree, reflect.TypeFor[Config](), nil)
}

// Print writes one setting a line, with its origin.
func (c *Config) Print(w io.Writer) error {
	list := c.settings(c.tree, reflect.TypeFor[Config](), nil)
	lines, width := make([]string, len(list)), 0
	for i, s := range list {
		lines[i] = s.Key + ": " + text(s.Value)
		if n := len(lines[i]); n <= 60 {
			width = max(width, n)
		}
	}
	for i, s := range list {
		if _, err := fmt.Fprintf(w, "%-*s  # %s\n", width, lines[i], s.Origin); err != nil {
			return err
		}
	}
	return nil
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		if v == "" || strings.TrimSpace(v) != v || strings.ContainsAny(v, "#\n\"'") {
			return fmt.Sprintf("%q", v)
		}
		return secret.Escape(v)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = text(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		return "{}"
	default:
		return fmt.Sprint(v)
	}
}

func (c *Config) settings(tree map[string]any, t reflect.Type, path []string) []Setting {
	var out []Setting
	for _, key := range ordered(tree, t) {
		at := append(append([]string{}, path...), key)
		section, isMap := tree[key].(map[string]any)
		f, _ := child(t, key, isMap)
		if isMap && len(section) > 0 {
			out = append(out, c.settings(section, f.kind, at)...)
			continue
		}
		s := Setting{Key: display(at), Value: plain(tree[key]), Origin: originOf(c.origins, at).text}
		if l, ok := tree[key].(leaf); ok {
			s.Value = mask(l, f.kind, at)
		}
		out = append(out, s)
	}
	return out
}

// ordered gives the fixed keys in the struct's order and then the free ones sorted.
func ordered(tree map[string]any, t reflect.Type) []string {
	var out []string
	if shapeOf(t) == sectionShape {
		for _, f := range fieldsOf(t) {
			if _, ok := tree[f.name]; ok && !f.remain {
				out = append(out, f.name)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		if !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

// secretName matches keys of back ends that hold secrets, whose types are not known here.
var secretName = regexp.MustCompile(`(?i)pass|secret|token|credential|private|api_?key|access_?key|auth`)

func mask(l leaf, t reflect.Type, path []string) any {
	hidden := t == reflect.TypeFor[secret.Value]() ||
		shapeOf(t) == anyShape && slices.ContainsFunc(path, secretName.MatchString)
	switch {
	case hidden && !l.IsList && (l.Text == "" || secret.IsReference(l.Text)):
		return l.Text
	case hidden:
		return secret.Redacted
	case shapeOf(t) == anyShape && l.IsList:
		items := make([]any, len(l.Items))
		for i, item := range l.Items {
			items[i] = withoutPassword(item)
		}
		return items
	case shapeOf(t) == anyShape && strings.Contains(l.Text, "@"):
		return withoutPassword(l.Text)
	default:
		return l.Plain
	}
}

// withoutPassword masks the password in a URL such as amqp://user:password@host.
func withoutPassword(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	at := strings.LastIndexByte(rest, '@')
	if !ok || at < 0 {
		return text
	}
	user, _, has := strings.Cut(rest[:at], ":")
	if u, err := url.PathUnescape(user); err == nil && has {
		return scheme + "://" + u + ":" + secret.Redacted + rest[at:]
	}
	return scheme + "://" + secret.Redacted + rest[at:]
}

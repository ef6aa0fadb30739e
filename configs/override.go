package configs

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
)

// EnvPrefix starts the name of every environment variable that is a setting. EnvFile is the one that
// names the configuration file; it is read by the CLI.
const (
	EnvPrefix = "PI_"
	EnvFile   = "PI_CONFIG"
)

// serviceLink matches the variables that Kubernetes sets for a service that happens to be called "pi".
var serviceLink = regexp.MustCompile(`^PI_(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP)(_[A-Z]+)?)?)$`)

// envLayer reads the variables PI_SECTION__KEY. Names are compared without regard to case; below is what
// weaker layers say, so that free keys such as anonymousUser or mail.send are found again.
func envLayer(environ []string, below map[string]any) *layer {
	l := newLayer()
	l.spell = func(path []string) string { return EnvPrefix + strings.ToUpper(strings.Join(path, "__")) }
	for _, line := range slices.Sorted(slices.Values(environ)) {
		name, text, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(name, EnvPrefix) || name == EnvFile || serviceLink.MatchString(name) {
			continue
		}
		o := origin{text: "environment " + name}
		path := matchPath(strings.Split(strings.TrimPrefix(name, EnvPrefix), "__"), below)
		l.override(path, text, o)
	}
	return l
}

// matchPath turns the parts of a variable's name into a key.
func matchPath(parts []string, below map[string]any) []string {
	path := make([]string, len(parts))
	for i, part := range parts {
		path[i] = strings.ToLower(part)
		for key := range below {
			if envForm(key) == strings.ToUpper(part) {
				path[i] = key
			}
		}
		below, _ = below[path[i]].(map[string]any)
	}
	return path
}

func envForm(key string) string {
	return strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
}

// setLayer reads key=value texts of the command line.
func setLayer(settings []string) *layer {
	l := newLayer()
	for _, s := range settings {
		key, text, ok := strings.Cut(s, "=")
		path, valid := splitKey(key)
		if !ok || !valid {
			l.faults = append(l.faults, fault.New(fault.CLIUsage, "has to be key=value").In("--set").
				WithHint(`write for example --set store.dir=/var/lib/pi, and quote a part that holds a dot: plugins.grants."mail.send"`))
			continue
		}
		l.override(path, text, origin{text: "--set"})
	}
	return l
}

// splitKey cuts a key at its dots; a part in double quotes may hold dots itself.
func splitKey(key string) ([]string, bool) {
	var path []string
	for rest := key; ; {
		var part string
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			if part, rest, ok = strings.Cut(quoted, `"`); !ok || rest != "" && rest[0] != '.' {
				return nil, false
			}
		} else {
			end := strings.IndexByte(rest, '.')
			if end < 0 {
				end = len(rest)
			}
			part, rest = rest[:end], rest[end:]
		}
		if part == "" {
			return nil, false
		}
		path = append(path, part)
		if rest == "" {
			return path, true
		}
		rest = rest[1:]
	}
}

// override takes one value that a variable or the command line gives as text.
func (l *layer) override(path []string, text string, o origin) {
	l.from = func(*yaml.Node) origin { return o }
	if len(path) > maxDepth || slices.Contains(path, "") || strings.ContainsAny(strings.Join(path, ""), separator) {
		l.faults = append(l.faults, o.fault(fault.ConfigUnknown, "the key is malformed"))
		return
	}
	t, r := reflect.TypeFor[Config](), rules{}
	for i, part := range path {
		f, known := child(t, part, i < len(path)-1 || strings.HasPrefix(strings.TrimSpace(text), "{"))
		if !known {
			if shapeOf(t) == scalarShape || shapeOf(t) == listShape {
				l.faults = append(l.faults, o.fault(fault.ConfigUnknown, "unknown key %q", display(path)).
					WithHint("%s is a single setting", l.spell(path[:i])))
				return
			}
			l.unknown(o, t, path[:i], part, path[i+1:]...)
			return
		}
		t, r = f.kind, f.rules
	}
	n := textNode(text, t)
	if n == nil {
		l.add(o, wrongType("has to be YAML, for example {a: 1} or [a, b]"), path)
		return
	}
	l.value(n, t, r, path)
}

// textNode makes the YAML node that text stands for where a value of type t is wanted; nil = not YAML.
func textNode(text string, t reflect.Type) *yaml.Node {
	plain := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	switch shapeOf(t) {
	case scalarShape:
		return plain
	case listShape:
		if strings.HasPrefix(strings.TrimSpace(text), "[") {
			break
		}
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: part})
			}
		}
		return list
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) != 1 {
		return nil
	}
	return doc.Content[0]
}

package configs

import (
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
)

// fileLayer reads the text of a configuration file. vars gives environment variables.
func fileLayer(data []byte, file string, vars func(string) (string, bool)) *layer {
	l := newLayer()
	if l.base = filepath.Dir(file); l.base == "." {
		l.base = ""
	}
	l.from = func(n *yaml.Node) origin {
		pos := fault.Position{File: file, Line: n.Line}
		return origin{text: pos.String(), pos: pos}
	}
	l.expand = func(text string, o origin) (string, *fault.Error) { return expand(text, vars, o) }
	root, bad := parse(data, file)
	if bad != nil {
		l.faults = append(l.faults, bad)
	}
	if root != nil {
		l.section(root, reflect.TypeFor[Config](), nil)
	}
	return l
}

var variable = regexp.MustCompile(`\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\}|\$\{`)

// expand replaces ${NAME} and ${NAME:-default}; $$ is a plain $. A replaced text is not looked at again.
func expand(text string, vars func(string) (string, bool), o origin) (string, *fault.Error) {
	var bad *fault.Error
	out := variable.ReplaceAllStringFunc(text, func(found string) string {
		if found == "$$" {
			return "$"
		}
		m := variable.FindStringSubmatch(found)
		name, fallback := m[1], m[2]
		v, set := vars(name)
		switch {
		case name == "":
			bad = o.fault(fault.ConfigEnv, "a reference to the environment is malformed").
				WithHint("write ${NAME} or ${NAME:-default}, and $${ for a plain ${")
		case fallback != "" && v == "":
			return strings.TrimPrefix(fallback, ":-")
		case !set:
			bad = o.fault(fault.ConfigEnv, "environment variable %s is not set", name).
				WithHint("set it, or write ${%s:-default}", name)
		}
		return v
	})
	return out, bad
}

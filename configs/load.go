package configs

import (
	_ "embed"
	"errors"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"

	"github.com/penstock/penstock/runtime/fault"
)

//go:embed default.yaml
var defaults []byte

// Default gives the text of default.yaml: every key with its meaning and its default.
func Default() string { return string(defaults) }

// Sources are the layers above the defaults. The zero Sources give the defaults.
type Sources struct {
	File         string                            // path of the configuration file; empty = none
	FileRequired bool                              // whether a missing file is an error
	Environ      func() []string                   // NAME=value lines; nil = an empty environment
	Set          []string                          // key=value, the strongest
	ReadFile     func(path string) ([]byte, error) // nil = os.ReadFile
}

// Load merges and checks all layers. The error is a fault.List of everything that is wrong.
func Load(s Sources) (*Config, error) {
	if s.ReadFile == nil {
		s.ReadFile = os.ReadFile
	}
	var environ []string
	if s.Environ != nil {
		environ = s.Environ()
	}
	m := merger{k: koanf.New(separator), origins: map[string]origin{}}

	base := fileLayer(defaults, "default.yaml", func(string) (string, bool) { return "", false })
	for key := range base.origins {
		base.origins[key] = origin{text: "default"}
	}
	m.add(base)
	if s.File != "" {
		l, err := readLayer(s, lookup(environ))
		if err != nil {
			return nil, err
		}
		m.add(l)
	}
	m.add(envLayer(environ, m.k.Raw()))
	m.add(setLayer(s.Set))
	if err := m.faults.Err(); err != nil {
		return nil, err
	}
	c := &Config{tree: m.k.Raw(), origins: m.origins}
	faults := decode(reflect.ValueOf(c).Elem(), c.tree, nil, c.origins)
	return c, faults.Err()
}

func readLayer(s Sources, vars func(string) (string, bool)) (*layer, error) {
	data, err := s.ReadFile(s.File)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !s.FileRequired:
		return newLayer(), nil
	case err != nil:
		var path *fs.PathError
		if errors.As(err, &path) { // the path is named once, by the position
			err = path.Err
		}
		return nil, fault.Wrap(fault.ConfigRead, err, "reading the configuration").At(fault.Position{File: s.File})
	}
	return fileLayer(data, s.File, vars), nil
}

func lookup(environ []string) func(string) (string, bool) {
	vars := make(map[string]string, len(environ))
	for _, line := range environ {
		if name, text, ok := strings.Cut(line, "="); ok {
			vars[name] = text
		}
	}
	return func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}
}

type merger struct {
	k       *koanf.Koanf
	origins map[string]origin
	faults  fault.List
}

func (m *merger) add(l *layer) {
	m.faults = append(m.faults, l.faults...)
	if err := m.k.Load(confmap.Provider(l.tree, ""), nil); err != nil {
		m.faults = append(m.faults, fault.Wrap(fault.Internal, err, "merging the configuration"))
	}
	maps.Copy(m.origins, l.origins)
}

package verify

import (
	"bytes"
	"embed"
	"errors"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
)

//go:embed presets/*.yaml
var embedded embed.FS

// maxFile is the size of a preset file that is read at most, in bytes.
const maxFile = 256 << 10

var (
	presetName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*$`)
	yamlLine   = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?`)
)

// Load reads the presets that ship and then the *.yaml files in the root of each further file system,
// whose vectors are judged at once; those of the presets that ship are judged by [Presets.Check].
// All faults of all files are reported, each with file and line; two presets of one name are a fault.
func Load(more ...fs.FS) (*Presets, error) {
	shipped, err := fs.Sub(embedded, "presets")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "opening the embedded presets")
	}
	p := &Presets{byName: map[string]*preset{}}
	var faults fault.List
	for i, fsys := range append([]fs.FS{shipped}, more...) {
		files, err := fs.Glob(fsys, "*.yaml")
		if err != nil {
			return nil, fault.Wrap(fault.PresetInvalid, err, "listing presets")
		}
		odd, err := fs.Glob(fsys, "*.yml")
		if err != nil {
			return nil, fault.Wrap(fault.PresetInvalid, err, "listing presets")
		}
		for _, file := range odd {
			faults = append(faults, fault.New(fault.PresetInvalid, "a preset's file ends in .yaml, not in .yml").At(fault.Position{File: file}))
		}
		// Every start of the program waits for this, so the files are read side by side.
		read := make([]*preset, len(files))
		wrong := make([]fault.List, len(files))
		var all sync.WaitGroup
		for n, file := range files {
			all.Go(func() { read[n], wrong[n] = readFile(fsys, file, i > 0) })
		}
		all.Wait()
		for n, file := range files {
			if wrong[n] == nil {
				wrong[n] = p.add(file, read[n])
			}
			faults = append(faults, wrong[n]...)
		}
	}
	slices.Sort(p.names)
	return p, faults.Err()
}

func (p *Presets) add(file string, s *preset) fault.List {
	if _, taken := p.byName[s.name]; taken {
		return fault.List{fault.New(fault.PresetInvalid, "two presets are called %q", s.name).At(fault.Position{File: file})}
	}
	p.byName[s.name] = s
	p.names = append(p.names, s.name)
	return nil
}

// readFile reads one file. A foreign one has to prove itself by its vectors.
func readFile(fsys fs.FS, file string, foreign bool) (*preset, fault.List) {
	at := fault.Position{File: file}
	info, err := fs.Stat(fsys, file)
	if err == nil && info.Size() > maxFile {
		return nil, fault.List{fault.New(fault.PresetInvalid, "the file has more than %d bytes", maxFile).At(at)}
	}
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fault.List{fault.Wrap(fault.PresetInvalid, err, "reading a preset").At(at)}
	}
	s, faults := parsePreset(file, data)
	s.reread = func() ([]byte, error) { return fs.ReadFile(fsys, file) }
	if len(faults) > 0 || !foreign {
		return s, faults
	}
	return s, s.checkVectors()
}

// parsePreset reads everything of a file but its vectors.
func parsePreset(file string, data []byte) (*preset, fault.List) {
	s := &preset{file: file}
	start, end := findVectors(data)
	r := &reader{file: file}
	root := r.document(without(data, start, end))
	if root == nil {
		return s, r.faults
	}
	lines := s.read(r, root)
	if start == end {
		r.fault(root, "the field %q is missing", "vectors")
	}
	if len(r.faults) == 0 {
		s.checkFields(r, root, lines)
	}
	want := strings.TrimSuffix(path.Base(file), ".yaml")
	switch {
	case len(r.faults) > 0:
	case s.name != want:
		r.fault(lines["name"], "the preset is called %q, but its file %q", s.name, want)
	case len(s.name) > 64 || !presetName.MatchString(s.name):
		r.fault(lines["name"], "a preset's name has 1 to 64 small letters, digits, hyphens, underscores and single dots, and begins with a letter or digit")
	}
	return s, r.faults
}

// vectors reads the vectors, which were left out when the preset was loaded.
func (s *preset) vectors() ([]vector, fault.List) {
	r := &reader{file: s.file}
	data, err := s.reread()
	if err != nil {
		return nil, fault.List{fault.Wrap(fault.PresetInvalid, err, "reading a preset").At(fault.Position{File: s.file})}
	}
	start, end := findVectors(data)
	root := r.document(append(blank(data[:start]), data[start:end]...))
	if root == nil {
		return nil, r.faults
	}
	var out []vector
	r.mapping(root, fieldSet{"vectors": func(n *yaml.Node) { out = readVectors(r, n) }})
	refuses := func(v vector) bool { return v.want != accept }
	accepts := func(v vector) bool { return v.want == accept }
	if len(r.faults) == 0 && (!slices.ContainsFunc(out, accepts) || !slices.ContainsFunc(out, refuses)) {
		r.fault(root, "a preset needs a vector that is accepted and one that is refused")
	}
	return out, r.faults
}

// document reads the only document of a YAML text; nil means that there are faults.
func (r *reader) document(text []byte) *yaml.Node {
	at := fault.Position{File: r.file}
	if line := unreadable(text); line > 0 {
		at.Line = line
		r.faults = append(r.faults, fault.New(fault.PresetInvalid, "the file is not UTF-8 without control characters").At(at))
		return nil
	}
	var doc yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && len(doc.Content) != 1 {
		r.faults = append(r.faults, fault.New(fault.PresetInvalid, "the file is empty").At(at))
		return nil
	}
	if err != nil {
		found := yamlLine.FindStringSubmatch(err.Error())
		what := strings.TrimPrefix(err.Error(), found[0])
		if at.Line, err = strconv.Atoi(found[1]); err != nil {
			at.Line = 1 // the library leaves the first line out
		}
		r.faults = append(r.faults, fault.New(fault.PresetInvalid, "reading YAML: %s", what).At(at))
		return nil
	}
	if d.Decode(new(yaml.Node)) == nil {
		r.faults = append(r.faults, fault.New(fault.PresetInvalid, "the file holds several documents").At(at))
		return nil
	}
	return doc.Content[0]
}

// unreadable gives the line of the first character that no preset file may hold, 0 where there is none.
func unreadable(text []byte) int {
	for at, rest := 0, text; len(rest) > 0; rest = text[at:] {
		c, size := utf8.DecodeRune(rest)
		if c == utf8.RuneError && size == 1 || c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return bytes.Count(text[:at], []byte{'\n'}) + 1
		}
		at += size
	}
	return 0
}

// findVectors finds the list of vectors: most of a file is vectors, and only tests and checks need them.
// The list begins at a line "vectors:" and ends at the next line that begins with neither a space, a "-"
// nor a "#"; start and end are equal where there is none.
func findVectors(data []byte) (start, end int) {
	const word = "vectors:"
	if !bytes.HasPrefix(data, []byte(word)) {
		if start = bytes.Index(data, []byte("\n"+word)) + 1; start == 0 {
			return 0, 0
		}
	}
	for end = start; ; {
		next := bytes.IndexByte(data[end:], '\n')
		if next < 0 {
			return start, len(data)
		}
		end += next + 1
		line := data[end:]
		if len(line) > 0 && !bytes.ContainsAny(line[:1], " -#\r\n") || bytes.HasPrefix(line, []byte("---")) {
			return start, end
		}
	}
}

// without gives the file without its vectors; all lines keep their numbers.
func without(data []byte, start, end int) []byte {
	if end == len(data) {
		return data[:start]
	}
	return slices.Concat(data[:start], blank(data[start:end]), data[end:])
}

// blank gives as many ends of lines as the text has.
func blank(text []byte) []byte {
	return bytes.Repeat([]byte{'\n'}, bytes.Count(text, []byte{'\n'}))
}

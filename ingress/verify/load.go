package verify

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
)

//go:embed presets/*.yaml
var embedded embed.FS

// maxFile is the size of a preset file that is read at most, in bytes.
const maxFile = 256 << 10

// Load reads the presets that ship and then the *.yaml files in the root of each further file system.
// All faults of all files are reported, each with file and line; two presets of one name are a fault.
func Load(more ...fs.FS) (*Presets, error) {
	shipped, err := fs.Sub(embedded, "presets")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "opening the embedded presets")
	}
	p := &Presets{byName: map[string]*preset{}}
	var faults fault.List
	for _, fsys := range append([]fs.FS{shipped}, more...) {
		files, err := fs.Glob(fsys, "*.yaml")
		if err != nil {
			return nil, fault.Wrap(fault.PresetInvalid, err, "listing presets")
		}
		for _, file := range files {
			faults = append(faults, p.add(fsys, file)...)
		}
	}
	slices.Sort(p.names)
	return p, faults.Err()
}

func (p *Presets) add(fsys fs.FS, file string) fault.List {
	at := fault.Position{File: file}
	info, err := fs.Stat(fsys, file)
	if err == nil && info.Size() > maxFile {
		return fault.List{fault.New(fault.PresetInvalid, "the file has more than %d bytes", maxFile).At(at)}
	}
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return fault.List{fault.Wrap(fault.PresetInvalid, err, "reading a preset").At(at)}
	}
	s, faults := parsePreset(file, data)
	if len(faults) > 0 {
		return faults
	}
	if _, taken := p.byName[s.name]; taken {
		return fault.List{fault.New(fault.PresetInvalid, "two presets are called %q", s.name).At(at)}
	}
	p.byName[s.name] = s
	p.names = append(p.names, s.name)
	return nil
}

func parsePreset(file string, data []byte) (*preset, fault.List) {
	r := &reader{file: file}
	var doc yaml.Node
	d := yaml.NewDecoder(strings.NewReader(string(data)))
	if err := d.Decode(&doc); err != nil {
		return nil, fault.List{fault.Wrap(fault.PresetInvalid, err, "reading YAML").At(fault.Position{File: file})}
	}
	if len(doc.Content) != 1 {
		return nil, fault.List{fault.New(fault.PresetInvalid, "the file is empty").At(fault.Position{File: file})}
	}
	if d.Decode(new(yaml.Node)) == nil {
		return nil, fault.List{fault.New(fault.PresetInvalid, "the file holds several documents").At(fault.Position{File: file})}
	}
	s := &preset{}
	s.signature.algorithm, s.signature.encoding, s.secret.form = "sha256", "hex", "text"
	root := doc.Content[0]
	lines := s.read(r, root)
	if len(r.faults) == 0 {
		s.check(r, root, lines)
	}
	if want := strings.TrimSuffix(path.Base(file), ".yaml"); len(r.faults) == 0 && s.name != want {
		r.fault(lines["name"], "the preset is called %q, but its file %q", s.name, want)
	}
	return s, r.faults
}

// read fills s and gives the node of each field, for faults found later.
func (s *preset) read(r *reader, root *yaml.Node) map[string]*yaml.Node {
	lines := map[string]*yaml.Node{}
	note := func(name string, f func(*yaml.Node)) func(*yaml.Node) {
		return func(n *yaml.Node) { lines[name] = n; f(n) }
	}
	r.mapping(root, map[string]func(*yaml.Node){
		"name":    note("name", r.text(&s.name)),
		"summary": r.text(&s.summary),
		"docs":    r.text(&s.docs),
		"signature": note("signature", func(n *yaml.Node) {
			r.mapping(n, map[string]func(*yaml.Node){
				"header":    r.header(&s.signature.header),
				"algorithm": r.oneOf(&s.signature.algorithm, algorithms),
				"encoding":  r.oneOf(&s.signature.encoding, encodings),
				"prefix":    r.text(&s.signature.prefix),
				"separator": r.oneOf(&s.signature.separator, separators),
			})
		}),
		"signed": note("signed", func(n *yaml.Node) {
			var text string
			r.text(&text)(n)
			var err error
			if s.signed, err = parseTemplate(text); err != nil && n.Kind == yaml.ScalarNode {
				r.fault(n, "%s", err)
			}
		}),
		"timestamp": note("timestamp", func(n *yaml.Node) {
			r.mapping(n, map[string]func(*yaml.Node){
				"header":    r.header(&s.timestamp.header),
				"prefix":    r.text(&s.timestamp.prefix),
				"form":      r.oneOf(&s.timestamp.form, timeForms),
				"tolerance": r.seconds(&s.timestamp.tolerance),
			})
		}),
		"secret": func(n *yaml.Node) {
			r.mapping(n, map[string]func(*yaml.Node){
				"form":   r.oneOf(&s.secret.form, secretForms),
				"prefix": r.text(&s.secret.prefix),
				"min":    r.number(&s.secret.min, 1, 4096),
				"max":    r.number(&s.secret.max, 1, 4096),
			})
		},
		"delivery": note("delivery", func(n *yaml.Node) {
			r.mapping(n, map[string]func(*yaml.Node){
				"header": r.header(&s.delivery.header),
				"digest": r.oneOf(&s.delivery.digest, digestForms),
			})
		}),
		"handshake": note("handshake", func(n *yaml.Node) {
			r.mapping(n, map[string]func(*yaml.Node){
				"field":  r.text(&s.handshake.field),
				"equals": r.text(&s.handshake.equals),
				"answer": r.text(&s.handshake.answer),
			})
		}),
		"event": func(n *yaml.Node) {
			r.mapping(n, map[string]func(*yaml.Node){"header": r.header(&s.eventHeader)})
		},
		"settings": func(n *yaml.Node) { r.list(n, settingList, &s.settings) },
		"vectors":  note("vectors", func(n *yaml.Node) { s.vectors = readVectors(r, n) }),
	})
	return lines
}

// check finds what single fields cannot show.
func (s *preset) check(r *reader, root *yaml.Node, lines map[string]*yaml.Node) {
	at := func(name string) *yaml.Node {
		if n := lines[name]; n != nil {
			return n
		}
		return root
	}
	for _, name := range []string{"name", "signature", "signed", "vectors"} {
		if lines[name] == nil {
			r.fault(root, "the field %q is missing", name)
		}
	}
	if s.signature.header == "" && !slices.Contains(s.settings, "header") {
		r.fault(at("signature"), "the signature has no header")
	}
	t := &s.timestamp
	if strings.EqualFold(t.header, s.signature.header) {
		t.header = s.signature.header
	}
	switch timed := lines["timestamp"] != nil; {
	case timed && (t.header == "" || t.form == "" || t.tolerance == 0):
		r.fault(at("timestamp"), "a timestamp needs header, form and tolerance")
	case timed && !has(s.signed, timestampPart):
		r.fault(at("signed"), "the template does not contain {timestamp}, so the timestamp would not be proven")
	case !timed && has(s.signed, timestampPart):
		r.fault(at("signed"), "the template contains {timestamp}, but the preset has no timestamp")
	case t.header != "" && t.header == s.signature.header && (t.prefix == "" || s.signature.separator == "" || s.signature.prefix == ""):
		r.fault(at("timestamp"), "a timestamp in the signature's header needs a prefix for itself and the signature, and a separator")
	}
	if has(s.signed, idPart) && s.delivery.header == "" {
		r.fault(at("signed"), "the template contains {id}, but the preset has no delivery header")
	}
	if s.delivery.header != "" && s.delivery.digest != "" {
		r.fault(at("delivery"), "a delivery is named by a header or by a digest, not by both")
	}
	if h := s.handshake; lines["handshake"] != nil && (h.field == "" || h.equals == "" || h.answer == "") {
		r.fault(at("handshake"), "a handshake needs field, equals and answer")
	}
	accepted, refused := 0, 0
	for _, v := range s.vectors {
		if v.want == accept {
			accepted++
		} else {
			refused++
		}
	}
	if lines["vectors"] != nil && (accepted == 0 || refused == 0) {
		r.fault(at("vectors"), "a preset needs a vector that is accepted and one that is refused")
	}
}

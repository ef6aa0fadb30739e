package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
)

// Suffix is how the name of a pipeline file ends, SuffixJSON that of one in JSON; MaxSize is how large one
// may be, in bytes.
const (
	Suffix     = ".pi.yaml"
	SuffixJSON = ".pi.json"
	MaxSize    = 256 << 10
)

// Document is a pipeline file that was read, but whose names and expressions were not checked yet.
type Document struct {
	name    string
	file    string
	version string
	src     []byte
	headers *node   // a map, or nil
	vars    *node   // a map, or nil
	body    *node   // nil for null
	entries []entry // of the section pipeline

	mentions mentions
}

// mentions says which words occur anywhere in the text. What a file never mentions is not made for its runs.
type mentions struct{ context, event, exception, caller bool }

func mentionsOf(src []byte) mentions {
	escaped := bytes.Contains(src, []byte(`\u`)) || bytes.Contains(src, []byte(`\U`)) || bytes.Contains(src, []byte(`\x`))
	says := func(word string) bool { return escaped || bytes.Contains(src, []byte(word)) }
	return mentions{context: says("context"), event: says("event"), exception: says("exception"), caller: says("@user") || says("@property") || says("@resolve") || says("@uri") || says("@content")}
}

// Name is the pipeline's name: the file's name without its suffix.
func (d *Document) Name() string { return d.name }

// Parse reads the text of a pipeline file: JSON when file ends in [SuffixJSON], else YAML. file is shown in
// positions; its last element gives the name of the pipeline. The error is a fault.List with every fault of form, in the order of their positions. When
// the text is YAML, the document is not nil even then and holds what could be understood, so that a
// caller may look for faults of meaning too.
func Parse(file string, src []byte) (*Document, error) {
	name, _ := cutSuffix(filepath.Base(file))
	return parse(file, name, src)
}

// cutSuffix takes the suffix of a pipeline file off; false when file is none.
func cutSuffix(file string) (name string, ok bool) {
	if name, ok = strings.CutSuffix(file, Suffix); ok {
		return name, true
	}
	return strings.CutSuffix(file, SuffixJSON)
}

func parse(file, name string, src []byte) (*Document, error) {
	return parseForm(formOf(file), file, name, src)
}

// VersionOf gives the version of a pipeline with this text, as [Plan.Version] does.
func VersionOf(src []byte) string {
	sum := sha256.Sum256(src)
	return hex.EncodeToString(sum[:6])
}

func parseForm(form Form, file, name string, src []byte) (*Document, error) {
	f := &faults{file: file}
	d := &Document{
		name: name, file: file, version: VersionOf(src), src: src,
		mentions: mentionsOf(src),
	}
	if err := checkName(d.name); err != nil {
		f.addErr(err, 0, 0)
	}
	root := form.reader()(f, src)
	if root == nil {
		return nil, f.err()
	}
	d.sections(f, root)
	return d, f.err()
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func checkName(name string) error {
	if nameForm.MatchString(name) && !strings.Contains(name, "..") {
		return nil
	}
	return fault.New(fault.PipelineInvalid, "%q cannot be the name of a pipeline", short(name)).
		WithHint("name the file with 1 to 64 of a-z 0-9 . _ - in front of %s, beginning with a letter or digit", Suffix)
}

// readLines gives the lines of the text, nil when it is too large or not UTF-8.
func readLines(f *faults, src []byte) []string {
	if len(src) > MaxSize {
		f.add(fault.PipelineSyntax, 1, 1, "the file is larger than %d KiB", MaxSize>>10)
		return nil
	}
	lines := strings.Split(strings.TrimPrefix(string(src), "\ufeff"), "\n")
	for i, l := range lines {
		if !utf8.ValidString(l) {
			f.add(fault.PipelineSyntax, i+1, 1, "the text is not UTF-8")
			return nil
		}
	}
	return lines
}

// readYAML gives the one document of the text, nil when it is not YAML.
func readYAML(f *faults, src []byte) (root *node) {
	lines := readLines(f, src)
	if lines == nil {
		return nil
	}
	defer func() {
		if recover() != nil { // the parser is not ours; a file must not be able to end the process
			f.add(fault.PipelineSyntax, 1, 1, "the text is not YAML")
			root = nil
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	var first, second yaml.Node
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF):
		f.add(fault.PipelineSyntax, 1, 1, "the file is empty").hint("begin with the section pipeline")
		return nil
	case err != nil:
		syntaxFault(f, lines, err)
		return nil
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		syntaxFault(f, lines, err)
	default:
		f.add(fault.PipelineSyntax, second.Line, second.Column, "a file holds one pipeline, this begins another one").
			hint("write it to a file of its own")
	}
	r := &reader{faults: f, lines: lines}
	return r.read(first.Content[0], 1)
}

var sectionNames = []string{"headers", "vars", "pipeline", "body"} //nolint:gochecknoglobals // constant data

func (d *Document) sections(f *faults, root *node) {
	if root.kind != mapNode {
		f.add(fault.PipelineSyntax, root.line, root.col, "a pipeline file is a map of sections, not %s", root.typeName()).
			hint("begin with the section pipeline")
		return
	}
	var list *node
	for i, k := range root.keys {
		n := root.items[i]
		switch k.name {
		case "headers":
			d.headers = mapSection(f, k, n)
		case "vars":
			d.vars = mapSection(f, k, n)
		case "pipeline":
			list = n
		case "body":
			d.body = n
		default:
			added := f.add(fault.PipelineInvalid, k.line, k.col, "unknown section %q", short(k.name))
			if hint := fault.DidYouMean(k.name, sectionNames); hint != "" {
				added.hint("%s", hint)
			} else {
				added.hint("the sections are headers, vars, pipeline and body")
			}
		}
	}
	switch {
	case list == nil:
		f.add(fault.PipelineInvalid, root.line, root.col, "the section pipeline is missing")
	case list.isNull(), list.kind == listNode && len(list.items) == 0:
		f.add(fault.PipelineInvalid, list.line, list.col, "the section pipeline has no commands")
	case list.kind != listNode:
		f.add(fault.PipelineInvalid, list.line, list.col, "the section pipeline is a list of commands, not %s", list.typeName()).
			hint(`begin every command with "- "`)
	default:
		d.entries = shape(f, list, 1)
	}
}

func mapSection(f *faults, k key, n *node) *node {
	if n.isNull() {
		return nil
	}
	if n.kind != mapNode {
		f.add(fault.PipelineInvalid, n.line, n.col, "the section %s is a map of names and values, not %s", k.name, n.typeName())
		return nil
	}
	return n
}

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

// Suffix is how the name of a pipeline file ends; MaxSize is how large one may be, in bytes.
const (
	Suffix  = ".pi.yaml"
	MaxSize = 256 << 10
)

// Document is a pipeline file that was read, but whose names and expressions were not checked yet.
type Document struct {
	name    string
	file    string
	version string
	headers *node // a map, or nil
	vars    *node // a map, or nil
	body    *node // nil for null
	calls   []call

	mentionsContext, mentionsEvent bool
}

// call is one entry of the section pipeline.
type call struct {
	line, col int    // of the command's name
	command   string // without a version
	params    *node  // a map, or nil
	short     *node  // the scalar or list behind the name, or nil
}

// Name is the pipeline's name: the file's name without [Suffix].
func (d *Document) Name() string { return d.name }

// Parse reads the text of a pipeline file. file is shown in positions; its last element gives the name of
// the pipeline. The error is a fault.List with every fault of form, in the order of their positions. When
// the text is YAML, the document is not nil even then and holds what could be understood, so that a
// caller may look for faults of meaning too.
func Parse(file string, src []byte) (*Document, error) {
	return parse(file, strings.TrimSuffix(filepath.Base(file), Suffix), src)
}

func parse(file, name string, src []byte) (*Document, error) {
	f := &faults{file: file}
	sum := sha256.Sum256(src)
	d := &Document{
		name: name, file: file, version: hex.EncodeToString(sum[:6]),
		mentionsContext: bytes.Contains(src, []byte("context")),
		mentionsEvent:   bytes.Contains(src, []byte("event")),
	}
	if err := checkName(d.name); err != nil {
		f.addErr(err, 0, 0)
	}
	root := readYAML(f, src)
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

// readYAML gives the one document of the text, nil when it is not YAML.
func readYAML(f *faults, src []byte) (root *node) {
	if len(src) > MaxSize {
		f.add(fault.PipelineSyntax, 1, 1, "the file is larger than %d KiB", MaxSize>>10)
		return nil
	}
	lines := strings.Split(strings.TrimPrefix(string(src), "\ufeff"), "\n")
	if !utf8.Valid(src) {
		for i, l := range lines {
			if !utf8.ValidString(l) {
				f.add(fault.PipelineSyntax, i+1, 1, "the text is not UTF-8")
				break
			}
		}
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
		for _, item := range list.items {
			d.call(f, item)
		}
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

// call reads one entry in any of its forms: a name, or a map of the name to a map, a scalar or a list.
func (d *Document) call(f *faults, n *node) {
	switch {
	case n.kind == mapNode && len(n.keys) == 1:
		k, item := n.keys[0], n.items[0]
		c := call{line: k.line, col: k.col, command: commandName(f, k.name, k.line, k.col)}
		switch {
		case item.kind == mapNode:
			c.params = item
		case !item.isNull():
			c.short = item
		}
		d.calls = append(d.calls, c)
	case n.kind == mapNode && len(n.keys) > 1:
		k := n.keys[1]
		f.add(fault.PipelineInvalid, k.line, k.col, "%q stands beside the command %q, not below it", short(k.name), short(n.keys[0].name)).
			hint("indent the parameters of a command further than its name, and begin every command with \"- \"")
	case n.kind == mapNode:
		f.add(fault.PipelineInvalid, n.line, n.col, "an empty map names no command")
	default:
		name, ok := n.text()
		if !ok {
			f.add(fault.PipelineInvalid, n.line, n.col, "a command is a name, alone or with its parameters, not %s", n.typeName())
			return
		}
		d.calls = append(d.calls, call{line: n.line, col: n.col, command: commandName(f, name, n.line, n.col)})
	}
}

var versionForm = regexp.MustCompile(`^v[0-9]+$`)

// commandName takes the version off a name. There is one version of every command.
func commandName(f *faults, text string, line, col int) string {
	name, version, versioned := strings.Cut(text, ":")
	if !versioned || !versionForm.MatchString(version) {
		return text
	}
	if version != "v1" {
		f.add(fault.PipelineUnsupported, line, col, "%s has no version %s", short(name), short(version)).hint("write %s", short(name))
	}
	return name
}

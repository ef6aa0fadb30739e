package lsp

import (
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/penstock/penstock/configs/webhooks"
	"github.com/penstock/penstock/internal/lsp/loose"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// The limits of what is read from the disk.
const (
	maxFiles   = 20_000 // pipelines and webhooks
	maxEntries = 500_000
)

// maxOpen is the largest text that is kept for the editor.
const maxOpen = 2 << 20

// suffixes are those of the files that are read from the disk. Files of other forms count while they are open.
func suffixes() []string {
	return []string{pipeline.Suffix, pipeline.SuffixJSON, webhooks.Suffix}
}

func isOurs(name string) bool {
	return slices.ContainsFunc(suffixes(), func(s string) bool { return strings.HasSuffix(name, s) })
}

// document is a file that the editor has open, or one on the disk.
type document struct {
	uri     string
	path    string // with slashes; see nameOf
	text    *text
	version int
	open    bool
	refused bool // too large to be kept

	facts *outline // of text; nil = not read yet
}

// workspace is the files that the editor has open and those on the disk around them.
type workspace struct {
	words     *vocabulary
	pipelines string // folder of one set
	roots     []string
	scanned   bool
	open      map[string]*document // by URI
	disk      map[string]*document // by path
}

func newWorkspace(words *vocabulary, pipelines string) *workspace {
	return &workspace{words: words, pipelines: filepath.ToSlash(pipelines), open: map[string]*document{}, disk: map[string]*document{}}
}

// pathOf gives the path of a file URI with slashes; false for other URIs.
func pathOf(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Path == "" {
		return "", false
	}
	return path.Clean(u.Path), true
}

func uriOf(name string) string { return (&url.URL{Scheme: "file", Path: name}).String() }

// nameOf gives a document its name: a path, or for a text that is no file yet one that a pipeline may have.
func nameOf(uri string) string {
	if name, ok := pathOf(uri); ok {
		return name
	}
	name := uri
	if u, err := url.Parse(uri); err == nil {
		name = path.Base(u.Path + u.Opaque)
	}
	name = strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "-"), "-._")
	if len(name) > maxName || name == "" {
		name = "untitled"
	}
	if isOurs(name) {
		return name
	}
	return name + pipeline.Suffix
}

const maxName = 40

var notInNames = regexp.MustCompile(`[^a-z0-9._-]+`)

func (w *workspace) addRoot(uri string) {
	if root, ok := pathOf(uri); ok && !slices.Contains(w.roots, root) {
		w.roots, w.scanned = append(w.roots, root), false
	}
}

func (w *workspace) removeRoot(uri string) {
	root, _ := pathOf(uri)
	w.roots = slices.DeleteFunc(w.roots, func(r string) bool { return r == root })
	for name := range w.disk {
		if within(name, root) {
			delete(w.disk, name)
		}
	}
}

func within(name, dir string) bool {
	return dir != "" && (name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/"))
}

// scan reads the files below roots, without those of tools. It looks at the disk only, so no lock is needed.
func scan(roots []string) map[string]string {
	found, entries := map[string]string{}, 0
	for _, root := range roots {
		_ = filepath.WalkDir(filepath.FromSlash(root), func(name string, d fs.DirEntry, err error) error {
			if entries++; entries > maxEntries || len(found) >= maxFiles {
				return fs.SkipAll
			}
			switch {
			case err != nil && d != nil && d.IsDir():
				return fs.SkipDir
			case err != nil: // what cannot be read is not there
				return nil //nolint:nilerr // see above
			case d.IsDir() && filepath.ToSlash(name) != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
				return fs.SkipDir
			case d.Type().IsRegular() && isOurs(d.Name()):
				if text, ok := readFile(name); ok {
					found[filepath.ToSlash(name)] = text
				}
			}
			return nil
		})
	}
	return found
}

// readFile reads a file of a size that a pipeline may have.
func readFile(name string) (string, bool) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > pipeline.MaxSize {
		return "", false
	}
	text, err := os.ReadFile(name)
	return string(text), err == nil && len(text) <= pipeline.MaxSize
}

// put notes the text of a file on the disk.
func (w *workspace) put(name, content string) {
	if known := w.disk[name]; known == nil || known.text.s != content {
		w.disk[name] = &document{uri: uriOf(name), path: name, text: newText(content)}
	}
}

// refresh reads one file of the disk again.
func (w *workspace) refresh(uri string) {
	name, ok := pathOf(uri)
	if !ok || !isOurs(name) {
		return
	}
	if content, ok := readFile(filepath.FromSlash(name)); ok {
		w.put(name, content)
		return
	}
	delete(w.disk, name)
}

// all gives every file once: as the editor has it where it is open.
func (w *workspace) all() []*document {
	byPath := make(map[string]*document, len(w.disk)+len(w.open))
	for name, d := range w.disk {
		byPath[name] = d
	}
	for _, d := range w.open {
		if isOurs(d.path) && !d.refused {
			byPath[d.path] = d
		}
	}
	out := make([]*document, 0, len(byPath))
	for _, d := range byPath {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b *document) int { return strings.Compare(a.path, b.path) })
	return out
}

// outline reads what a file says, once for each text.
func (w *workspace) outline(d *document) *outline {
	if d.facts == nil {
		d.facts = w.words.outline(d.path, loose.Parse(d.text.s))
	}
	return d.facts
}

// dir gives the folder whose pipelines are one set with a file: the one of the configuration, else one of that
// name that the file lies in, else its own. A text that is no file, or one outside of the workspace, stands alone:
// "".
func (w *workspace) dir(d *document) string {
	if !slices.ContainsFunc(w.roots, func(root string) bool { return within(d.path, root) }) {
		return ""
	}
	if within(d.path, w.pipelines) {
		return w.pipelines
	}
	base := path.Base(w.pipelines)
	for dir := path.Dir(d.path); w.pipelines != "" && dir != "/"; dir = path.Dir(dir) {
		if path.Base(dir) == base {
			return dir
		}
	}
	return path.Dir(d.path)
}

// name gives the name of the pipeline in a file of a folder; false when the file is none of it.
func (w *workspace) name(d *document, dir string) (string, bool) {
	if w.words.form(d.path) != nil || w.dir(d) != dir || dir == "" {
		return "", false
	}
	return pipeline.PlanName(strings.TrimPrefix(strings.TrimPrefix(d.path, dir), "/")), true
}

// view is the workspace as one file sees it.
type view struct {
	*workspace
	of *document
}

func (v view) pipelines() (names []string) {
	dir := v.dir(v.of)
	for _, d := range v.all() {
		if name, ok := v.name(d, dir); ok && d.path != v.of.path {
			names = append(names, name)
		}
	}
	return names
}

func (v view) events() (keys []string) {
	for _, d := range v.all() {
		if d.path != v.of.path {
			keys = append(keys, v.outline(d).events...)
		}
	}
	return keys
}

// find gives the file of a pipeline of the same set; nil when there is none.
func (v view) find(name string) *document {
	dir := v.dir(v.of)
	for _, d := range v.all() {
		if own, ok := v.name(d, dir); ok && own == name {
			return d
		}
	}
	return nil
}

// sources gives the webhooks of the workspace as what makes events.
func (w *workspace) sources() (out []lint.Source) {
	for _, d := range w.all() {
		if strings.HasSuffix(d.path, webhooks.Suffix) {
			for _, key := range w.outline(d).events {
				out = append(out, lint.Source{Key: key, What: "the webhook " + path.Base(d.path)})
			}
		}
	}
	return out
}

// lintFiles gives the pipelines of the workspace.
func (w *workspace) lintFiles() (out []lint.File) {
	for _, d := range w.all() {
		if w.words.form(d.path) == nil {
			out = append(out, lint.File{Name: d.path, Text: d.text.s, Dir: w.dir(d)})
		}
	}
	return out
}

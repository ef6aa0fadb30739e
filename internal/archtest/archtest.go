// Package archtest holds the rules that keep the rooms apart: imports point down only, each fenced
// library has one home, requests leave through one client, every package has a comment. The rules are data in rules.go; the tests apply
// them to this repository and to planted offences in testdata, which prove that each rule bites.
package archtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Module is the module path of the product.
const Module = "github.com/penstock/penstock"

// File is one Go source file as far as the rules look at it.
type File struct {
	Path    string // slash-separated, from the repository's root
	Package string // import path below Module, "" for the root
	Test    bool
	Imports []string
	Doc     bool     // has a package comment
	WaysOut []string // what it uses to connect to others, as "import/path.Name"
}

// Load parses all Go files below root. Nested modules, testdata and hidden
// folders are left out.
func Load(root fs.FS) ([]File, error) {
	var files []File
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != "." && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
				return fs.SkipDir
			}
			if _, err := fs.Stat(root, path.Join(p, "go.mod")); p != "." && err == nil {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(p) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), p, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		f := File{Path: p, Package: path.Dir(p), Test: strings.HasSuffix(p, "_test.go"), Doc: syntax.Doc != nil, WaysOut: waysOut(syntax)}
		for _, imp := range syntax.Imports {
			name, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			f.Imports = append(f.Imports, name)
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// Check applies every rule and gives one line per offence, sorted.
func Check(files []File) []string {
	var out []string
	documented := map[string]bool{}
	for _, f := range files {
		if !f.Test {
			documented[f.Package] = documented[f.Package] || f.Doc
		}
		out = append(out, checkFences(f)...)
		out = append(out, checkOutbound(f)...)
		if !f.Test {
			out = append(out, checkLayers(f)...)
		}
	}
	for pkg, ok := range documented {
		if !ok {
			out = append(out, fmt.Sprintf("%s: package has no comment that says what it is", pkg))
		}
	}
	slices.Sort(out)
	return out
}

func checkFences(f File) []string {
	var out []string
	for _, fence := range fences {
		for _, imp := range f.Imports {
			if !within(imp, fence.library) || slices.ContainsFunc(fence.homes, func(h string) bool { return within(f.Package, h) }) {
				continue
			}
			if f.Test && fence.tests {
				continue
			}
			out = append(out, fmt.Sprintf("%s: imports %s, whose only home is %s", f.Path, imp, strings.Join(fence.homes, ", ")))
		}
	}
	return out
}

func checkLayers(f File) []string {
	from, ok := layerOf(f.Package)
	if !ok {
		return []string{fmt.Sprintf("%s: the package has no layer; add it to internal/archtest/rules.go", f.Path)}
	}
	var out []string
	for _, imp := range f.Imports {
		to, ours := strings.CutPrefix(imp, Module+"/")
		if !ours {
			if from == 0 && strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") && !slices.Contains(leafLibraries, imp) {
				out = append(out, fmt.Sprintf("%s: imports %s; the lowest layer knows the standard library only", f.Path, imp))
			}
			continue
		}
		layer, known := layerOf(to)
		switch {
		case !known:
			out = append(out, fmt.Sprintf("%s: imports %s, which has no layer", f.Path, to))
		case layer < from, strings.HasPrefix(f.Package, to+"/"):
		default:
			out = append(out, fmt.Sprintf("%s: imports %s, which is not below it", f.Path, to))
		}
		for _, d := range denied {
			if within(f.Package, d.from) && within(to, d.to) {
				out = append(out, fmt.Sprintf("%s: imports %s: %s", f.Path, to, d.why))
			}
		}
	}
	return out
}

func within(name, tree string) bool { return name == tree || strings.HasPrefix(name, tree+"/") }

// layerOf finds the layer of the longest matching tree.
func layerOf(pkg string) (int, bool) {
	best, length, found := 0, -1, false
	for tree, layer := range layers {
		if within(pkg, tree) && len(tree) > length {
			best, length, found = layer, len(tree), true
		}
	}
	return best, found
}

package verify

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// TestComparesInConstantTime reads the package's own source: digests are compared by crypto/subtle
// alone, and no function that stops at the first difference is used anywhere.
func TestComparesInConstantTime(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	subtleCalls := 0
	for _, f := range files {
		name := f.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := s.X.(*ast.Ident)
			if !ok {
				return true
			}
			switch pkg.Name + "." + s.Sel.Name {
			case "subtle.ConstantTimeCompare":
				subtleCalls++
			case "bytes.Equal", "bytes.Compare", "bytes.EqualFold", "slices.Equal", "slices.Compare":
				t.Errorf("%s uses %s.%s", name, pkg.Name, s.Sel.Name)
			}
			return true
		})
	}
	if subtleCalls == 0 {
		t.Error("nothing is compared in constant time")
	}
}

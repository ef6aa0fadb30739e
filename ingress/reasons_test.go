package ingress_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress"
)

// TestEveryReasonIsListed reads the sources: whatever looks like a reason there is in the list, so that the
// labels of metrics are a fixed set.
func TestEveryReasonIsListed(t *testing.T) {
	t.Parallel()
	reason := regexp.MustCompile(`^[a-z]+\.[a-z_]+$`)
	listed := ingress.Reasons()
	for _, c := range []struct {
		files string
		least int // reasons in them
	}{
		{"reasons.go", 20},
		{"verify/refusal.go", 30},
		{"internal/front/*.go", 15},
	} {
		files, err := filepath.Glob(c.files)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", c.files, err)
		}
		found := 0
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				literal, ok := n.(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(literal.Value)
				if err != nil || !reason.MatchString(text) || strings.HasSuffix(text, ".test") {
					return true
				}
				found++
				if !slices.Contains(listed, text) {
					t.Errorf("%s: %q is not listed", name, text)
				}
				return true
			})
		}
		if found < c.least {
			t.Errorf("%s: %d reasons were found, want %d at least", c.files, found, c.least)
		}
	}
	if !slices.IsSorted(listed) || len(slices.Compact(slices.Clone(listed))) != len(listed) {
		t.Error("the list is not sorted, or has something twice")
	}
}

package ingress_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestForbiddenCalls reads the sources of the door. Some of fiber's conveniences inflate or parse before
// anything is proven, or believe what a header says about the caller; and a goroutine could outlive the
// request whose buffers it sees.
func TestForbiddenCalls(t *testing.T) {
	t.Parallel()
	forbidden := map[string]bool{
		"BodyParser": true, "QueryParser": true, "ParamsParser": true, "BodyRaw": true, "BodyUncompressed": true,
		"BodyGunzip": true, "BodyInflate": true, "BodyUnbrotli": true, "BodyUnzstd": true, "MultipartForm": true,
		"FormValue": true, "FormFile": true, "PostArgs": true, "IP": true, "IPs": true, "Hostname": true, "BaseURL": true,
		"Locals": true,
	}
	calls := 0
	for _, dir := range []string{".", "admin", "internal/front"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, name, src, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt:
					if !slices.Contains([]string{"internal/front/server.go", "internal/front/gone.go"}, filepath.ToSlash(name)) { // both wait for theirs
						t.Errorf("%s starts a goroutine", set.Position(n.Pos()))
					}
				case *ast.CallExpr:
					s, ok := n.Fun.(*ast.SelectorExpr)
					if !ok {
						return true
					}
					calls++
					// Body is right on a request and wrong on a fiber context.
					x, _ := s.X.(*ast.Ident)
					if forbidden[s.Sel.Name] || s.Sel.Name == "Body" && x != nil && x.Name == "c" {
						t.Errorf("%s calls %s", set.Position(n.Pos()), s.Sel.Name)
					}
				}
				return true
			})
		}
	}
	if calls == 0 {
		t.Error("nothing was read")
	}
}

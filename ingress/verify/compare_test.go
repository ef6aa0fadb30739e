package verify

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestComparesInConstantTime reads the package's own source: secrets, signatures, tokens and digests are
// compared by crypto/subtle alone, and by nothing that stops at the first difference.
func TestComparesInConstantTime(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sources[name] = string(text)
		}
	}
	offences, subtleCalls := leaks(t, sources)
	for _, o := range offences {
		t.Error(o)
	}
	if subtleCalls == 0 {
		t.Error("nothing is compared in constant time")
	}
	t.Logf("%d files, %d calls of subtle.ConstantTimeCompare, %d offences", len(sources), subtleCalls, len(offences))
}

// TestLeaksAreSeen plants what the rule is for, and what it has to let pass.
func TestLeaksAreSeen(t *testing.T) {
	t.Parallel()
	for line, found := range map[string]bool{
		`return string(signature) == want`:                 true,
		`return given != string(s.Text)`:                   true,
		`return s.digest == d`:                             true,
		`return bytes.Equal(a, b)`:                         true,
		`return slices.Equal(a, b)`:                        true,
		`return strings.EqualFold(token, b)`:               true,
		`return strings.HasPrefix(given, s.secret)`:        true,
		`return slices.Contains(tokens, given)`:            true,
		`return bytes.Compare(sum, b) == 0`:                true,
		`switch token { case b: return true }`:             true,
		`return known[password]`:                           true,
		`return reflect.DeepEqual(a, b)`:                   true,
		`return a == hex.EncodeToString(mac.Sum(nil))`:     true,
		`return len(signature) == 32`:                      false,
		`return s.digest == digestBody`:                    false,
		`return f.hmac != ""`:                              false,
		`return secret == nil`:                             false,
		`return subtle.ConstantTimeCompare(sum, mac) == 1`: false,
		`return strings.EqualFold(name, header)`:           false,
		`return s.signature.header == header`:              false,
	} {
		source := "package verify\nconst digestBody = \"body\"\nfunc f() bool {\n" + line + "\nreturn false\n}\n"
		offences, _ := leaks(t, map[string]string{"planted.go": source})
		if (len(offences) > 0) != found {
			t.Errorf("%s: %q", line, offences)
		}
	}
}

// confidential are the names of what may not be compared byte by byte. Text is that of a [Secret].
var confidential = regexp.MustCompile(`^((?i:.*(secrets?|signatures?|tokens?|passwords?|digests?|hmac|mac)|sums?|expected)|Text)$`)

// leaks gives the places that compare confidential texts by something that stops at the first difference.
func leaks(t *testing.T, sources map[string]string) (offences []string, subtleCalls int) {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	constants := map[string]bool{"nil": true, "true": true, "false": true}
	for name, text := range sources {
		file, err := parser.ParseFile(fset, name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
		ast.Inspect(file, func(n ast.Node) bool {
			if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, spec := range d.Specs {
					for _, id := range spec.(*ast.ValueSpec).Names {
						constants[id.Name] = true
					}
				}
			}
			return true
		})
	}
	report := func(n ast.Node, what string) {
		offences = append(offences, fmt.Sprintf("%s: %s of a secret, a signature, a token or a digest", fset.Position(n.Pos()), what))
	}
	constant := func(e ast.Expr) bool {
		switch e := e.(type) {
		case *ast.BasicLit:
			return true
		case *ast.Ident:
			return constants[e.Name]
		}
		return false
	}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if (n.Op == token.EQL || n.Op == token.NEQ) && !constant(n.X) && !constant(n.Y) && (secretive(n.X) || secretive(n.Y)) {
					report(n, n.Op.String())
				}
			case *ast.SwitchStmt:
				if n.Tag != nil && secretive(n.Tag) && slices.ContainsFunc(n.Body.List, func(s ast.Stmt) bool {
					return slices.ContainsFunc(s.(*ast.CaseClause).List, func(e ast.Expr) bool { return !constant(e) })
				}) {
					report(n, "switch")
				}
			case *ast.IndexExpr:
				if secretive(n.Index) && !constant(n.Index) {
					report(n, "look-up")
				}
			case *ast.CallExpr:
				s, ok := n.Fun.(*ast.SelectorExpr)
				if !ok {
					break
				}
				pkg, _ := s.X.(*ast.Ident)
				if pkg == nil {
					break
				}
				switch name := pkg.Name + "." + s.Sel.Name; name {
				case "subtle.ConstantTimeCompare":
					subtleCalls++
				case "bytes.Equal", "bytes.Compare", "bytes.EqualFold", "slices.Equal", "slices.Compare", "reflect.DeepEqual":
					report(n, name)
				case "strings.EqualFold", "strings.Compare", "strings.HasPrefix", "strings.HasSuffix", "strings.Contains", "strings.Index",
					"bytes.HasPrefix", "bytes.HasSuffix", "bytes.Contains", "bytes.Index", "slices.Contains", "slices.Index":
					if slices.ContainsFunc(n.Args, func(e ast.Expr) bool { return secretive(e) && !constant(e) }) {
						report(n, name)
					}
				}
			}
			return true
		})
	}
	return offences, subtleCalls
}

// secretive reports whether an expression is named like something confidential. A call is what it is called,
// but for conversions and lengths.
func secretive(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return confidential.MatchString(e.Name)
	case *ast.SelectorExpr:
		return confidential.MatchString(e.Sel.Name)
	case *ast.ParenExpr:
		return secretive(e.X)
	case *ast.IndexExpr:
		return secretive(e.X)
	case *ast.SliceExpr:
		return secretive(e.X)
	case *ast.StarExpr:
		return secretive(e.X)
	case *ast.CallExpr:
		if id, ok := e.Fun.(*ast.Ident); ok && id.Name == "string" && len(e.Args) == 1 {
			return secretive(e.Args[0])
		}
		if s, ok := e.Fun.(*ast.SelectorExpr); ok {
			return s.Sel.Name == "EncodeToString" || s.Sel.Name == "Sum"
		}
	}
	return false
}

package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
)

// waysOut gives what a file uses of the ways out of the process, as "import/path.Name".
func waysOut(syntax *ast.File) []string {
	local := map[string]wayOut{}
	var used []string
	for _, imp := range syntax.Imports {
		name, err := strconv.Unquote(imp.Path.Value)
		i := slices.IndexFunc(outbound, func(w wayOut) bool { return w.library == name })
		if err != nil || i < 0 {
			continue
		}
		way := outbound[i]
		switch {
		case imp.Name != nil && imp.Name.Name == ".", len(way.names) == 0:
			used = append(used, name)
		case imp.Name != nil:
			local[imp.Name.Name] = way
		default:
			local[packageName(name)] = way
		}
	}
	ast.Inspect(syntax, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && slices.Contains(local[x.Name].names, s.Sel.Name) {
				used = append(used, local[x.Name].library+"."+s.Sel.Name)
			}
		}
		return true
	})
	slices.Sort(used)
	return slices.Compact(used)
}

// packageName is the name under which a library is used when the import gives none.
func packageName(library string) string {
	base := path.Base(library)
	if strings.HasPrefix(base, "v") && strings.Trim(base[1:], "0123456789") == "" {
		base = path.Base(path.Dir(library))
	}
	return base
}

func checkOutbound(f File) []string {
	if f.Test || slices.ContainsFunc(outboundHomes, func(home string) bool { return within(f.Path, home) }) {
		return nil
	}
	var out []string
	for _, used := range f.WaysOut {
		out = append(out, fmt.Sprintf("%s: uses %s; requests leave through runtime/egress", f.Path, used))
	}
	return out
}

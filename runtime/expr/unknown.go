package expr

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/penstock/penstock/runtime/fault"
)

// unknown says that nothing has this name, and which name may be meant.
func (c *compiler) unknown(n ast.Node, name string) error {
	name = unmarked(name)
	if hint := c.lang.leftOut[name]; hint != "" {
		return c.syntax(n, "there is no %s here", name).WithHint("%s", hint)
	}
	switch name[0] {
	case '.':
		return c.unknownMethod(n, name)
	case '@':
		return c.unknownUtil(n, name)
	}
	var known []string
	for f := range c.lang.functions {
		if f[0] != '@' {
			known = append(known, f)
		}
	}
	hint := fault.DidYouMean(name, append(known, predicateNames()...))
	if util := c.lang.utilNamed(name); hint == "" && util != "" {
		hint = "write " + util + "(...)"
	}
	return c.syntax(n, "unknown function %q", name).WithHint("%s", hint)
}

func (c *compiler) unknownMethod(n ast.Node, name string) error {
	var known []string
	for m := range c.lang.methods {
		known = append(known, "."+m)
	}
	hint := fault.DidYouMean(name, known)
	plain := name[1:]
	switch util := c.lang.utilNamed(plain); {
	case isPredicateName(plain):
		hint = "write " + plain + "(list, ...)"
	case c.lang.functions[plain] != nil:
		hint = "write " + plain + "(...)"
	case util != "":
		hint = "write " + util + "(...)"
	}
	return c.syntax(n, "unknown function %q", name).WithHint("%s", hint)
}

func (c *compiler) unknownUtil(n ast.Node, name string) error {
	space, function, _ := strings.Cut(name, ".")
	spaces := c.lang.spaces()
	if !slices.Contains(spaces, space) {
		hint := fault.DidYouMean(space, spaces)
		if hint == "" {
			hint = "there are " + strings.Join(spaces, ", ")
		}
		return c.syntax(n, "unknown util %q", space).WithHint("%s", hint)
	}
	if function == "" {
		return c.syntax(n, "%s is not a function", space).WithHint("a util is written @name.function(...)")
	}
	var near, own []string
	for f := range c.lang.functions {
		if strings.HasPrefix(f, space+".") {
			near, own = append(near, f), append(own, strings.TrimPrefix(f, space+"."))
		}
	}
	hint := fault.DidYouMean(name, near)
	const few = 15
	switch other := c.lang.utilNamed(function); {
	case other != "":
		hint = `did you mean "` + other + `"?`
	case hint == "" && len(own) <= few:
		slices.Sort(own)
		hint = "it has " + strings.Join(own, ", ")
	}
	return c.syntax(n, "unknown function %q", name).WithHint("%s", hint)
}

// utilNamed finds the util that has a function of that name: @hash.sha256 for sha256.
func (l *Language) utilNamed(function string) string {
	best := ""
	for f := range l.functions {
		if f[0] == '@' && strings.HasSuffix(f, "."+function) && (best == "" || f < best) {
			best = f
		}
	}
	return best
}

// spaces lists the utils: @calc, @content and so on.
func (l *Language) spaces() []string {
	var out []string
	for name := range l.functions {
		if space, _, ok := strings.Cut(name, "."); ok && !slices.Contains(out, space) {
			out = append(out, space)
		}
	}
	slices.Sort(out)
	return out
}

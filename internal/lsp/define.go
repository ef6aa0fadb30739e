package lsp

import (
	"strconv"
	"strings"

	"github.com/penstock/penstock/internal/lsp/loose"
	"github.com/penstock/penstock/runtime/pipeline"
)

func lineOf(n *loose.Node) string { return strconv.Itoa(n.Line + 1) }

// reference is what a place refers to.
type reference struct {
	pipeline string      // name of a pipeline; empty = none
	node     *loose.Node // in the same file; nil = none
}

// refers says what a place refers to: a pipeline by its name or URI, a macro, or a variable.
func (v *vocabulary) refers(file string, t *text, offset int) (r reference) {
	root := loose.Parse(t.s)
	p, ok := v.locate(file, root, offset)
	if !ok || v.form(file) != nil {
		return r
	}
	o := v.outline(file, root)
	if src, inside := expression(p.before(), p.at, o.prefix, p.bare); inside {
		behind := nameBehind.FindString(t.s[offset:])
		if c, ok := chainOf(src + behind); ok && !c.method && len(c.names) == 1 && c.names[0] == "vars" {
			r.node = o.vars[c.last]
		}
		return r
	}
	text := p.scalar.String()
	if uri := strings.TrimPrefix(text, "$"); strings.HasPrefix(uri, "uri:pipeline:") {
		r.pipeline = pipeline.PlanName(text)
		return r
	}
	if p.kind != aValue || p.param == nil {
		return r
	}
	switch {
	case p.spec != nil && p.spec.Name == "pipeline.run" && p.param.Name == "path", p.param.Name == "pipeline" && strings.HasPrefix(p.param.Summary, "With ROLLBACK"):
		r.pipeline = pipeline.PlanName(text)
	case p.spec != nil && p.spec.Name == "macro.run" && p.param.Name == "name":
		r.node = o.macros[text]
	}
	return r
}

package lsp

import (
	"regexp"
	"slices"
	"strings"

	"github.com/penstock/penstock/internal/lsp/loose"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/pipeline/schema"
)

// hover tells what stands at a place; false when there is nothing to tell.
func (v *vocabulary) hover(file string, t *text, offset int) (hover, bool) {
	root := loose.Parse(t.s)
	p, ok := v.locate(file, root, offset)
	if !ok {
		return hoverCode(t, offset)
	}
	if v.takesExpressions(file) {
		if h, ok := v.hoverExpression(v.outline(file, root), &p, t, offset); ok {
			return h, true
		}
	}
	tell := func(text string) (hover, bool) {
		n := p.scalar
		return hover{markup{"markdown", text}, t.span(n.Inner, n.Inner+len(n.Text))}, text != ""
	}
	name := p.scalar.String()
	switch p.kind {
	case aSection:
		for _, s := range sections() {
			if s.name == name {
				return tell("**" + s.name + "** — " + s.text)
			}
		}
	case aCommand:
		if spec := v.command(name); spec != nil {
			return tell(schema.CommandText(spec))
		}
	case aName:
		if param := find(p.params, name); param != nil {
			return tell(named(param, name))
		}
	case aValue:
		if p.param != nil && (slices.Contains(words(p.param), name) || p.param.Literal) {
			return tell(schema.ParamText(p.param))
		}
	}
	return hover{}, false
}

func named(p *command.Param, name string) string {
	text := schema.ParamText(p)
	if p.Name != name {
		text = "Another name of `" + p.Name + "`.\n\n" + text
	}
	if p.Deprecated != "" {
		text += "\n\nDeprecated: " + p.Deprecated
	}
	return text
}

var (
	nameBehind = regexp.MustCompile(`^[\p{L}\p{N}_]*`)
	wholeForm  = regexp.MustCompile(`^(@\w+(?:\.\w+)?|\w+)$`)
)

// hoverExpression tells what a name of an expression is.
func (v *vocabulary) hoverExpression(o *outline, p *place, t *text, offset int) (hover, bool) {
	src, inside := expression(p.before(), p.at, o.prefix, p.bare)
	if !inside || inText(src) {
		return hover{}, false
	}
	behind := nameBehind.FindString(t.s[offset:])
	c, ok := chainOf(src + behind)
	if !ok || c.last == "" || c.last == "@" {
		return hover{}, false
	}
	end := offset + len(behind)
	tell := func(text string) (hover, bool) {
		return hover{markup{"markdown", text}, t.span(end-len(c.last), end)}, true
	}
	full := strings.Join(append(slices.Clone(c.names), c.last), ".")
	if !c.method {
		if u := v.util(full); u != nil && wholeForm.MatchString(full) {
			return tell(functionText(u))
		}
		if text, is := roots()[c.last]; is && len(c.names) == 0 {
			return tell("**" + c.last + "** — " + text)
		}
		if len(c.names) == 0 && strings.HasPrefix(c.last, "@") {
			return v.hoverGroup(c.last, tell)
		}
		if at := o.vars[c.last]; at != nil && len(c.names) == 1 && c.names[0] == "vars" {
			return tell("The variable **" + c.last + "**, set in line " + lineOf(at) + ".")
		}
	}
	if target, is := v.methods[c.last]; is && strings.HasPrefix(t.s[end:], "(") {
		if u := v.util(target); u != nil {
			return tell("The method calls:\n\n" + functionText(u))
		}
	}
	return hover{}, false
}

// hoverGroup lists the functions of a group.
func (v *vocabulary) hoverGroup(group string, tell func(string) (hover, bool)) (hover, bool) {
	text := ""
	for _, u := range v.utils {
		if u.Group != group {
			continue
		}
		if text == "" {
			text = "**" + group + "** " + u.Note + "\n"
		}
		text += "\n- `" + u.Forms[0].Signature + "` — " + u.Summary
	}
	if text == "" {
		return hover{}, false
	}
	return tell(text)
}

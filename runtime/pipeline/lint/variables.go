package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

func variableRules() []*Rule {
	return []*Rule{
		{
			Code: "lint.variable.unset", Severity: Warning,
			Summary: "a variable is read that nothing sets",
			Why: "It is null in every run. The name is misspelt, or the step that should set it is missing. The pipeline has a trigger, so " +
				"no caller hands variables in.",
			Bad:  Example{Text: "vars: {total: 3}\npipeline:\n  - event.listen: {eventKey: webhook.order}\n  - set: ${vars.totl * 2}\n"},
			Good: Example{Text: "vars: {total: 3}\npipeline:\n  - event.listen: {eventKey: webhook.order}\n  - set: ${vars.total * 2}\n"},
			set:  unsetVariables,
		},
		{
			Code: "lint.variable.caller", Severity: Hint,
			Summary: "a variable is read that only a caller could set",
			Why: "The pipeline has no trigger, so pipeline.run, an HTTP request or `pi run --var` may hand the variable in; without that it is null. " +
				"Give it a value in the section vars: a caller's value is taken before that.",
			Bad:  Example{Text: "pipeline:\n  - set: Hello ${vars.name}\n"},
			Good: Example{Text: "vars: {name: you}\npipeline:\n  - set: Hello ${vars.name}\n"},
			set:  callerVariables,
		},
		{
			Code: "lint.variable.early", Severity: Warning,
			Summary: "a variable is read before anything sets it",
			Why:     "The steps run in the order of the file, so the variable is still null here. Move the step that sets it up, or give it a first value in the section vars.",
			Bad:     Example{Text: "pipeline:\n  - event.listen: {eventKey: webhook.order}\n  - set: ${vars.total}\n  - var.set: {key: total, value: 3}\n  - log: ${vars.total}\n"},
			Good:    Example{Text: "pipeline:\n  - event.listen: {eventKey: webhook.order}\n  - var.set: {key: total, value: 3}\n  - set: ${vars.total}\n"},
			set:     earlyVariables,
		},
		{
			Code: "lint.variable.unused", Severity: Hint,
			Summary: "a variable is set and never read",
			Why:     "Nothing in the file uses it: it is left over, or the reading side has another name.",
			Bad:     Example{Text: "vars: {total: 3}\npipeline:\n  - set: done\n"},
			Good:    Example{Text: "vars: {total: 3}\npipeline:\n  - set: ${vars.total}\n"},
			file:    unusedVariables,
		},
		{
			Code: "lint.variable.hidden", Severity: Hint,
			Summary: "the item of a loop hides a variable of the same name",
			Why:     "Inside the loop the name means the item, and what is set under it there is gone behind the loop. Another name keeps both readable.",
			Bad:     Example{Text: "vars: {order: 7}\npipeline:\n  - foreach: {in: \"${body}\", as: order}\n  - log: ${vars.order.id}\n  - foreach.end\n  - set: ${vars.order}\n"},
			Good:    Example{Text: "vars: {order: 7}\npipeline:\n  - foreach: {in: \"${body}\", as: line}\n  - log: ${vars.line.id}\n  - foreach.end\n  - set: ${vars.order}\n"},
			file:    hiddenVariables,
		},
	}
}

// visible lists what may have set a variable where it is read. In the commands of a macro that is everything:
// they see what is there where the macro is run.
func (f *facts) visible(r read) (out []write) {
	for i := range f.writes {
		if f.reaches(&f.writes[i], r) {
			out = append(out, f.writes[i])
		}
	}
	return out
}

// isSet reports whether there is one of them.
func (f *facts) isSet(r read) bool {
	for i := range f.writes {
		if f.reaches(&f.writes[i], r) {
			return true
		}
	}
	return false
}

func (f *facts) reaches(w *write, r read) bool {
	return w.name == r.name && (r.scope.within(w.scope) || r.scope.inMacro())
}

var otherwise = regexp.MustCompile(`^vars\??\.[A-Za-z_]\w*(?:\??\.\w+)*\s*(?:\?\?|\?:|[!=]=\s*(?:null|nil)\b)`)

// optional reports whether the expression has another value for when the variable is not there.
func (f *file) optional(r read) bool {
	if r.pos.Line < 1 || r.pos.Line > len(f.lines) {
		return false
	}
	line := []rune(f.lines[r.pos.Line-1])
	return r.pos.Column >= 1 && r.pos.Column <= len(line) && otherwise.MatchString(string(line[r.pos.Column-1:]))
}

// triggered reports whether only events start the pipeline: no caller hands variables in.
func (s *set) triggered(f *file) bool { return f.Outline.Trigger != nil && len(s.callers[f]) == 0 }

// given reports whether a pipeline that runs this one hands a variable in.
func (s *set) given(f *file, name string) bool {
	return slices.ContainsFunc(s.callers[f], func(c call) bool {
		return c.open || slices.ContainsFunc(c.vars, func(p pipeline.Param) bool { return p.Name == name })
	})
}

// missing calls found for every variable that is read and that nothing in the set sets.
func (s *set) missing(found func(f *file, r read)) {
	for _, f := range s.files {
		if f.Outline == nil || f.opaque || f.unclear() {
			continue
		}
		for _, r := range f.reads {
			if r.name != "" && !f.isSet(r) && !f.optional(r) && !s.given(f, r.name) {
				found(f, r)
			}
		}
	}
}

// unclear reports whether a command is not known, or a fault hides what is in it.
func (f *file) unclear() bool {
	return slices.ContainsFunc(f.Faults, func(e *fault.Error) bool {
		return e.Code == fault.CommandUnknown || e.Code == fault.PipelineSyntax || e.Code == fault.PipelineUnsupported || strings.HasPrefix(string(e.Code), "expr.")
	})
}

// named lists the variables that a read could mean, for did-you-mean.
func (f *file) named(r read) (names []string) {
	for _, w := range f.writes {
		if r.scope.within(w.scope) {
			names = append(names, w.name)
		}
	}
	return names
}

func (f *file) unset(r reporter, one read, message, otherwise string) {
	pos := one.pos
	end := extent(f.lines, pos)
	if near := fault.Nearest(one.name, f.named(one)); likely(one.name, near) {
		found := r.at(f, pos, end, message, one.name).hint("did you mean %q?", "vars."+near)
		if edit, ok := f.rename(one, near); ok {
			found.fix("write vars."+near, edit)
		}
		return
	}
	r.at(f, pos, end, message, one.name).hint("%s", otherwise)
}

// likely reports whether name is a slip of near: names of variables are short, so most that look alike are not.
func likely(name, near string) bool {
	if near == "" || len(name) < 4 || name == near {
		return false
	}
	name, near = differing(name, near)
	swapped := len(name) == 2 && len(near) == 2 && name[0] == near[1] && name[1] == near[0]
	return swapped || len(name) <= 1 && len(near) <= 1
}

// differing takes off what two texts have in common at their beginnings and ends.
func differing(a, b string) (string, string) {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}

// rename gives the edit that reads another variable, where the name stands as vars.NAME.
func (f *file) rename(one read, name string) (Edit, bool) {
	line := []rune(f.lines[one.pos.Line-1])
	front := "vars." + one.name
	if !strings.HasPrefix(string(line[one.pos.Column-1:]), front) {
		return Edit{}, false
	}
	from, to := one.pos, one.pos
	from.Column += len("vars.")
	to.Column += len([]rune(front))
	return Edit{Pos: from, End: to, Text: name}, true
}

func unsetVariables(s *set, r reporter) {
	s.missing(func(f *file, one read) {
		if s.triggered(f) {
			f.unset(r, one, "nothing sets the variable %q", "set it in the section vars or with var.set in front of this step")
		}
	})
}

func callerVariables(s *set, r reporter) {
	s.missing(func(f *file, one read) {
		if !s.triggered(f) {
			f.unset(r, one, "the variable %q is null unless a caller hands it in", "give it a value in the section vars")
		}
	})
}

func earlyVariables(s *set, r reporter) {
	for _, f := range s.files {
		if f.Outline == nil || f.opaque || f.unclear() {
			continue
		}
		for _, one := range f.reads {
			sources := f.visible(one)
			if one.name == "" || one.scope.inMacro() || len(sources) == 0 || f.round(one.number) || s.given(f, one.name) || !s.triggered(f) {
				continue
			}
			if one.number < 0 && one.inside == "" { // headers and body are evaluated behind the section vars, and never behind a step
				continue
			}
			if !slices.ContainsFunc(sources, func(w write) bool { return w.before(one) || w.loop || w.silent || w.part }) && !f.optional(one) {
				first := slices.MinFunc(sources, func(a, b write) int { return a.number - b.number })
				r.on(f, one.pos, "the variable %q is read before it is set, in line %d", one.name, first.pos.Line).
					hint("move the step that sets it in front of this one")
			}
		}
	}
}

// before reports whether a variable is set where it is read.
func (w *write) before(r read) bool {
	if w.number < 0 && r.number < 0 {
		return w.name != r.inside && (w.pos.Line < r.pos.Line || w.pos.Line == r.pos.Line && w.pos.Column < r.pos.Column)
	}
	return w.number < r.number
}

// round reports whether a step can come after later ones: in a loop.
func (f *file) round(number int) bool {
	return number >= 0 && number < len(f.steps) && f.steps[number].inside("foreach", "while")
}

var (
	mentioned = regexp.MustCompile(`\bvars\??\.([A-Za-z_]\w*)`)
	wholeVars = regexp.MustCompile(`\bvars\b\s*(?:$|[^.?\s\w]|\?[^.])`)
)

// used names the variables that are read; all tells that each may be. Some commands take an expression as a text of theirs, so a text
// that mentions a variable counts too.
func (f *file) used() (names map[string]bool, all bool) {
	names = map[string]bool{}
	for _, one := range f.reads {
		names[one.name] = true
	}
	for _, v := range f.values {
		text, ok := v.Text()
		if !ok || v.step == nil || v.Expression != nil || !strings.Contains(text, "vars") {
			continue
		}
		for _, m := range mentioned.FindAllStringSubmatch(text, -1) {
			names[m[1]] = true
		}
		names[""] = names[""] || v.raw() && wholeVars.MatchString(text)
	}
	return names, names[""]
}

// raw reports whether a text may be an expression that its command evaluates.
func (v *value) raw() bool {
	if v.step.Spec == nil || v.step.Flow {
		return false
	}
	own, known := v.step.Spec.Param(v.param)
	return known && own.Literal
}

func unusedVariables(f *file, r reporter) {
	used, all := f.used()
	if f.unclear() || all {
		return
	}
	for _, c := range f.calls() {
		if c.step == nil || c.open { // a rollback sees every variable
			return
		}
	}
	seen := map[string]bool{}
	for _, w := range f.writes {
		if w.silent || w.loop || seen[w.name] || used[w.name] {
			continue
		}
		seen[w.name] = true
		end := scalarEnd(f.lines, w.pos, w.name)
		r.at(f, w.pos, end, "the variable %q is set and never read", w.name).hint("take it out, or read it as vars.%s", w.name)
	}
}

func hiddenVariables(f *file, r reporter) {
	for _, w := range f.writes {
		if !w.loop || w.silent {
			continue
		}
		i := slices.IndexFunc(f.writes, func(o write) bool {
			return o.name == w.name && o.scope != w.scope && w.scope.within(o.scope) && !o.silent
		})
		if i >= 0 {
			r.on(f, w.pos, "the item hides the variable %q of line %d", w.name, f.writes[i].pos.Line).hint("give the item another name")
		}
	}
}

package lint

import (
	"strings"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/pipeline"
)

func reachRules() []*Rule {
	return []*Rule{
		{
			Code: "lint.step.unreachable", Severity: Warning,
			Summary: "a step is never executed",
			Why: "The step in front of it always leaves: exit ends the run, error fails it, break and continue leave the round of the loop, and so " +
				"does a block all of whose branches do. Give that step a condition, or take out what follows.",
			Bad:  Example{Text: "pipeline:\n  - exit\n  - log: never\n"},
			Good: Example{Text: "pipeline:\n  - exit: {if: \"${body == null}\"}\n  - log: there is a body\n"},
			file: unreachable,
		},
		{
			Code: "lint.condition.constant", Severity: Warning,
			Summary: "a condition has the same outcome every time",
			Why:     "It reads nothing that could change, so the step is always or never executed. Most often quotes or a name are misplaced.",
			Bad:     Example{Text: "pipeline:\n  - log: {message: x, if: \"${'body.kind' == 'order'}\"}\n"},
			Good:    Example{Text: "pipeline:\n  - log: {message: x, if: \"${body.kind == 'order'}\"}\n"},
			file:    constantConditions,
		},
		{
			Code: "lint.case.repeated", Severity: Warning,
			Summary: "a switch has the same condition twice",
			Why:     "The first case whose condition holds is taken, so the second one never is.",
			Bad:     Example{Text: "pipeline:\n  - switch:\n      body.kind == 'order': 1\n      body.kind  == 'order': 2\n"},
			Good:    Example{Text: "pipeline:\n  - switch:\n      body.kind == 'order': 1\n      body.kind == 'lead': 2\n"},
			file:    repeatedCases,
		},
		{
			Code: "lint.block.empty", Severity: Hint,
			Summary: "a block holds no commands",
			Why:     "It does nothing but evaluate what it goes over or asks. In the flat spelling the commands stand between the block and its end.",
			Bad:     Example{Text: "pipeline:\n  - foreach: {in: \"${body}\"}\n  - foreach.end\n  - log: x\n"},
			Good:    Example{Text: "pipeline:\n  - foreach: {in: \"${body}\"}\n  - log: x\n  - foreach.end\n"},
			file:    emptyBlocks,
		},
	}
}

// leaving says how a command always ends.
type leaving int

const (
	stays   leaving = iota
	fails           // an except may take it
	departs         // by exit, break or continue
)

// leaves tells how a command ends that is executed.
func (f *file) leaves(c *pipeline.Command) leaving {
	if condition, given := c.Param("if"); given {
		if holds, constant := outcome(condition.Value); !constant || !holds {
			return stays
		}
	}
	switch c.Name {
	case "exit", "break", "continue":
		return departs
	case "error":
		if f.lenient(c) {
			return stays
		}
		return fails
	case "if":
		if len(c.Lists) < 2 {
			return stays
		}
	case "switch":
		if len(c.Lists) == 0 || c.Lists[len(c.Lists)-1].Name != "else" {
			return stays
		}
	case "do":
		if len(c.Lists) == 0 {
			return stays
		}
	default:
		return stays
	}
	out := departs
	for _, l := range c.Lists {
		out = min(out, f.listLeaves(l.Commands))
	}
	if out == fails && f.lenient(c) {
		return stays
	}
	return out
}

// listLeaves tells how commands in a row end.
func (f *file) listLeaves(list []*pipeline.Command) leaving {
	for i, c := range list {
		if c.Name == "except" || c.Name == "finally" {
			continue
		}
		switch how := f.leaves(c); how {
		case departs:
			return departs
		case fails:
			for _, behind := range list[i+1:] {
				if behind.Name == "except" || behind.Name == "finally" {
					return stays
				}
			}
			return fails
		}
	}
	return stays
}

// lenient reports whether a failure of the command may be dropped or repeated.
func (f *file) lenient(c *pipeline.Command) bool {
	if p, given := c.Param("onError"); given {
		text, _ := p.Value.Text()
		return !strings.EqualFold(text, "THROW")
	}
	for _, h := range f.Outline.Headers {
		if text, _ := h.Value.Text(); (h.Name == "onError" || h.Name == "onCommandError") && !strings.EqualFold(text, "THROW") {
			return true
		}
	}
	return false
}

func unreachable(f *file, r reporter) {
	for _, s := range f.steps {
		if s.index == 0 || s.Name == "except" || s.Name == "finally" {
			continue
		}
		before := s.list[s.index-1]
		if before.Name != "except" && before.Name != "finally" && f.leaves(before) != stays {
			r.on(f, s.Pos, "this is never executed: the %s in line %d always leaves", before.Name, before.Pos.Line)
		}
	}
}

// outcome tells what a condition gives when that is always the same.
func outcome(v *pipeline.Value) (holds, constant bool) {
	switch {
	case v == nil || v.Kind != pipeline.Scalar:
		return false, false
	case v.Expression != nil:
		return expr.Truthy(v.Result), v.Constant
	}
	if text, ok := v.Text(); ok {
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "", "false":
			return false, true
		case "true":
			return true, true
		}
		return false, false // a fault, which was reported
	}
	return expr.Truthy(v.Scalar), true
}

func constantConditions(f *file, r reporter) {
	report := func(v *pipeline.Value, yes, no string) {
		holds, constant := outcome(v)
		switch {
		case !constant:
		case holds && yes != "":
			r.at(f, v.Pos, f.end(v), "the condition always holds: %s", yes).hint("take it out, or let it read what may change")
		case !holds && no != "":
			r.at(f, v.Pos, f.end(v), "the condition never holds: %s", no).hint("take out what it is for, or let it read what may change")
		}
	}
	for _, h := range f.Outline.Headers {
		if h.Name == "runWhen" {
			report(h.Value, "the pipeline always runs", "the pipeline never runs")
		}
	}
	if t := f.Outline.Trigger; t != nil {
		for _, p := range t.Params {
			if (p.Name == "selector" || p.Name == "filter") && p.Value.Expression != nil {
				report(p.Value, "every event is selected", "no event is selected")
			}
		}
	}
	for _, s := range f.steps {
		for _, p := range s.Params {
			if p.Name == "if" && s.Name != "macro" {
				report(p.Value, "the step is always executed", "the step is never executed")
			}
			if p.Condition != nil {
				report(p.Condition, "the cases behind it are never taken", "its value is never taken")
			}
		}
		condition, given := s.Param("true")
		switch {
		case !given:
		case s.Name == "if":
			report(condition.Value, "its commands are always executed", "its commands are never executed")
		case s.Name == "while":
			report(condition.Value, "", "its commands are never executed")
		}
		for _, c := range s.cases() {
			report(c, "the cases behind it are never taken", "its commands are never executed")
		}
	}
}

// cases gives the conditions of a switch with commands.
func (s *step) cases() (out []*pipeline.Value) {
	if s.Name != "switch" {
		return nil
	}
	cases, given := s.Param("cases")
	if !given {
		return nil
	}
	for _, item := range cases.Value.Items {
		for _, field := range item.Fields {
			if field.Name == "when" {
				out = append(out, field.Value)
			}
		}
	}
	return out
}

func repeatedCases(f *file, r reporter) {
	for _, s := range f.steps {
		if s.Name != "switch" {
			continue
		}
		conditions := s.cases()
		for _, p := range s.Params {
			if p.Condition != nil {
				conditions = append(conditions, p.Condition)
			}
		}
		lines := map[string]int{}
		for _, c := range conditions {
			text, ok := c.Text()
			if text = bareText(text); !ok || text == "" || strings.Contains(text, "@date.") || strings.Contains(text, "@text.") {
				continue // what gives another value each time may hold the second time
			}
			if first, twice := lines[text]; twice {
				r.at(f, c.Pos, f.end(c), "the same condition stands in line %d", first).hint("this case is never taken: change its condition, or take it out")
				continue
			}
			lines[text] = c.Pos.Line
		}
	}
}

// bareText is an expression without its delimiters and blanks; those in texts count for nothing here.
func bareText(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > 3 && (strings.HasPrefix(text, "${") || strings.HasPrefix(text, "#{")) && strings.HasSuffix(text, "}") {
		text = text[2 : len(text)-1]
	}
	if strings.ContainsAny(text, `'"`) {
		parts := strings.FieldsFunc(text, func(c rune) bool { return c == '\'' || c == '"' })
		for i := 0; i < len(parts); i += 2 { // outside of quotes
			parts[i] = strings.Join(strings.Fields(parts[i]), "")
		}
		return strings.Join(parts, "'")
	}
	return strings.Join(strings.Fields(text), "")
}

func emptyBlocks(f *file, r reporter) {
	for _, s := range f.steps {
		switch s.Name {
		case "foreach", "while", "if", "do", "finally":
		default:
			continue
		}
		if _, expression := s.Param("do"); expression || len(s.Lists) != 1 || len(s.Lists[0].Commands) > 0 {
			continue
		}
		found := r.on(f, s.Pos, "this %s holds no commands", s.Name)
		if s.Name == "foreach" || s.Name == "while" || s.Name == "if" {
			found.hint("put the commands in front of %s.end, or below %s", s.Name, map[bool]string{true: "then:", false: "do:"}[s.Name == "if"])
		}
	}
}

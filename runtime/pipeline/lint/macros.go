package lint

import "slices"

func macroRules() []*Rule {
	return []*Rule{
		{
			Code: "lint.macro.unused", Severity: Hint,
			Summary: "a macro is never run",
			Why:     "Its commands are executed only by macro.run, or where it stands with flow: true.",
			Bad:     Example{Text: "pipeline:\n  - macro: {name: double, do: body * 2}\n  - set: 3\n"},
			Good:    Example{Text: "pipeline:\n  - macro: {name: double, do: body * 2}\n  - set: 3\n  - macro.run: double\n"},
			file:    unusedMacros,
		},
		{
			Code: "lint.identity.unused", Severity: Hint,
			Summary: "the identity is switched and nothing is done in its name",
			Why:     "iam.run.as is for the commands behind it. Put it in front of those that need the rights.",
			Bad:     Example{Text: "pipeline:\n  - log: x\n  - iam.run.as: systemuser\n"},
			Good:    Example{Text: "pipeline:\n  - iam.run.as: systemuser\n  - mail.send: {to: ada@example.org}\n"},
			file:    unusedIdentity,
		},
	}
}

func unusedMacros(f *file, r reporter) {
	for _, s := range f.steps {
		if s.Name != "macro" {
			continue
		}
		name, given := s.Param("name")
		flow, flows := s.Param("flow")
		if on, _ := flow.Value.Constantly(); !given || flows && on != false {
			continue
		}
		text, _ := name.Value.Text()
		used := slices.ContainsFunc(f.steps, func(o *step) bool {
			p, given := o.Param("name")
			run, _ := p.Value.Text()
			return o.Name == "macro.run" && given && run == text
		})
		if !used {
			r.on(f, name.Value.Pos, "the macro %s is never run", text).hint("run it with macro.run, or take it out")
		}
	}
}

func unusedIdentity(f *file, r reporter) {
	for _, s := range f.steps {
		if s.Name != "iam.run.as" || s.parent != nil {
			continue
		}
		switch {
		case s.index == len(s.list)-1:
			r.on(f, s.Pos, "no command follows that would run as the identity").hint("put it in front of the commands that need it")
		case s.list[s.index+1].Name == "iam.run.as":
			if _, conditional := s.list[s.index+1].Param("if"); !conditional {
				r.on(f, s.Pos, "the next step switches to another identity at once").hint("keep the one that is needed")
			}
		}
	}
}

package lint

func callRules() []*Rule {
	return []*Rule{
		{
			Code: "lint.call.circle", Severity: Hint,
			Summary: "a pipeline runs itself again",
			Why:     "Calls may nest only so deep; without a condition that ends it, every run fails with pipeline.limit.",
			Bad:     Example{Text: "pipeline:\n  - pipeline.run: example\n"},
			Good:    Example{Text: "pipeline:\n  - pipeline.run: b\n", Beside: map[string]string{"b.pi.yaml": "pipeline:\n  - log: x\n"}},
			set:     callCircles,
		},
		{
			Code: "lint.call.variable", Severity: Hint,
			Summary: "a variable is handed to a pipeline that does not read it",
			Why:     "The other pipeline sees only what it reads as vars.NAME; the name is misspelt here or there, or left over.",
			Bad:     Example{Text: "pipeline:\n  - pipeline.run: {path: b, vars: {nam: Ada}}\n", Beside: map[string]string{"b.pi.yaml": "vars: {name: you}\npipeline:\n  - log: ${vars.name}\n"}},
			Good:    Example{Text: "pipeline:\n  - pipeline.run: {path: b, vars: {name: Ada}}\n", Beside: map[string]string{"b.pi.yaml": "vars: {name: you}\npipeline:\n  - log: ${vars.name}\n"}},
			set:     unreadVariables,
		},
	}
}

func callCircles(s *set, r reporter) {
	called := map[*file][]call{}
	for _, list := range s.callers {
		for _, c := range list {
			called[c.from] = append(called[c.from], c)
		}
	}
	next := func(f *file) (out []*file) {
		for _, c := range called[f] {
			out = append(out, c.to)
		}
		return out
	}
	circle := circlesOf(s.files, next)
	for _, f := range s.files {
		for _, c := range called[f] {
			if what, found := circle.through(c.from, []*file{c.to}, next); found {
				r.on(f, c.pos, "this pipeline runs itself again%s", what).hint("a condition has to end it before the limit of nested calls does")
			}
		}
	}
}

func unreadVariables(s *set, r reporter) {
	for _, f := range s.files {
		for _, c := range s.callers[f] {
			if f.Outline == nil || f.unclear() {
				continue
			}
			used, all := f.used()
			for _, p := range c.vars {
				if all || used[p.Name] {
					continue
				}
				found := r.on(c.from, p.Pos, "the pipeline %s does not read the variable %q", f.name, p.Name)
				for _, one := range f.reads {
					if likely(p.Name, one.name) {
						found.hint("did you mean %q?", one.name)
						found.Fix = fixOf(found, c.from.lines)
					}
				}
			}
		}
	}
}

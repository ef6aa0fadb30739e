package lint

import (
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/pipeline"
)

func failureRules() []*Rule {
	return []*Rule{
		{
			Code: "lint.error.swallowed", Severity: Hint,
			Summary: "failures are dropped and nobody does anything about them",
			Why: "The run goes on and counts as done; no dead letter is left to look at. Drop a failure at the one step that may fail, name the failures that " +
				"are meant, or at least log exception.message.",
			Bad:  Example{Text: "headers: {onError: IGNORE}\npipeline:\n  - event.send: {key: com.acme.order.paid}\n"},
			Good: Example{Text: "pipeline:\n  - event.send: {key: com.acme.order.paid}\n  - except:\n      do:\n        - log: \"not sent: ${exception.message}\"\n"},
			file: swallowed,
		},
		{
			Code: "lint.retry.useless", Severity: Hint,
			Summary: "a step is repeated whose failures do not go away by themselves",
			Why:     "Only a failure that may succeed later is repeated after. This command looks at nothing outside of the run, so it fails the same way every time.",
			Bad:     Example{Text: "pipeline:\n  - set: {value: \"${body.total * 2}\", retry: 3}\n"},
			Good:    Example{Text: "pipeline:\n  - set: ${body.total * 2}\n  - event.send: {key: com.acme.order.paid, retry: 3}\n"},
			file:    uselessRetry,
		},
		{
			Code: "lint.timeout.useless", Severity: Warning,
			Summary: "a timeout is longer than the plugin of the command allows",
			Why:     "A call ends when the first of the two is over. Raise the plugin's timeout in the configuration, or shorten this one.",
			Bad:     Example{Text: "pipeline:\n  - crm.get: {url: \"https://example.org\", timeout: 2m}\n"},
			Good:    Example{Text: "pipeline:\n  - crm.get: {url: \"https://example.org\", timeout: 5s}\n"},
			set:     uselessTimeout,
		},
	}
}

func swallowed(f *file, r reporter) {
	for _, h := range f.Outline.Headers {
		if action, _ := h.Value.Text(); (h.Name == "onError" || h.Name == "onCommandError") && strings.EqualFold(action, "IGNORE") {
			r.on(f, h.Value.Pos, "every failure of this pipeline is dropped").hint("write onError at the steps that may fail")
		}
	}
	for _, s := range f.steps {
		drop, given := s.Param("drop")
		dropped, _ := drop.Value.Constantly()
		switch {
		case s.Name == "except" && (!given || dropped == true) && len(s.Lists) == 1 && len(s.Lists[0].Commands) == 0:
			r.on(f, s.Pos, "this except drops failures and does nothing about them").hint("log exception.message in it, at least")
		case s.Name == "finally" && given && dropped == true:
			r.on(f, drop.Pos, "every failure in front of this finally is dropped").hint("take failures that are meant with an except in front of it")
		}
	}
}

// pure are commands that look at nothing outside of the run.
func pure(name string) bool {
	return slices.Contains([]string{"set", "var.set", "body.set", "log", "exit", "eval", "assert"}, name)
}

func uselessRetry(f *file, r reporter) {
	for _, s := range f.steps {
		if !pure(s.Name) || s.outside() {
			continue
		}
		for _, p := range s.Params {
			text, _ := p.Value.Text()
			switch {
			case p.Name == "retry" && !hasField(p.Value, "on"):
			case p.Name == "onError" && (strings.EqualFold(text, "RETRY") || retries(p.Value)):
			default:
				continue
			}
			r.on(f, p.Pos, "%s fails the same way every time", s.Name).hint("take %s out, or put it on a step that reaches another system", p.Name)
		}
	}
}

// outside reports whether an expression of the step asks for something outside of the run.
func (s *step) outside() bool {
	out := false
	for _, p := range s.Params {
		p.Value.Walk(func(v *pipeline.Value) {
			text, _ := v.Text()
			for _, util := range []string{"@property", "@resolve", "@uri", "@content", "@user", "@date"} {
				out = out || strings.Contains(text, util)
			}
		})
	}
	return out
}

func hasField(v *pipeline.Value, name string) bool {
	return slices.ContainsFunc(v.Fields, func(p pipeline.Param) bool { return p.Name == name })
}

func retries(v *pipeline.Value) bool {
	return slices.ContainsFunc(v.Fields, func(p pipeline.Param) bool {
		text, _ := p.Value.Text()
		return p.Name == "action" && strings.EqualFold(text, "RETRY")
	})
}

func uselessTimeout(s *set, r reporter) {
	for _, f := range s.files {
		for _, st := range f.steps {
			p, given := st.Param("timeout")
			plugin := s.setup.plugin(st.Name)
			if !given || plugin == nil || plugin.Timeout <= 0 {
				continue
			}
			if d, ok := command.ParseDuration(p.Value.Scalar); ok && d > plugin.Timeout {
				r.on(f, p.Value.Pos, "the plugin %s ends every call after %s", plugin.Name, short(plugin.Timeout)).
					hint("raise its timeout in the configuration, or write %s", short(plugin.Timeout))
			}
		}
	}
}

// short writes a duration without parts that are zero: 2m, not 2m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

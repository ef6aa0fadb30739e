package lint

import (
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

const codePluginMissing fault.Code = "lint.plugin.missing"

func pluginRules() []*Rule {
	return []*Rule{
		{
			Code: codePluginMissing, Severity: Error,
			Summary: "a command belongs to a plugin that is not loaded",
			Why:     "The pipeline cannot be loaded without it. Put the plugin's file into the folder plugins.dir of the configuration.",
			Bad:     Example{Text: "pipeline:\n  - slack.send: {text: done}\n"},
			Good:    Example{Text: "pipeline:\n  - mail.send: {to: ada@example.org}\n"},
		},
		{
			Code: "lint.plugin.capability", Severity: Warning,
			Summary: "the plugin of a command wants a capability that it was not granted",
			Why:     "The plugin asks for it when it needs it, and then the step fails with plugin.denied. Grant it in the configuration, below plugins.grants.",
			Bad:     Example{Text: "pipeline:\n  - crm.get: {url: \"https://example.org\"}\n"},
			Good:    Example{Text: "pipeline:\n  - mail.send: {to: ada@example.org}\n"},
			set:     missingCapabilities,
		},
	}
}

// better turns a fault into a finding, and says more of a command that a plugin would have.
func (s *Setup) better(lines []string, e *fault.Error) Finding {
	found := Of(e, lines)
	if e.Code != fault.CommandUnknown || len(s.Offered) == 0 {
		return found
	}
	_, _, word := wordAt(lines, e.Pos)
	if plugin := s.Offered[word]; plugin != "" {
		return Finding{
			Code: codePluginMissing, Severity: Error, Pos: found.Pos, End: found.End,
			Message: "the command " + word + " belongs to the plugin " + plugin + ", which is not loaded",
			Hint:    "put the plugin's file into the folder plugins.dir of the configuration",
		}
	}
	return found
}

// plugin finds the plugin that has a command; nil when none has.
func (s *Setup) plugin(command string) *Plugin {
	for i := range s.Plugins {
		if slices.Contains(s.Plugins[i].Commands, command) {
			return &s.Plugins[i]
		}
	}
	return nil
}

func missingCapabilities(s *set, r reporter) {
	for _, f := range s.files {
		for _, st := range f.steps {
			if p := s.setup.plugin(st.Name); p != nil && len(p.Lacks) > 0 {
				r.on(f, st.Pos, "the plugin %s was not granted %s", p.Name, strings.Join(p.Lacks, ", ")).
					hint("grant it below plugins.grants.%s in the configuration", p.Name)
			}
		}
	}
}

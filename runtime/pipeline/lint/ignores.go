package lint

import "github.com/penstock/penstock/runtime/fault"

const (
	codeIgnoreUnknown fault.Code = "lint.ignore.unknown"
	codeIgnoreUnused  fault.Code = "lint.ignore.unused"
	codeIgnoreReason  fault.Code = "lint.ignore.reason"
)

// ignoreRules describes what is found in the comments that silence other rules; see ignore.go.
func ignoreRules() []*Rule {
	return []*Rule{
		{
			Code: codeIgnoreUnknown, Severity: Warning,
			Summary: "a lint:ignore comment names no rule that there is",
			Why:     "It silences nothing. Codes stand behind every finding; `pi lint --rules` lists them.",
			Bad:     Example{Text: "pipeline:\n  - set: done # lint:ignore lint.variable.unusd because\n"},
			Good:    Example{Text: "vars:\n  total: 3 # lint:ignore lint.variable.unused it is for later\npipeline:\n  - set: done\n"},
		},
		{
			Code: codeIgnoreUnused, Severity: Warning,
			Summary: "a lint:ignore comment silences nothing",
			Why:     "What it was for is mended or moved away, and it would hide the next one. A comment is for its own line; one that stands alone is for the next line too.",
			Bad:     Example{Text: "vars:\n  total: 3 # lint:ignore lint.variable.unused not any more\npipeline:\n  - set: ${vars.total}\n"},
			Good:    Example{Text: "vars:\n  # lint:ignore lint.variable.unused it is for later\n  total: 3\npipeline:\n  - set: done\n"},
		},
		{
			Code: codeIgnoreReason, Severity: Hint,
			Summary: "a lint:ignore comment gives no reason",
			Why:     "The next reader cannot tell whether the rule still has to be silenced.",
			Bad:     Example{Text: "vars:\n  total: 3 # lint:ignore lint.variable.unused\npipeline:\n  - set: done\n"},
			Good:    Example{Text: "vars:\n  total: 3 # lint:ignore lint.variable.unused it is for later\npipeline:\n  - set: done\n"},
		},
	}
}

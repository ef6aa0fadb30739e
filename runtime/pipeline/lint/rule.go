package lint

import (
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/penstock/penstock/runtime/fault"
)

// Rule is one thing that the linter looks for.
type Rule struct {
	Code     fault.Code // stable, never renamed or reused
	Severity Severity
	Summary  string // what is wrong: one line, lower case, no full stop
	Why      string // what comes of it, and what to do
	Bad      Example
	Good     Example

	file func(*file, reporter) // looks at one file alone
	set  func(*set, reporter)  // looks at all files together
}

// Example is a text that the rule finds something in, or does not. The tests execute it.
type Example struct {
	Text   string
	Beside map[string]string // other files of the set, by name
	Events []Source          // that webhooks make
}

// Names lists the other files, sorted.
func (e *Example) Names() []string { return slices.Sorted(maps.Keys(e.Beside)) }

// Rules lists every rule, in the order of documentation. Nobody changes them.
func Rules() []*Rule { return rules() }

var rules = sync.OnceValue(func() []*Rule { //nolint:gochecknoglobals // constant data: the one list of what ships
	return slices.Concat(
		variableRules(),
		reachRules(),
		failureRules(),
		secretRules(),
		textRules(),
		eventRules(),
		payloadRules(),
		callRules(),
		macroRules(),
		pluginRules(),
		ignoreRules(),
	)
})

// ruleOf finds a rule; nil when there is none.
func ruleOf(code string) *Rule {
	i := slices.IndexFunc(Rules(), func(r *Rule) bool { return string(r.Code) == code })
	if i < 0 {
		return nil
	}
	return Rules()[i]
}

// codes lists everything that a finding can have as its code.
func codes() (out []string) {
	for _, r := range Rules() {
		out = append(out, string(r.Code))
	}
	for _, i := range fault.Codes() {
		out = append(out, string(i.Code))
	}
	return out
}

func quote(text string) string { return strconv.Quote(text) }

package pipeline_test

import (
	"strings"
	"testing"
)

// Identities finds every switch, wherever it stands.
func TestIdentities(t *testing.T) {
	t.Parallel()
	const as = "{iam.run.as: systemuser}"
	for name, text := range map[string]string{
		"plain":    "  - " + as,
		"if":       "  - if: {true: false, then: [exit], else: [" + as + "]}",
		"flat":     "  - if: {true: false}\n  - " + as + "\n  - if.end",
		"foreach":  "  - foreach: {in: [1], do: [" + as + "]}",
		"while":    "  - while: {true: false, do: [" + as + "], max: 2}",
		"parallel": "  - parallel: {branches: [[" + as + "], [exit]]}",
		"macro":    "  - macro: {name: m, do: [" + as + "]}\n  - macro.run: {name: m}",
		"unused":   "  - macro: {name: m, do: [" + as + "]}\n  - exit",
		"finally":  "  - finally\n  - " + as,
		"except":   "  - except\n  - " + as + "\n  - except.end",
	} {
		text = strings.ReplaceAll("pipeline:\n"+text+"\n", "[exit]", "[{body.set: 1}]")
		text = strings.ReplaceAll(text, "- exit", "- body.set: 1")
		if got := plan(t, &world{}, text).Identities(); len(got) != 1 || got[0] != "systemuser" {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := plan(t, &world{}, "pipeline:\n  - body.set: systemuser\n").Identities(); got != nil {
		t.Errorf("without a switch: %v", got)
	}
}

package lint_test

import (
	"strings"
	"testing"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// TestSpecExamples: the rules find nothing grave in the examples of the commands, which their authors meant as they are.
func TestSpecExamples(t *testing.T) {
	t.Parallel()
	var specs []command.Spec
	for _, d := range builtin.All(builtin.Deps{Now: now}) {
		specs = append(specs, d.Spec)
	}
	seen := 0
	for _, spec := range append(specs, pipeline.FlowCommands()...) {
		for _, e := range spec.Examples {
			if e.WantCode != "" {
				continue
			}
			seen++
			for _, f := range lint.Check([]lint.File{{Name: "example.pi.yaml", Text: e.Pipeline}}, setup(t)) {
				if f.Code == "lint.step.unreachable" { // examples of what is not done
					continue
				}
				if strings.HasPrefix(string(f.Code), "lint.") && f.Severity != lint.Hint {
					t.Errorf("%s, %s:\n%s%s", spec.Name, e.Title, e.Pipeline, told([]lint.Finding{f}, map[string]string{"example.pi.yaml": e.Pipeline}))
				}
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d examples were looked at", seen)
	}
}

package builtin_test

import (
	"testing"

	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/command/commandtest"
)

// TestExamples gives every command a world of its own.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, d := range builtin.All(commandtest.NewWorld().Deps()) {
		commandtest.RunExamples(t, builtin.All(commandtest.NewWorld().Deps()), d.Spec.Name)
	}
}

package builtin_test

import (
	"testing"

	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/command/commandtest"
)

// TestExamples gives every command a world of its own.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, d := range builtin.All(newWorld().deps()) {
		commandtest.RunExamples(t, builtin.All(newWorld().deps()), d.Spec.Name)
	}
}

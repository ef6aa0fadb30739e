package pipeline_test

import (
	"testing"

	"github.com/penstock/penstock/runtime/pipeline"
)

// TestUserOfExpressions: @user speaks of the identity that the step runs as, in branches and macros too.
func TestUserOfExpressions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"at the beginning": {"pipeline:\n  - set: \"${@user.username()} ${@user.loggedIn()}\"\n", "anonymousUser false"},
		"switched":         {"pipeline:\n  - iam.run.as: systemuser\n  - set: \"${@user.username()} ${@user.loggedIn()}\"\n", "systemuser true"},
		"in vars":          {"vars: {me: \"${@user.username()}\"}\npipeline:\n  - iam.run.as: systemuser\n  - set: \"${vars.me} ${@user.username()}\"\n", "anonymousUser systemuser"},
		"in a branch": {
			"pipeline:\n  - iam.run.as: systemuser\n  - parallel: {in: [1], do: [{set: \"${@user.username()}\"}], output: vars.out}\n  - set: \"${vars.out[0]}\"\n",
			"systemuser",
		},
	} {
		out, err := plan(t, &world{}, c.text).Run(t.Context(), pipeline.Input{RunID: "r", Now: now})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if out.Body != c.want {
			t.Errorf("%s: %v, want %s", name, out.Body, c.want)
		}
	}
}

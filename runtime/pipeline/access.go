package pipeline

import (
	"slices"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
)

// runAsCommand switches the identity. It is part of the language: who may switch is decided by the
// pipeline's name and not by a right on the command.
const runAsCommand = "iam.run.as"

// checkRights refuses switches to identities that the pipeline may not act as, and warns of commands that
// their identity may not run. A switch under a condition leaves both identities possible.
func (c *compiler) checkRights() {
	possible := []string{iam.Anonymous}
	for i := range c.plan.steps {
		s := &c.plan.steps[i]
		switch {
		case s.def == nil:
		case s.command == runAsCommand:
			name, _ := s.args["username"].(string)
			if name == "" || !c.mayBecome(s, name) {
				continue
			}
			if s.when.dynamic != nil {
				possible = append(possible, name)
			} else if s.when.constant == true {
				possible = []string{name}
			}
		default:
			if i := slices.IndexFunc(possible, func(id string) bool { return !c.deps.Policy.MayRun(id, s.command) }); i >= 0 {
				c.warnings.addAt(fault.New(fault.IAMDenied, "%s may not run %s", possible[i], s.command).
					WithHint("grant %s%s to one of its roles, or put iam.run.as in front", iam.RightPrefix, s.command), s.pos)
			}
		}
	}
}

func (c *compiler) mayBecome(s *step, identity string) bool {
	switch {
	case !c.deps.Policy.Known(identity):
		c.faults.addAt(fault.New(fault.IAMUnknown, "unknown identity %q", short(identity)).
			WithHint("%s", fault.DidYouMean(identity, c.deps.Policy.Names())), s.pos)
	case !c.deps.Policy.MayActAs(c.plan.name, identity):
		c.faults.addAt(fault.New(fault.IAMDenied, "the pipeline %s may not act as %s", c.plan.name, identity).
			WithHint("add the pipeline to iam.identities.%s.pipelines", identity), s.pos)
	default:
		return true
	}
	return false
}

package pipeline

import (
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
)

// runAsCommand switches the identity. It is part of the language: who may switch is decided by the
// pipeline's name and not by a right on the command.
const runAsCommand = "iam.run.as"

// checkRights refuses switches to identities that the pipeline may not act as, and warns of commands that
// their identity may not run. Where a switch may or may not have happened, both identities are possible.
func (c *compiler) checkRights() {
	r := &rights{c: c, seen: map[doubt]bool{}, macros: map[doubt]bool{}}
	r.list(&c.plan.root, []string{iam.Anonymous})
}

// rights follows the identities through the tree.
type rights struct {
	c      *compiler
	seen   map[doubt]bool // what was told already
	macros map[doubt]bool // by their lists and the identities: what was looked through already
}

type doubt struct {
	of         any
	identities string
}

// list gives the identities that are possible behind the list.
func (r *rights) list(l *list, possible []string) []string {
	anywhere := possible // where a failure may have happened
	for _, p := range l.parts {
		switch p := p.(type) {
		case *except:
			possible = union(possible, r.list(&p.do, anywhere))
		case *finally:
			possible = r.list(&p.do, union(anywhere, possible))
		default:
			possible = r.part(p, possible)
		}
		anywhere = union(anywhere, possible)
	}
	return possible
}

func (r *rights) part(p part, possible []string) []string {
	h := p.about()
	var after []string
	switch p := p.(type) {
	case *step:
		after = r.step(p, possible)
	case *block:
		after = r.block(p, possible)
	}
	if h.failure.rollback != nil {
		r.mayRun(h, callCommand, possible)
	}
	switch {
	case h.always() && h.failure.action == actThrow:
		return after
	case h.when.dynamic == nil && h.when.constant != true:
		return possible
	}
	return union(possible, after)
}

func (r *rights) step(s *step, possible []string) []string {
	switch {
	case s.def == nil:
	case s.command == runAsCommand:
		if name, _ := s.args["username"].(string); name != "" && r.mayBecome(s, name) {
			return []string{name}
		}
	default:
		r.mayRun(&s.head, s.command, possible)
	}
	return possible
}

func (r *rights) block(b *block, possible []string) []string {
	switch body := b.body.(type) {
	case *choice:
		var after []string
		open := true
		for i, l := range body.cases {
			after = union(after, r.list(l, possible))
			open = open && (body.conditions[i].dynamic != nil || body.conditions[i].constant != true)
		}
		if open {
			after = union(after, possible)
		}
		return after
	case *parallel:
		for _, l := range body.inside() {
			r.list(l, possible)
		}
		return possible
	case *macroRun:
		d := doubt{body.macro, strings.Join(slices.Sorted(slices.Values(possible)), " ")}
		if !r.macros[d] { // macros that run others twice would be looked through without end
			r.macros[d] = true
			r.list(&body.macro.do, possible)
		}
		return possible
	case *pipelineRun:
		r.mayRun(&b.head, callCommand, possible)
		return possible
	case *group:
		return r.list(&body.do, possible)
	}
	for _, l := range b.lists() { // of a loop: a round may begin as the one before ended
		after := union(possible, r.list(l, possible))
		if len(after) > len(possible) {
			possible = union(after, r.list(l, after))
		}
	}
	return possible
}

// mayRun warns of identities that may not run the command.
func (r *rights) mayRun(h *head, command string, possible []string) {
	i := slices.IndexFunc(possible, func(id string) bool { return !r.c.deps.Policy.MayRun(id, command) })
	if i < 0 || r.seen[doubt{of: h}] {
		return
	}
	r.seen[doubt{of: h}] = true
	r.c.warnings.addAt(fault.New(fault.IAMDenied, "%s may not run %s", possible[i], command).
		WithHint("grant %s%s to one of its roles, or put iam.run.as in front", iam.RightPrefix, command), h.pos)
}

func (r *rights) mayBecome(s *step, identity string) bool {
	c, d := r.c, doubt{&s.head, identity}
	told := r.seen[d]
	r.seen[d] = true
	var err *fault.Error
	switch {
	case !c.deps.Policy.Known(identity):
		err = fault.New(fault.IAMUnknown, "unknown identity %q", short(identity)).WithHint("%s", fault.DidYouMean(identity, c.deps.Policy.Names()))
	case !c.deps.Policy.MayActAs(c.plan.name, identity):
		err = fault.New(fault.IAMDenied, "the pipeline %s may not act as %s", c.plan.name, identity).
			WithHint("add the pipeline to iam.identities.%s.pipelines", identity)
	default:
		return true
	}
	if !told {
		c.faults.addAt(err, s.pos)
	}
	return false
}

func union(a, b []string) []string {
	for _, id := range b {
		if !slices.Contains(a, id) {
			a = append(slices.Clip(a), id)
		}
	}
	return a
}

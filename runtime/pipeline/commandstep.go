package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// commandStep compiles a call of a command. It is kept even when something is wrong with it, so that the
// indices of the others stay right.
func (c *compiler) commandStep(e *entry) part {
	s := &step{def: c.lookup(e)}
	var spec *command.Spec
	if s.def != nil {
		spec = &s.def.Spec
	}
	p := c.params(e, spec)
	c.begin(&s.head, e)
	if spec != nil {
		s.private = isPrivate(spec)
		s.command, s.where = spec.Name, fmt.Sprintf("step %d (%s)", s.index+1, spec.Name)
	}
	c.common(&s.head, &p, takes{input: true, output: true, timeout: true, policy: true})
	if n, _, given := p.node.get("output"); given && spec != nil && spec.Result == "" {
		c.faults.add(fault.CommandParam, n.line, n.col, `%s has no result, so it takes no "output"`, s.command)
	}
	if n, _, given := p.node.get("timeout"); given {
		s.timeout = c.timeout(n)
	}
	if spec != nil {
		c.ownParams(s, &p)
		c.messages(e, &p)
	}
	if name, isText := s.args["username"].(string); isText && s.command == runAsCommand {
		c.plan.identities = append(c.plan.identities, name)
	}
	return s
}

func (c *compiler) timeout(n *node) time.Duration {
	d, ok := command.ParseDuration(n.value)
	if !ok || d <= 0 {
		c.faults.add(fault.CommandType, n.line, n.col, `parameter "timeout" must be a duration`).
			hint(`write a text such as "500ms", "5s" or "2m", or a number of milliseconds`)
	}
	return d
}

// ownParams compiles the parameters that the command itself declares.
func (c *compiler) ownParams(s *step, p *params) {
	spec := p.spec
	s.args = make(map[string]any, len(spec.Params))
	given := map[string]bool{}
	for i, k := range p.node.keys {
		if isCommon(k.name) {
			continue
		}
		own, known := spec.Param(k.name)
		switch {
		case !known && spec.Open:
			c.argument(s, nil, k, p.node.items[i])
		case !known:
			c.faults.addErr(spec.Unknown(k.name), k.line, k.col)
		case given[own.Name]:
			c.faults.add(fault.CommandParam, k.line, k.col, "parameter %q is given under two names", own.Name)
		default:
			given[own.Name] = true
			if own.EvalBy != "" && !c.truth(p, own.EvalBy) {
				s.args[own.Name] = p.node.items[i].plain()
				continue
			}
			c.argument(s, own, k, p.node.items[i])
		}
	}
	for i := range spec.Params {
		own := &spec.Params[i]
		switch _, set := s.args[own.Name]; {
		case set:
		case own.Default != nil:
			s.args[own.Name] = own.Default
		case own.Required && !given[own.Name]:
			c.faults.addErr(own.Missing().In(spec.Name), p.at.line, p.at.col)
		}
	}
}

// argument compiles one value: a constant is checked now, anything else for every call.
func (c *compiler) argument(s *step, p *command.Param, k key, n *node) {
	before := len(c.faults.list)
	o := c.operand(n)
	if len(c.faults.list) > before {
		return
	}
	if p != nil && p.Literal {
		text, isText := n.text()
		if o.dynamic != nil || isText && c.hasDelimiter(text) {
			c.faults.add(fault.CommandType, n.line, n.col, "parameter %q must be written out, not an expression", p.Name)
			return
		}
	}
	if o.dynamic != nil {
		name := k.name
		if p != nil {
			name = p.Name
		}
		s.dynamic = append(s.dynamic, argument{param: p, name: name, value: o, pos: c.at(n.line, n.col)})
		return
	}
	if p == nil {
		s.args[k.name] = o.constant
		return
	}
	v, err := p.Check(o.constant)
	switch {
	case err != nil:
		c.faults.addErr(err, n.line, n.col)
	case v != nil || p.Type == command.TypeAny:
		s.args[p.Name] = v
	case p.Required:
		c.faults.addErr(p.Missing(), k.line, k.col)
	}
}

// lookup finds the command, or reports why there is none.
func (c *compiler) lookup(e *entry) *command.Definition {
	if _, known := slices.BinarySearch(c.deps.Commands.Names(), e.command); known { // an unknown one takes long
		if def, err := c.deps.Commands.Lookup(e.command); err == nil {
			return def
		}
	}
	added := c.faults.add(fault.CommandUnknown, e.line, e.col, "unknown command %q", short(e.command))
	name, rest, spaced := strings.Cut(e.command, " ")
	switch {
	case c.faults.full():
	case e.command == "event.receive":
		added.hint(`did you mean "event.listen"?`)
	case strings.Contains(e.command, " - "):
		added.hint(`begin every "- " of a list in the same column`)
	case spaced && c.known(strings.TrimSuffix(name, ":")) && rest != "":
		added.hint(`put a colon behind the name: "%s: ..."`, strings.TrimSuffix(name, ":"))
	default:
		names := append([]string{"event.listen", "job", "message.receive"}, c.deps.Commands.Names()...)
		added.hint("%s", c.faults.near(e.command, append(names, flowNames()...)))
	}
	return nil
}

func (c *compiler) known(name string) bool {
	_, err := c.deps.Commands.Lookup(name)
	return err == nil || isFlow(name)
}

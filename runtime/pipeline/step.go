package pipeline

import (
	"fmt"
	"slices"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// step compiles a command with its parameters. The step is kept even when something is wrong with it, so
// that the indices of the others stay right.
func (c *compiler) step(call *call) {
	s := step{
		index: len(c.plan.steps), command: call.command, pos: c.at(call.line, call.col),
		when: operand{constant: true}, failure: c.failure,
	}
	defer func() {
		s.where = fmt.Sprintf("step %d (%s)", s.index+1, s.command)
		c.plan.steps = append(c.plan.steps, s)
	}()
	def := c.lookup(call)
	params := call.params
	if def != nil {
		s.def, s.command = def, def.Spec.Name
		if call.short != nil {
			params = c.shortForm(&def.Spec, call)
		}
	}
	if params == nil {
		params = &node{kind: mapNode, line: call.line, col: call.col}
	}
	c.commonParams(&s, params)
	if def != nil {
		c.ownParams(&s, call, params)
	}
}

func (c *compiler) at(line, col int) fault.Position {
	return fault.Position{File: c.faults.file, Line: line, Column: col}
}

// shortForm gives the parameters for which a single value stands.
func (c *compiler) shortForm(spec *command.Spec, call *call) *node {
	n := call.short
	if spec.Shorthand == "" {
		c.faults.add(fault.CommandParam, n.line, n.col, "%s has no short form", spec.Name).hint("write its parameters below it")
		return nil
	}
	return &node{
		kind: mapNode, line: call.line, col: call.col,
		keys: []key{{name: spec.Shorthand, line: n.line, col: n.col}}, items: []*node{n},
	}
}

func (c *compiler) commonParams(s *step, params *node) {
	for i, k := range params.keys {
		n := params.items[i]
		switch k.name {
		case "id":
			s.id = c.id(n)
		case "if":
			s.when = c.condition(n)
		case "eval":
			if o := c.bare(n); o.dynamic != nil {
				s.after = o.dynamic
			}
		case "input":
			o := c.operand(n)
			s.input = &o
		case "output":
			c.output(s, n)
		case "onError":
			s.failure = c.onError(n)
		case "timeout":
			d, ok := command.ParseDuration(n.value)
			if !ok || d <= 0 {
				c.faults.add(fault.CommandType, n.line, n.col, `parameter "timeout" must be a duration`).
					hint(`write a text such as "500ms", "5s" or "2m", or a number of milliseconds`)
			}
			s.timeout = d
		}
	}
	if n, k, given := params.get("retry"); given {
		if _, _, own := params.get("onError"); own && s.failure.repeats > 0 {
			c.faults.add(fault.PipelineInvalid, k.line, k.col, `"retry" stands beside onError with RETRY`).hint("keep one of them")
		}
		s.failure.repeats, s.failure.wait = c.retry(n)
	}
}

func (c *compiler) id(n *node) string {
	id, ok := n.text()
	switch {
	case !ok || id == "" || len(id) > 64 || hasDelimiter(id):
		c.faults.add(fault.CommandType, n.line, n.col, `parameter "id" must be a fixed text of 1 to 64 bytes`)
	case c.ids[id] != 0:
		c.faults.add(fault.PipelineInvalid, n.line, n.col, "another step has the id %q, in line %d", id, c.ids[id])
	default:
		c.ids[id] = n.line
	}
	return id
}

func (c *compiler) output(s *step, n *node) {
	if s.def != nil && s.def.Spec.Result == "" {
		c.faults.add(fault.CommandParam, n.line, n.col, `%s has no result, so it takes no "output"`, s.command)
		return
	}
	text, ok := n.text()
	if !ok {
		c.faults.add(fault.CommandType, n.line, n.col, `parameter "output" must be a text such as vars.x, not %s`, n.typeName())
		return
	}
	target, err := c.deps.Language.Target(text)
	if err != nil {
		c.addPlaced(err, n, 0)
		return
	}
	if root := target.Root(); root != "vars" && root != "body" {
		c.faults.add(fault.PipelineInvalid, n.line, n.col, `"output" must begin with vars or body`)
		return
	}
	s.output = target
}

// ownParams compiles the parameters that the command itself declares.
func (c *compiler) ownParams(s *step, call *call, params *node) {
	spec := &s.def.Spec
	s.args = make(map[string]any, len(spec.Params))
	given := map[string]bool{}
	for i, k := range params.keys {
		if isCommon(k.name) {
			continue
		}
		p, known := spec.Param(k.name)
		switch {
		case !known && spec.Open:
			c.argument(s, nil, k, params.items[i])
		case !known:
			c.faults.addErr(spec.Unknown(k.name), k.line, k.col)
		case given[p.Name]:
			c.faults.add(fault.CommandParam, k.line, k.col, "parameter %q is given under two names", p.Name)
		default:
			given[p.Name] = true
			c.argument(s, p, k, params.items[i])
		}
	}
	for i := range spec.Params {
		p := &spec.Params[i]
		switch _, set := s.args[p.Name]; {
		case set:
		case p.Default != nil:
			s.args[p.Name] = p.Default
		case p.Required && !given[p.Name]:
			c.faults.addErr(p.Missing().In(spec.Name), call.line, call.col)
		}
	}
}

func isCommon(name string) bool {
	return slices.ContainsFunc(command.CommonParams(), func(p command.Param) bool { return p.Name == name })
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
		if o.dynamic != nil || isText && hasDelimiter(text) {
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

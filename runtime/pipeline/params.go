package pipeline

import (
	"fmt"
	"slices"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// params is what a command of a file was given.
type params struct {
	spec *command.Spec // nil for an unknown command
	at   *entry
	node *node // a map
}

// params reads the parameters of a command in any form; spec is nil for an unknown one.
func (c *compiler) params(e *entry, spec *command.Spec) params {
	p := params{spec: spec, at: e, node: e.params}
	if e.short != nil && spec != nil {
		if n := e.short; spec.Shorthand == "" {
			c.faults.add(fault.CommandParam, n.line, n.col, "%s has no short form", spec.Name).hint("write its parameters below it")
		} else {
			p.node = &node{
				kind: mapNode, line: e.line, col: e.col,
				keys: []key{{name: spec.Shorthand, line: n.line, col: n.col}}, items: []*node{n},
			}
		}
	}
	if p.node == nil {
		p.node = &node{kind: mapNode, line: e.line, col: e.col}
	}
	return p
}

// get finds a parameter under its name or another one.
func (p *params) get(name string) (*node, bool) {
	for i, k := range p.node.keys {
		if k.name == name {
			return p.node.items[i], true
		}
		if own, known := p.spec.Param(k.name); known && own.Name == name {
			return p.node.items[i], true
		}
	}
	return nil, false
}

// flow reads the parameters of a command of the language and reports those that it does not have.
func (c *compiler) flow(e *entry) params {
	spec := sharedSpecs()[e.command]
	p := c.params(e, spec)
	for _, k := range p.node.keys {
		switch _, known := spec.Param(k.name); {
		case known || isCommon(k.name) || spec.Open:
		case k.name == "end":
			c.faults.add(fault.PipelineUnsupported, k.line, k.col, `%s takes no "end"`, spec.Name).
				hint(`write "- %s.end" behind its last command`, spec.Name)
		case k.name == "loopName":
			c.faults.add(fault.PipelineUnsupported, k.line, k.col, `%s takes no "loopName"`, spec.Name).
				hint("write as: its values are below vars.loop")
		default:
			c.faults.addErr(spec.Unknown(k.name), k.line, k.col)
		}
	}
	for i := range spec.Params {
		own := &spec.Params[i]
		if n, given := p.get(own.Name); own.Required && (!given || n.isNull() && own.Type != command.TypeAny) {
			c.faults.addErr(own.Missing().In(spec.Name), e.line, e.col)
		}
	}
	return p
}

// literal reads a parameter that must be written out, in the form that its type asks for; nil when it is
// not given or wrong.
func (c *compiler) literal(p *params, name string) any {
	n, given := p.get(name)
	own, _ := p.spec.Param(name)
	switch text, isText := n.orNull().text(); {
	case !given || n.isNull():
		return own.Default
	case isText && c.hasDelimiter(text):
		c.faults.add(fault.CommandType, n.line, n.col, "parameter %q must be written out, not an expression", name)
		return own.Default
	}
	v, err := own.Check(c.operand(n).constant)
	if err != nil {
		c.faults.addErr(err, n.line, n.col)
		return own.Default
	}
	return v
}

// truth reads a parameter that is true or false.
func (c *compiler) truth(p *params, name string) bool {
	v, _ := c.literal(p, name).(bool)
	return v
}

// takes says which of the common parameters mean something for a command.
type takes struct{ input, output, timeout, policy, step bool }

// begin fills what every part has and gives it its number.
func (c *compiler) begin(h *head, e *entry) {
	h.index, h.depth, h.command, h.pos = len(c.plan.heads), c.depth, e.command, c.at(e.line, e.col)
	h.where = fmt.Sprintf("step %d (%s)", h.index+1, h.command)
	h.when, h.failure = operand{constant: true}, c.failure
	c.plan.heads = append(c.plan.heads, h)
	if e.command != "macro" {
		c.doubtName(e)
	}
}

// doubtName warns of old names and of versions that do not exist.
func (c *compiler) doubtName(e *entry) {
	if e.written != e.command {
		c.warnings.add(fault.PipelineDeprecated, e.line, e.col, "%q is an old name", e.written).hint("write %s", e.command)
	}
	if e.version != "" && e.version != "v1" {
		c.warnings.add(fault.PipelineUnsupported, e.line, e.col, "%s has no version %s, so v1 is used", short(e.command), e.version).
			hint("write %s", short(e.command))
	}
}

// common compiles the parameters that every command takes; own tells that the file gives the part a policy
// for failures of its own.
func (c *compiler) common(h *head, p *params, t takes) (own bool) {
	for i, k := range p.node.keys {
		n := p.node.items[i]
		if p.spec != nil {
			if _, mine := p.spec.Param(k.name); mine {
				continue
			}
		}
		if isCommon(k.name) && !t.take(k.name) {
			c.faults.add(fault.CommandParam, k.line, k.col, "%s takes no %q", h.command, k.name).
				hint("%s", map[bool]string{true: "put it on the commands inside"}[k.name == "timeout" && !t.step])
			continue
		}
		switch k.name {
		case "id":
			h.id = c.id(n)
		case "if":
			h.when = c.condition(n)
		case "eval":
			if o := c.bare(n); o.dynamic != nil {
				h.after = o.dynamic
			}
		case "input":
			o := c.operand(n)
			h.input = &o
		case "output":
			c.output(h, n)
		case "onError":
			h.failure, own = c.onError(n), true
		}
	}
	n, k, given := p.node.get("retry")
	if !given || !t.policy {
		return own
	}
	if _, _, also := p.node.get("onError"); also && h.failure.retry.repeats > 0 {
		c.faults.add(fault.PipelineInvalid, k.line, k.col, `"retry" stands beside onError with RETRY`).hint("keep one of them")
	}
	h.failure.retry = c.retry(n)
	return true
}

func (t takes) take(name string) bool {
	switch name {
	case "input":
		return t.input
	case "output":
		return t.output
	case "timeout":
		return t.timeout
	case "onError", "retry":
		return t.policy
	}
	return true
}

func isCommon(name string) bool {
	return slices.ContainsFunc(command.CommonParams(), func(p command.Param) bool { return p.Name == name })
}

func (c *compiler) at(line, col int) fault.Position {
	return fault.Position{File: c.faults.file, Line: line, Column: col}
}

func (c *compiler) id(n *node) string {
	id, ok := n.text()
	switch {
	case !ok || id == "" || len(id) > 64 || c.hasDelimiter(id):
		c.faults.add(fault.CommandType, n.line, n.col, `parameter "id" must be a fixed text of 1 to 64 bytes`)
	case c.ids[id] != 0:
		c.faults.add(fault.PipelineInvalid, n.line, n.col, "another step has the id %q, in line %d", id, c.ids[id])
	default:
		c.ids[id] = n.line
	}
	return id
}

func (c *compiler) output(h *head, n *node) {
	if _, ok := n.text(); !ok {
		c.faults.add(fault.CommandType, n.line, n.col, `parameter "output" must be a text such as vars.x, not %s`, n.typeName())
		return
	}
	target, err := c.deps.Language.Target(c.translated(n))
	if err != nil {
		c.addPlaced(err, n, 0)
		return
	}
	if root := target.Root(); root != "vars" && root != "body" {
		c.faults.add(fault.PipelineInvalid, n.line, n.col, `"output" must begin with vars or body`)
		return
	}
	c.noteTarget(n, target)
	h.output = target
}

package pipeline

import (
	"context"
	"regexp"
	"slices"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/trigger"
)

// triggerKind tells the commands that start a pipeline from those that are its steps.
func triggerKind(name string) (trigger.Kind, bool) {
	switch name {
	case "event.listen":
		return trigger.EventListen, true
	case "message.receive", "message.listen":
		return trigger.MessageReceive, true
	case "job":
		return trigger.Job, true
	}
	return "", false
}

var (
	stepOnly         = []string{"if", "eval", "onError", "input", "output", "timeout", "retry"} //nolint:gochecknoglobals // constant data
	payloadReference = regexp.MustCompile(`\b(?:body|event)\s*(?:\?\.|\.|(?:\?\.)?\[\s*['"])\s*(?:payload|origin|target)\b`)
)

// trigger compiles the first command, if it is a trigger, and gives the others.
func (c *compiler) trigger(entries []entry) []entry {
	if len(entries) == 0 {
		return nil
	}
	if kind, ok := triggerKind(entries[0].command); ok {
		c.plan.trigger = c.compileTrigger(kind, &entries[0])
		return entries[1:]
	}
	return entries
}

// misplacedTrigger reports a trigger that is not the first command.
func (c *compiler) misplacedTrigger(e *entry) {
	if c.plan.trigger != nil || c.strayTrigger {
		c.faults.add(fault.PipelineTrigger, e.line, e.col, "%s is a second trigger", e.command).
			hint("write one pipeline file for each trigger")
		return
	}
	c.strayTrigger = true
	c.faults.add(fault.PipelineTrigger, e.line, e.col, "%s must be the first command", e.command).
		hint("a trigger starts the pipeline: put it in front of the other commands")
}

func (c *compiler) compileTrigger(kind trigger.Kind, e *entry) *trigger.Trigger {
	p := c.params(e, sharedSpecs()[string(kind)])
	for _, k := range p.node.keys {
		c.triggerParam(&p, k)
	}
	if n, _, given := p.node.get("id"); given {
		c.id(n)
	}
	t := &trigger.Trigger{Kind: kind}
	switch kind {
	case trigger.Job:
		c.job(t, &p)
	case trigger.MessageReceive:
		t.Prefix, t.Pattern = c.deps.MessagePrefix, c.pattern(&p, "key")
		c.message(t, &p)
	default:
		t.Pattern = c.pattern(&p, "eventKey")
		c.selection(t, p.node)
	}
	return t
}

// triggerParam reports a parameter that the trigger does not have, or that is an old one.
func (c *compiler) triggerParam(p *params, k key) {
	own, known := p.spec.Param(k.name)
	switch {
	case k.name == "id":
	case known && own.Deprecated != "":
		c.warnings.add(fault.PipelineDeprecated, k.line, k.col, "%q is an old parameter", k.name).hint("%s", own.Deprecated)
	case known:
	case slices.Contains(stepOnly, k.name):
		c.faults.add(fault.PipelineTrigger, k.line, k.col, "a trigger takes no %q", k.name).
			hint("put it on the commands behind the trigger")
	default:
		c.faults.addErr(p.spec.Unknown(short(k.name)), k.line, k.col)
	}
}

// pattern reads the key of a trigger.
func (c *compiler) pattern(p *params, name string) string {
	n, given := p.get(name)
	own, _ := p.spec.Param(name)
	for _, alias := range own.Aliases {
		other, k, also := p.node.get(alias)
		if _, _, first := p.node.get(name); also && first {
			c.faults.add(fault.CommandParam, k.line, k.col, "parameter %q is given under two names", name)
			n = other
		}
	}
	if !given || n.isNull() {
		c.faults.add(fault.CommandMissing, p.at.line, p.at.col, "%s: parameter %q is missing", p.spec.Name, name)
		return ""
	}
	text, ok := n.text()
	if !ok || c.hasDelimiter(text) {
		c.faults.add(fault.CommandType, n.line, n.col, "parameter %q must be written out as a text", name)
		return ""
	}
	if err := trigger.CheckPattern(text); err != nil {
		c.faults.addErr(err, n.line, n.col)
		return ""
	}
	return text
}

// selection compiles selector, or the older filter.
func (c *compiler) selection(t *trigger.Trigger, params *node) {
	if n, _, given := params.get("filter"); given {
		filter, headers := c.bare(n), c.plan.headers
		t.Select = func(ctx context.Context, object event.Object) (bool, error) {
			view := event.View(map[string]any(object))
			return decide(ctx, filter, expr.Env{"body": view, "event": view, "headers": headers})
		}
	}
	n, _, given := params.get("selector")
	if !given {
		return
	}
	if text, ok := n.text(); ok && payloadReference.MatchString(text) {
		c.faults.add(fault.PipelineTrigger, n.line, n.col, "a selector must not use the payload").
			hint(`select by the event's headers, or test the payload with "if" on a command`)
	}
	selector := c.bare(n)
	t.Select = func(ctx context.Context, object event.Object) (bool, error) {
		bare := make(map[string]any, len(object))
		for name, v := range object {
			if name != "payload" {
				bare[name] = v
			}
		}
		return decide(ctx, selector, expr.Env{"body": bare, "event": bare, "headers": object["headers"]})
	}
}

func decide(ctx context.Context, o operand, env expr.Env) (bool, error) {
	v, err := o.eval(ctx, env)
	if err != nil {
		return false, err
	}
	return expr.Truthy(v), nil
}

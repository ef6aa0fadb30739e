package pipeline

import (
	"context"
	"regexp"
	"slices"
	"strings"

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
	}
	return "", false
}

var (
	stepOnly         = []string{"if", "eval", "onError", "input", "output", "timeout", "retry"}                                //nolint:gochecknoglobals // constant data
	brokerOnly       = []string{"exchange", "queue", "manageQueue", "managed", "deleteQueue", "maxBatchSize", "maxBatchItems"} //nolint:gochecknoglobals // constant data
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
	params := e.params
	if e.short != nil {
		params = &node{
			kind: mapNode, line: e.line, col: e.col,
			keys: []key{{name: "key", line: e.short.line, col: e.short.col}}, items: []*node{e.short},
		}
	}
	if params == nil {
		params = &node{kind: mapNode, line: e.line, col: e.col}
	}
	t := &trigger.Trigger{Kind: kind}
	for i, k := range params.keys {
		c.triggerParam(kind, k, params.items[i])
	}
	if n, _, given := params.get("id"); given {
		c.id(n)
	}
	t.Pattern = c.pattern(kind, e, params)
	if kind == trigger.EventListen {
		c.selection(t, params)
	}
	return t
}

// triggerParam reports a parameter that the trigger does not have or that this version cannot keep.
func (c *compiler) triggerParam(kind trigger.Kind, k key, n *node) {
	spec := triggerSpec(kind)
	own, known := spec.Param(k.name)
	switch {
	case k.name == "autoack" && kind == trigger.MessageReceive:
		if n.value != true {
			c.faults.add(fault.PipelineUnsupported, n.line, n.col, `"autoack" other than true is not supported`).
				hint("a message is acknowledged when its run is finished")
		}
	case k.name == "id":
	case known && own.Deprecated != "":
		c.warnings.add(fault.PipelineDeprecated, k.line, k.col, "%q is an old parameter", k.name).hint("%s", own.Deprecated)
	case known:
	case slices.Contains(stepOnly, k.name):
		c.faults.add(fault.PipelineTrigger, k.line, k.col, "a trigger takes no %q", k.name).
			hint("put it on the commands behind the trigger")
	case kind == trigger.MessageReceive && slices.Contains(brokerOnly, k.name):
		c.faults.add(fault.PipelineUnsupported, k.line, k.col, "%q of %s is not supported by this version", k.name, kind).
			hint("leave it out: exchange and queue belong to the configuration, every message has its own run")
	default:
		c.faults.addErr(spec.Unknown(short(k.name)), k.line, k.col)
	}
}

// pattern reads the key of the trigger and gives the pattern over event keys.
func (c *compiler) pattern(kind trigger.Kind, e *entry, params *node) string {
	name, other := "eventKey", "key"
	if kind == trigger.MessageReceive {
		name, other = "key", ""
	}
	n, _, given := params.get(name)
	if alias, k, also := params.get(other); also {
		if given {
			c.faults.add(fault.CommandParam, k.line, k.col, "parameter %q is given under two names", name)
		}
		n, given = alias, true
	}
	if !given || n.isNull() {
		c.faults.add(fault.CommandMissing, e.line, e.col, "%s: parameter %q is missing", kind, name)
		return ""
	}
	text, ok := n.text()
	if !ok || c.hasDelimiter(text) {
		c.faults.add(fault.CommandType, n.line, n.col, "parameter %q must be written out as a text", name)
		return ""
	}
	if kind == trigger.MessageReceive {
		key, prefixed := strings.CutPrefix(text, c.deps.MessagePrefix)
		if !prefixed {
			c.faults.add(fault.PipelineInvalid, n.line, n.col, "parameter %q must begin with %q", name, c.deps.MessagePrefix).
				hint("an event is a message under its key with this prefix")
			return ""
		}
		text = key
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

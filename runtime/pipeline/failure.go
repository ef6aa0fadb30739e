package pipeline

import (
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
)

// action says what happens when a part failed and is not repeated any more.
type action string

const (
	actThrow    action = "THROW"
	actIgnore   action = "IGNORE"
	actLog      action = "LOG"
	actRetry    action = "RETRY"
	actRollback action = "ROLLBACK"
)

// failure says what happens when a part fails: onError and retry of the file, together.
type failure struct {
	action   action // when no try is left: THROW, IGNORE, LOG or ROLLBACK
	rollback *called
	retry    retry
}

// onError reads the short form (a name) or the long form (a map of action and what belongs to it, or that as a
// JSON text).
func (c *compiler) onError(n *node) failure {
	if text, ok := n.text(); ok && strings.HasPrefix(strings.TrimSpace(text), "{") {
		if n = c.jsonText(n, text); n == nil {
			return failure{action: actThrow}
		}
	}
	if n.kind != mapNode {
		act := c.action(n, actThrow, actIgnore, actLog, actRetry)
		if act == actRetry {
			return failure{action: actThrow, retry: standardRetry(1)}
		}
		return failure{action: act}
	}
	a, _, ok := n.get("action")
	if !ok {
		c.onlyKeys(n, "onError", []string{"action", "times", "wait", "then", "pipeline"})
		c.faults.add(fault.CommandMissing, n.line, n.col, `onError needs an "action"`).hint("write THROW, IGNORE, LOG, RETRY or ROLLBACK")
		return failure{action: actThrow}
	}
	act := c.action(a, actThrow, actIgnore, actLog, actRetry, actRollback)
	for i, k := range n.keys {
		owner := map[string]action{"times": actRetry, "wait": actRetry, "then": actRetry, "pipeline": actRollback}[k.name]
		switch {
		case k.name == "action":
		case owner == "":
			c.faults.add(fault.CommandParam, k.line, k.col, "onError has no %q", short(k.name)).
				hint("%s", fault.DidYouMean(k.name, []string{"action", "times", "wait", "then", "pipeline"}))
		case owner != act:
			c.faults.add(fault.PipelineInvalid, k.line, k.col, "%q belongs to the action %s", k.name, owner)
		case k.name == "pipeline":
			return failure{action: actRollback, rollback: c.called(n.items[i], k)}
		}
	}
	switch act {
	case actRetry:
		p := failure{action: actThrow, retry: standardRetry(1)}
		c.times(n, &p.retry)
		c.wait(n, "wait", &p.retry.wait)
		if then, _, given := n.get("then"); given {
			p.action, p.rollback = c.then(then)
		}
		return p
	case actRollback:
		c.faults.add(fault.CommandMissing, n.line, n.col, "ROLLBACK needs the pipeline that takes back what was done").
			hint("write pipeline: NAME beside the action")
	}
	return failure{action: act}
}

// then reads what follows the last try: any action but RETRY, in either form.
func (c *compiler) then(n *node) (action, *called) {
	if n.kind == mapNode {
		if a, _, ok := n.get("action"); ok {
			if text, _ := a.text(); strings.EqualFold(text, string(actRetry)) {
				c.action(a, actThrow, actIgnore, actLog, actRollback)
				return actThrow, nil
			}
		}
		p := c.onError(n)
		return p.action, p.rollback
	}
	return c.action(n, actThrow, actIgnore, actLog), nil
}

// jsonText reads a JSON text inside a text. All of it gets the position of the text.
func (c *compiler) jsonText(n *node, text string) *node {
	inner := readJSON(&faults{file: c.faults.file}, []byte(text))
	if inner == nil || inner.kind != mapNode {
		c.faults.add(fault.CommandType, n.line, n.col, "the text is not a JSON map").hint("write a map of YAML, without quotes around it")
		return nil
	}
	inner.placeAt(n.line, n.col)
	return inner
}

func (n *node) placeAt(line, col int) {
	n.line, n.col, n.textLine, n.textCol = line, col, 0, 0
	for i := range n.keys {
		n.keys[i].line, n.keys[i].col, n.keys[i].quote = line, col, 0
	}
	for _, item := range n.items {
		item.placeAt(line, col)
	}
}

// action reads one of the names.
func (c *compiler) action(n *node, known ...action) action {
	text, _ := n.text()
	act := action(strings.ToUpper(text))
	if slices.Contains(known, act) {
		return act
	}
	if act == actRollback {
		c.faults.add(fault.CommandMissing, n.line, n.col, "ROLLBACK needs the pipeline that takes back what was done").
			hint("write {action: ROLLBACK, pipeline: NAME}")
		return actThrow
	}
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = string(k)
	}
	c.faults.add(fault.CommandType, n.line, n.col, "an action must be one of %s", strings.Join(names, ", ")).
		hint("%s", fault.DidYouMean(string(act), names))
	return actThrow
}

// onlyKeys reports the keys of a map that mean nothing there.
func (c *compiler) onlyKeys(n *node, what string, known []string) {
	for _, k := range n.keys {
		if !slices.Contains(known, k.name) {
			c.faults.add(fault.CommandParam, k.line, k.col, "%s has no %q", what, short(k.name)).
				hint("%s", fault.DidYouMean(k.name, known))
		}
	}
}

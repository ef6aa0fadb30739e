package pipeline

import (
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

// The limits of waiting inside a run. What has to wait longer belongs to the engine's durable schedule.
const (
	maxWait    = 30 * time.Second
	maxRepeats = 10
)

// action says what happens when a step failed.
type action string

const (
	actThrow  action = "THROW"
	actIgnore action = "IGNORE"
	actLog    action = "LOG"
	actRetry  action = "RETRY"
)

// failure says what happens when a step fails: onError and retry of the file, together.
type failure struct {
	action  action // when no try is left: THROW, IGNORE or LOG
	repeats int    // tries after the first one, for retryable failures
	wait    time.Duration
}

// onError reads the short form (a name) or the long form (a map of action, times, wait and then).
func (c *compiler) onError(n *node) failure {
	if n.kind != mapNode {
		act := c.action(n, true)
		if act == actRetry {
			return failure{action: actThrow, repeats: 1, wait: defaultWait}
		}
		return failure{action: act}
	}
	names := []string{"action", "times", "wait", "then"}
	c.onlyKeys(n, "onError", names)
	a, _, ok := n.get("action")
	if !ok {
		c.faults.add(fault.CommandMissing, n.line, n.col, `onError needs an "action"`).hint("write THROW, IGNORE, LOG or RETRY")
		return failure{action: actThrow}
	}
	act := c.action(a, true)
	if act != actRetry {
		for _, name := range names[1:] {
			if _, k, given := n.get(name); given {
				c.faults.add(fault.PipelineInvalid, k.line, k.col, "%q belongs to the action RETRY", name)
			}
		}
		return failure{action: act}
	}
	p := failure{action: actThrow, repeats: c.times(n, 1), wait: c.wait(n)}
	if then, _, given := n.get("then"); given {
		p.action = c.action(then, false)
	}
	return p
}

const defaultWait = 3 * time.Second

func (c *compiler) action(n *node, withRetry bool) action {
	known := []string{string(actThrow), string(actIgnore), string(actLog)}
	if withRetry {
		known = append(known, string(actRetry))
	}
	text, _ := n.text()
	act := strings.ToUpper(text)
	switch {
	case slices.Contains(known, act):
		return action(act)
	case act == "ROLLBACK":
		c.faults.add(fault.PipelineUnsupported, n.line, n.col, "the action ROLLBACK is not supported yet by this version")
	default:
		added := c.faults.add(fault.CommandType, n.line, n.col, "an action must be one of %s", strings.Join(known, ", "))
		added.hint("%s", fault.DidYouMean(act, known))
	}
	return actThrow
}

// retry reads a number of repetitions, or a map of times and wait.
func (c *compiler) retry(n *node) (repeats int, wait time.Duration) {
	if n.kind == mapNode {
		if _, k, given := n.get("from"); given {
			c.faults.add(fault.PipelineUnsupported, k.line, k.col, `"from" of retry is not supported yet by this version`)
		}
		c.onlyKeys(n, "retry", []string{"times", "wait", "from"})
		return c.times(n, 1), c.wait(n)
	}
	return c.count(n), defaultWait
}

func (c *compiler) times(n *node, otherwise int) int {
	times, _, given := n.get("times")
	if !given {
		return otherwise
	}
	return c.count(times)
}

func (c *compiler) count(n *node) int {
	i, ok := n.value.(int)
	if !ok || i < 1 || i > maxRepeats {
		c.faults.add(fault.CommandType, n.line, n.col, "the number of repetitions must be a number from 1 to %d", maxRepeats)
		return 1
	}
	return i
}

// wait reads how long to wait between two tries: a number of seconds, or a text with a unit.
func (c *compiler) wait(n *node) time.Duration {
	w, _, given := n.get("wait")
	if !given {
		return defaultWait
	}
	var d time.Duration
	ok := false
	switch v := w.value.(type) {
	case int:
		d, ok = time.Duration(min(v, 1<<20))*time.Second, v >= 0
	case float64:
		d, ok = time.Duration(min(v, 1<<20)*float64(time.Second)), v >= 0
	case string:
		parsed, err := time.ParseDuration(v)
		d, ok = parsed, err == nil && parsed >= 0
	}
	switch {
	case !ok:
		c.faults.add(fault.CommandType, w.line, w.col, `"wait" must be a number of seconds or a text such as "500ms"`)
		return defaultWait
	case d > maxWait:
		c.faults.add(fault.CommandType, w.line, w.col, `"wait" must not be longer than %s`, maxWait)
		return defaultWait
	}
	return d
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

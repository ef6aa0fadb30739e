package pipeline

import (
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

// The limits of repeating a part. What asks for a longer wait, or has failed more often, is left to the
// one who runs the pipeline.
const (
	maxRepeats   = 100
	longestWait  = 24 * time.Hour
	longestHold  = 30 * time.Second // where nothing can wait but the run itself
	standardWait = 3 * time.Second
)

// retry says how often and when a part is repeated after a failure.
type retry struct {
	repeats int           // after the first try
	wait    time.Duration // before the first repetition
	factor  float64       // by which each wait is longer than the one before; at least 1
	most    time.Duration // longest wait
	jitter  float64       // share of the wait that is random, from 0 to 1
	on      []string      // names of failures that are repeated; nil = those that may succeed later
	start   bool          // begin the run again instead of the part
}

func standardRetry(repeats int) retry {
	return retry{repeats: repeats, wait: standardWait, factor: 1, most: longestWait}
}

// takes reports whether the failure is one to repeat after.
func (r *retry) takes(c cause) bool {
	if r.on == nil {
		return c.retry
	}
	return slices.ContainsFunc(r.on, c.is)
}

// again gives the wait before the next try; false when there is to be none. tries have been made.
func (r *retry) again(c cause, tries int) (time.Duration, bool) {
	if tries > r.repeats || r.start || !r.takes(c) {
		return 0, false
	}
	wait := max(r.after(tries), c.after)
	return wait, wait <= longestWait
}

// restarts reports whether the author wants the run to begin again after this failure, and may have it. No
// handler takes such a failure: the run is not over.
func (x *execution) restarts(h *head, t *thrown) bool {
	r := &h.failure.retry
	switch {
	case !r.start || t.fatal || !r.takes(t.cause()):
		return false
	case !x.in.Retries || r.repeats > 0 && x.in.Attempt > r.repeats:
		last := *t.err
		last.Retry, last.RetryAfter = false, 0
		t.err = &last
		return false
	}
	t.restart, t.fatal = true, true
	t.err = t.err.WithRetry(max(r.after(x.in.Attempt), t.err.RetryAfter))
	return true
}

// after is the wait after so many tries.
func (r *retry) after(tries int) time.Duration {
	wait := min(float64(r.wait)*math.Pow(r.factor, float64(tries-1)), float64(r.most))
	if r.jitter > 0 {
		wait -= r.jitter * wait * rand.Float64()
	}
	return time.Duration(wait)
}

// retry reads a number of repetitions, or a map.
func (c *compiler) retry(n *node) retry {
	if n.kind != mapNode {
		r := standardRetry(1)
		c.count(n, 1, &r.repeats)
		return r
	}
	c.onlyKeys(n, "retry", []string{"times", "attempts", "wait", "backoff", "maxWait", "jitter", "on", "from"})
	r := standardRetry(1)
	if a, k, given := n.get("attempts"); given {
		if _, _, also := n.get("times"); also {
			c.faults.add(fault.PipelineInvalid, k.line, k.col, `"attempts" stands beside "times"`).
				hint("keep one of them: attempts counts the first try, times does not")
		}
		if c.count(a, 2, &r.repeats) {
			r.repeats--
		}
	} else {
		c.times(n, &r)
	}
	c.wait(n, "wait", &r.wait)
	c.wait(n, "maxWait", &r.most)
	c.backoff(n, &r)
	c.on(n, &r)
	if from, _, given := n.get("from"); given {
		c.from(n, from, &r)
	}
	return r
}

func (c *compiler) times(n *node, r *retry) {
	if times, _, given := n.get("times"); given {
		c.count(times, 1, &r.repeats)
	}
}

func (c *compiler) count(n *node, least int, into *int) bool {
	i, ok := n.value.(int)
	if !ok || i < least || i > maxRepeats {
		c.faults.add(fault.CommandType, n.line, n.col, "the number of tries must be a number from %d to %d", least, maxRepeats)
		return false
	}
	*into = i
	return true
}

// wait reads how long to wait: a number of seconds, or a text with a unit.
func (c *compiler) wait(n *node, name string, into *time.Duration) {
	w, _, given := n.get(name)
	if !given {
		return
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
		c.faults.add(fault.CommandType, w.line, w.col, `%q must be a number of seconds or a text such as "500ms"`, name)
	case d > longestWait:
		c.faults.add(fault.CommandType, w.line, w.col, "%q must not be longer than %s", name, longestWait)
	default:
		*into = d
	}
}

// backoff reads how waits grow and how much of them is random.
func (c *compiler) backoff(n *node, r *retry) {
	if b, _, given := n.get("backoff"); given {
		f, isNumber := float(b.value)
		switch text, _ := b.text(); {
		case text == "exponential":
			r.factor = 2
		case text == "constant":
			r.factor = 1
		case isNumber && f >= 1 && f <= 10:
			r.factor = f
		default:
			c.faults.add(fault.CommandType, b.line, b.col, `"backoff" must be constant, exponential, or a number from 1 to 10`).
				hint("the wait is multiplied by it each time")
		}
	}
	if j, _, given := n.get("jitter"); given {
		f, isNumber := float(j.value)
		switch on, isBool := j.value.(bool); {
		case isBool && on:
			r.jitter = 0.5
		case isBool:
		case isNumber && f >= 0 && f <= 1:
			r.jitter = f
		default:
			c.faults.add(fault.CommandType, j.line, j.col, `"jitter" must be true, false, or a share from 0 to 1`)
		}
	}
}

func float(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// on reads the failures to repeat after.
func (c *compiler) on(n *node, r *retry) {
	if on, _, given := n.get("on"); given {
		r.on = c.failureNames(on, "on")
	}
}

var failureForm = regexp.MustCompile(`^(\*|[A-Za-z][A-Za-z0-9_.-]*\*?)$`)

// failureNames reads names of failures: one, a list, or a text with commas.
func (c *compiler) failureNames(n *node, what string) []string {
	var names []string
	items := []*node{n}
	if n.kind == listNode {
		items = n.items
	}
	for _, item := range items {
		text, ok := item.text()
		if !ok {
			c.faults.add(fault.CommandType, item.line, item.col, "%q must be the name of a failure or a list of them, not %s", what, item.typeName())
			continue
		}
		for name := range strings.SplitSeq(text, ",") {
			name = strings.TrimSpace(name)
			if !failureForm.MatchString(name) {
				c.faults.add(fault.CommandType, item.line, item.col, "%q is not the name of a failure", short(name)).
					hint("write a code such as mail.relay_unavailable, a beginning such as mail.*, or what an error command gives as its type")
				continue
			}
			names = append(names, name)
			c.doubtCode(name, item)
		}
	}
	if names == nil {
		names = []string{}
	}
	return names
}

// doubtCode warns of a name that looks like a slip of one of our own codes. Other names may be those of
// plugins and of the command error.
func (c *compiler) doubtCode(name string, n *node) {
	if c.warnings.full() {
		return
	}
	var codes []string
	for _, info := range fault.Codes() {
		codes = append(codes, string(info.Code))
	}
	group, _, dotted := strings.Cut(name, ".")
	ours := dotted && slices.ContainsFunc(codes, func(code string) bool { return strings.HasPrefix(code, group+".") })
	if !ours || strings.HasSuffix(name, "*") || slices.Contains(codes, name) {
		return
	}
	if hint := fault.DidYouMean(name, codes); hint != "" {
		c.warnings.add(fault.PipelineInvalid, n.line, n.col, "no failure of this version has the code %q", name).hint("%s", hint)
	}
}

// from reads where a repetition begins.
func (c *compiler) from(n, from *node, r *retry) {
	switch text, _ := from.text(); text {
	case "step":
	case "start":
		r.start = true
		if _, _, limited := n.get("attempts"); !limited {
			if _, _, limited = n.get("times"); !limited {
				r.repeats = 0 // as often as the one who runs the pipeline allows
			}
		}
	default:
		c.faults.add(fault.CommandType, from.line, from.col, `"from" must be step or start`)
	}
}

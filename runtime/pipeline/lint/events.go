package lint

import (
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/trigger"
)

func eventRules() []*Rule {
	return []*Rule{
		{
			Code: "lint.event.key", Severity: Error,
			Summary: "an event or a message is sent under a key that cannot be one",
			Why:     "The step fails every time. A key is words of letters, digits, _ - : / @ joined by single dots; wildcards are for triggers.",
			Bad:     Example{Text: "pipeline:\n  - event.send: {key: com.acme.*}\n"},
			Good:    Example{Text: "pipeline:\n  - event.send: {key: com.acme.order.paid}\n"},
			file:    brokenKeys,
		},
		{
			Code: "lint.event.unsent", Severity: Hint,
			Summary: "a pipeline listens for an event that nothing here makes",
			Why: "No event.send, no webhook and no key of the system in the checked files makes it. Most often the key is misspelt; if another program sends it, " +
				"say so in a lint:ignore comment. For keys that begin with webhook. this is asked only where webhooks are declared in files.",
			Bad:  Example{Text: "pipeline:\n  - event.listen: {eventKey: com.acme.order.payed}\n  - log: x\n", Beside: map[string]string{"b.pi.yaml": "pipeline:\n  - event.send: {key: com.acme.order.paid}\n"}},
			Good: Example{Text: "pipeline:\n  - event.listen: {eventKey: com.acme.order.*}\n  - log: x\n", Beside: map[string]string{"b.pi.yaml": "pipeline:\n  - event.send: {key: com.acme.order.paid}\n"}},
			set:  unsentEvents,
		},
		{
			Code: "lint.event.circle", Severity: Hint,
			Summary: "an event starts the pipeline again that sends it",
			Why:     "Each run sends an event that starts the next run, until the limit of hops ends the circle. Send it under another key, or stop it with a condition or a selector.",
			Bad:     Example{Text: "pipeline:\n  - event.listen: {eventKey: com.acme.tick}\n  - event.send: {key: com.acme.tick}\n"},
			Good:    Example{Text: "pipeline:\n  - event.listen: {eventKey: com.acme.tick}\n  - event.send: {key: com.acme.tock}\n"},
			set:     circles,
		},
	}
}

func brokenKeys(f *file, r reporter) {
	for _, e := range f.emissions("") {
		if e.key == "" {
			continue
		}
		if err := event.CheckKey(e.key); err != nil {
			r.on(f, e.pos, "no event or message can have this key").hint("%s", fault.HintOf(err))
		}
	}
}

// systemKeys are those that the system itself has for its events.
func systemKeys() []string {
	return []string{
		"property.created", "property.copied", "property.deleted", "property.moved", "property.updated", "property.comment.created", "property.comment.updated",
		"setup.starting", "setup.finished", "hub.setup.starting", "hub.setup.finished", "hub.context.started", "hub.context.starting",
		"iam.#", "delivery.created", "delivery.publiclink.created", "delivery.publiclink.deleted", "delivery.attachments.delete.success",
		"delivery.attachments.delete.failed", "usagelog.created", "app.install.finished", "app.uninstall.finished", "log.#", "workflow.#",
	}
}

// prefix stands in front of an event's key in its message key.
func (s *set) prefix() string {
	if s.setup.Deps.MessagePrefix != "" {
		return s.setup.Deps.MessagePrefix
	}
	return pipeline.DefaultMessagePrefix
}

// sources are the message keys that something makes.
type sources struct {
	exact map[string]bool
	open  []string // patterns
	all   []string // both
}

func (s *set) sources() (out sources) {
	var all []string
	for _, key := range systemKeys() {
		all = append(all, s.prefix()+key)
	}
	for _, e := range s.setup.Events {
		all = append(all, s.prefix()+e.Key)
	}
	for _, f := range s.files {
		for _, e := range f.emissions(s.prefix()) {
			all = append(all, e.pattern)
		}
	}
	slices.Sort(all)
	out.all, out.exact = slices.Compact(all), map[string]bool{}
	for _, p := range out.all {
		if strings.ContainsAny(p, "*#") {
			out.open = append(out.open, p)
		} else {
			out.exact[p] = true
		}
	}
	return out
}

// mostCompared is how many pairs of keys are compared for did-you-mean: more would take longer than all the rest.
const mostCompared = 200_000

// slipOf finds the key that differs from another one in few characters beside each other: keys are long and many, so
// that is asked in place of the general question for the nearest.
func slipOf(key string, keys []string) string {
	for _, k := range keys {
		if len(k)-len(key) > 2 || len(key)-len(k) > 2 {
			continue
		}
		if a, b := differing(key, k); len(a) <= 2 && len(b) <= 2 {
			return k
		}
	}
	return ""
}

func unsentEvents(s *set, r reporter) {
	made := s.sources()
	webhooks := slices.ContainsFunc(made.all, func(key string) bool { return strings.HasPrefix(key, s.prefix()+"webhook.") })
	var keys []string
	for known := range made.exact {
		if own, is := strings.CutPrefix(known, s.prefix()); is {
			keys = append(keys, own)
		}
	}
	slices.Sort(keys)
	compared := 0
	for _, f := range s.files {
		if f.in.Dir == "" || f.Outline == nil || f.Outline.Listens == nil || f.Outline.Listens.Kind != trigger.EventListen || f.Outline.Listens.Pattern == "" {
			continue
		}
		key := f.Outline.Listens.Pattern
		pattern := s.prefix() + key
		if strings.HasPrefix(key, "webhook.") && !webhooks || made.exact[pattern] {
			continue
		}
		candidates := made.all
		if !strings.ContainsAny(pattern, "*#") {
			candidates = made.open
		}
		p, given := f.Outline.Trigger.Param("eventKey")
		if !given || slices.ContainsFunc(candidates, func(p string) bool { return overlap(words(pattern), words(p)) }) {
			continue
		}
		found := r.on(f, p.Value.Pos, "nothing here makes an event %q", cut(key))
		hint := ""
		if compared += len(keys); compared <= mostCompared {
			if near := slipOf(key, keys); near != "" {
				hint = `did you mean "` + near + `"?`
			}
		}
		if hint == "" {
			found.hint("if another program sends it, say so in a lint:ignore comment")
			continue
		}
		found.hint("%s", hint)
		found.Fix = fixOf(found, f.lines)
	}
}

func words(key string) []string { return strings.Split(key, ".") }

// overlap reports whether some key fits both patterns.
func overlap(a, b []string) bool {
	switch {
	case len(a) == 0 && len(b) == 0:
		return true
	case len(a) > 0 && a[0] == trigger.AnyWords:
		return overlap(a[1:], b) || len(b) > 0 && overlap(a, b[1:])
	case len(b) > 0 && b[0] == trigger.AnyWords:
		return overlap(a, b[1:]) || len(a) > 0 && overlap(a[1:], b)
	case len(a) == 0 || len(b) == 0:
		return false
	}
	return (a[0] == b[0] || a[0] == trigger.OneWord || b[0] == trigger.OneWord) && overlap(a[1:], b[1:])
}

// circles follows the events that files send to the files that they start.
func circles(s *set, r reporter) {
	var listeners trigger.Index[*file]
	for _, f := range s.files {
		if f.Outline == nil || f.Outline.Listens == nil || f.Outline.Listens.Pattern == "" || f.Outline.Listens.Select != nil {
			continue
		}
		switch pattern := f.Outline.Listens.Pattern; f.Outline.Listens.Kind {
		case trigger.EventListen:
			listeners.Add(s.prefix()+pattern, f)
		case trigger.MessageReceive:
			listeners.Add(pattern, f)
		}
	}
	started := func(e emission) (out []*file) {
		if e.key == "" || e.step == nil || event.CheckKey(e.key) != nil {
			return nil
		}
		listeners.Match(e.pattern, func(f *file) bool { out = append(out, f); return true })
		return out
	}
	next := func(f *file) (out []*file) {
		for _, e := range f.emissions(s.prefix()) {
			out = append(out, started(e)...)
		}
		return out
	}
	circle := circlesOf(s.files, next)
	for _, f := range s.files {
		if f.Outline == nil || f.Outline.Listens == nil {
			continue
		}
		for _, e := range f.emissions(s.prefix()) {
			if what, found := circle.through(f, started(e), next); found {
				r.on(f, e.pos, "this event starts the pipeline again that sends it%s", what).
					hint("send it under another key, or stop the circle with a condition")
			}
		}
	}
}

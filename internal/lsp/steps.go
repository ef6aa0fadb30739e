package lsp

import (
	"strconv"
	"strings"

	"github.com/penstock/penstock/configs/webhooks"
	"github.com/penstock/penstock/internal/lsp/loose"
	"github.com/penstock/penstock/runtime/command"
)

// step is one command of a file as it stands there.
type step struct {
	name  string
	spec  *command.Spec // nil = unknown
	key   *loose.Node
	value *loose.Node // nil = none
	lists []steps
}

// steps are commands inside a command, under the name of what holds them.
type steps struct {
	name  string
	key   *loose.Node // nil = none
	items []step
}

// steps reads the commands of a file.
func (v *vocabulary) steps(root *loose.Node) []step { return v.list(root.Get("pipeline")) }

func (v *vocabulary) list(n *loose.Node) (out []step) {
	if n == nil || n.Kind != loose.List {
		return nil
	}
	for _, item := range n.Items {
		switch {
		case item == nil:
		case item.Kind == loose.Scalar:
			out = append(out, step{name: item.String(), spec: v.command(item.String()), key: item})
		case item.Kind == loose.Map && len(item.Pairs) > 0:
			pair := item.Pairs[0]
			s := step{name: pair.Key.String(), spec: v.command(pair.Key.String()), key: pair.Key, value: pair.Value}
			s.lists = v.inner(&s)
			out = append(out, s)
		}
	}
	return out
}

// inner reads the commands inside a command.
func (v *vocabulary) inner(s *step) (out []steps) {
	if s.spec == nil || s.value == nil || !v.language[s.spec.Name] {
		return nil
	}
	add := func(name string, key, n *loose.Node) {
		if items := v.list(n); items != nil {
			out = append(out, steps{name, key, items})
		}
	}
	if s.value.Kind == loose.List && s.spec.Name == "do" {
		add("do", nil, s.value)
	}
	for _, pair := range s.value.Pairs {
		name := pair.Key.String()
		switch {
		case holdsCommands(s.spec, name):
			add(name, pair.Key, pair.Value)
		case name == "branches" && pair.Value != nil:
			for i, item := range pair.Value.Items {
				add(strconv.Itoa(i), nil, item)
			}
			for _, branch := range pair.Value.Pairs {
				add(branch.Key.String(), branch.Key, branch.Value)
			}
		case name == "cases" && pair.Value != nil:
			for _, item := range pair.Value.Items {
				if item != nil {
					add("case", nil, item.Get("then"))
				}
			}
		}
	}
	return out
}

// walk calls f for every command, also for those inside.
func walk(list []step, f func(*step)) {
	for i := range list {
		f(&list[i])
		for _, inner := range list[i].lists {
			walk(inner.items, f)
		}
	}
}

// param gives the value of a parameter under any of its names, in the short form too; nil when there is none.
func (s *step) param(name string) *loose.Node {
	if s.value == nil {
		return nil
	}
	if s.value.Kind != loose.Map {
		if s.spec != nil && s.spec.Shorthand == name {
			return s.value
		}
		return nil
	}
	for _, pair := range s.value.Pairs {
		if pair.Key.String() == name {
			return pair.Value
		}
		if s.spec != nil {
			if own, known := s.spec.Param(pair.Key.String()); known && own.Name == name {
				return pair.Value
			}
		}
	}
	return nil
}

// is reports whether the step is a command, under any of its names.
func (s *step) is(name string) bool { return s.spec != nil && s.spec.Name == name }

// outline is what a file says that other places refer to.
type outline struct {
	root   *loose.Node
	steps  []step
	prefix string                 // of expressions; empty = $ and #
	vars   map[string]*loose.Node // where they are first set
	macros map[string]*loose.Node // their names
	args   map[string][]string    // of macros
	events []string               // keys that are heard or sent
}

func (v *vocabulary) outline(file string, root *loose.Node) *outline {
	o := &outline{root: root, vars: map[string]*loose.Node{}, macros: map[string]*loose.Node{}, args: map[string][]string{}}
	if v.form(file) != nil {
		if strings.HasSuffix(file, webhooks.Suffix) {
			o.event(root.Get("eventKey"))
		}
		return o
	}
	o.prefix = strings.TrimSuffix(root.Get("headers").Get("exprPrefix").String(), "{")
	if o.prefix == "$" || o.prefix == "#" {
		o.prefix = ""
	}
	if vars := root.Get("vars"); vars != nil {
		for _, pair := range vars.Pairs {
			o.variable(pair.Key.String(), pair.Key)
		}
	}
	o.steps = v.steps(root)
	walk(o.steps, o.read)
	return o
}

func (o *outline) event(n *loose.Node) {
	if key := n.String(); key != "" && !strings.ContainsAny(key, "{ ") {
		o.events = append(o.events, key)
	}
}

func (o *outline) variable(name string, at *loose.Node) {
	if _, known := o.vars[name]; !known && name != "" && !strings.ContainsAny(name, "{}[]$ '\"") {
		o.vars[name] = at
	}
}

// read notes what one command sets and names.
func (o *outline) read(s *step) {
	if target := s.param("output"); target != nil {
		text := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(target.String(), "${"), "#{"), "}")
		if name, is := strings.CutPrefix(strings.TrimSpace(text), "vars."); is {
			name, _, _ = strings.Cut(name, ".")
			name, _, _ = strings.Cut(name, "[")
			o.variable(name, target)
		}
	}
	switch {
	case s.is("var.set"):
		o.variable(s.param("key").String(), s.param("key"))
	case s.is("foreach"), s.is("parallel"):
		o.variable(s.param("as").String(), s.param("as"))
	case s.is("event.listen"):
		o.event(s.param("eventKey"))
	case s.is("event.send"):
		o.event(s.param("key"))
	case s.is("webhook.put"):
		o.event(s.param("eventKey"))
	case s.is("macro"):
		name := s.param("name")
		if _, known := o.macros[name.String()]; known || name.String() == "" {
			return
		}
		o.macros[name.String()] = name
		if args := s.param("args"); args != nil {
			for _, pair := range args.Pairs {
				o.variable(pair.Key.String(), pair.Key)
				o.args[name.String()] = append(o.args[name.String()], pair.Key.String())
			}
		}
	}
}

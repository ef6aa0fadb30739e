package lint

import (
	"slices"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// facts are what the rules ask of a file, read from its outline once.
type facts struct {
	steps  []*step
	values []value
	reads  []read // of variables
	writes []write
	fields []field // of the event's payload that are read
	opaque bool    // a variable is written whose name is only known when it runs
}

// step is a command with where it stands.
type step struct {
	*pipeline.Command
	parent *step // nil for those of the section pipeline
	list   []*pipeline.Command
	index  int // in list
	scope  *scope
	number int // in the order of the file
}

// inside reports whether the step stands in one of the commands, at any depth.
func (s *step) inside(names ...string) bool {
	for p := s.parent; p != nil; p = p.parent {
		if slices.Contains(names, p.Name) {
			return true
		}
	}
	return false
}

// scope is a part of the file whose variables are its own: the file, the commands of a macro, a branch of
// parallel, or for the name of its item a loop.
type scope struct {
	outer *scope
	macro bool
	loop  bool // only what the loop itself sets stays inside
}

// within reports whether s is o or lies in it.
func (s *scope) within(o *scope) bool {
	for ; s != nil; s = s.outer {
		if s == o {
			return true
		}
	}
	return false
}

// inMacro reports whether the commands of a macro are around.
func (s *scope) inMacro() bool {
	for ; s != nil; s = s.outer {
		if s.macro {
			return true
		}
	}
	return false
}

// keeps is the scope that a command in s writes to.
func (s *scope) keeps() *scope {
	for s.loop {
		s = s.outer
	}
	return s
}

// value is one value of a command or of a section, with where it stands.
type value struct {
	*pipeline.Value
	step  *step // nil in a section
	param string
	path  []string // names around it, the parameter first
	key   fault.Position
}

// read is the use of a variable; name is empty when all are used at once.
type read struct {
	name   string
	pos    fault.Position
	scope  *scope
	number int    // of the step; -1 in a section
	inside string // of a read in the section vars: the variable that is set there
}

// field is a read of body.payload.NAME or event.payload.NAME.
type field struct {
	root, name string
	pos        fault.Position
	scope      *scope
	number     int // of the step; -1 in a section
}

// write sets a variable.
type write struct {
	name   string
	pos    fault.Position
	scope  *scope
	number int // of the step; -1 in the section vars
	part   bool
	silent bool // the language sets it, not the author
	loop   bool // it is the item of a loop
}

type gatherer struct {
	f   *facts
	out *pipeline.Outline
}

func factsOf(o *pipeline.Outline) facts {
	var f facts
	g := &gatherer{f: &f, out: o}
	file := &scope{}
	for _, p := range o.Headers {
		g.value(p.Value, nil, p, nil, file)
	}
	for _, p := range o.Vars {
		g.value(p.Value, nil, p, []string{"vars"}, file)
		f.writes = append(f.writes, write{name: p.Name, pos: p.Pos, scope: file, number: -1})
	}
	if o.Body != nil {
		g.value(o.Body, nil, pipeline.Param{Name: "body", Pos: o.Body.Pos, Value: o.Body}, nil, file)
	}
	if o.Trigger != nil {
		t := &step{Command: o.Trigger, scope: file, number: -1}
		for _, p := range o.Trigger.Params {
			g.value(p.Value, t, p, nil, file)
		}
	}
	g.commands(o.Commands, nil, file)
	return f
}

func (g *gatherer) commands(list []*pipeline.Command, parent *step, in *scope) {
	for i, c := range list {
		s := &step{Command: c, parent: parent, list: list, index: i, scope: in, number: len(g.f.steps)}
		g.f.steps = append(g.f.steps, s)
		g.command(s)
	}
}

func (g *gatherer) command(s *step) {
	for _, p := range s.Params {
		if p.Condition != nil {
			g.expression(p.Condition, s.scope, s.number, "")
		}
		g.value(p.Value, s, p, nil, s.scope)
	}
	g.sets(s)
	for i := range s.Lists {
		inner := s.scope
		switch s.Name {
		case "macro":
			inner = &scope{outer: inner, macro: true}
			g.arguments(s, inner)
		case "foreach":
			inner = &scope{outer: inner, loop: true}
			g.item(s, inner)
		case "parallel":
			inner = &scope{outer: inner}
			g.item(s, inner)
		}
		g.commands(s.Lists[i].Commands, s, inner)
	}
	if s.Name == "macro" && len(s.Lists) == 0 { // an expression sees the arguments too
		g.arguments(s, s.scope)
	}
}

func (g *gatherer) arguments(s *step, in *scope) {
	args, _ := s.Param("args")
	if args.Value == nil {
		return
	}
	for _, a := range args.Value.Fields {
		g.f.writes = append(g.f.writes, write{name: a.Name, pos: a.Pos, scope: in, number: -1, silent: true})
	}
}

// item writes what a loop shows of its items.
func (g *gatherer) item(s *step, in *scope) {
	if _, over := s.Param("in"); !over {
		return
	}
	g.f.writes = append(g.f.writes, write{name: "loop", pos: s.Pos, scope: in, number: -1, silent: true, loop: true})
	if as, given := s.Param("as"); given {
		if name, ok := as.Value.Text(); ok {
			g.f.writes = append(g.f.writes, write{name: name, pos: as.Value.Pos, scope: in, number: s.number, loop: true})
		}
	}
}

// sets gathers the variables that a command sets.
func (g *gatherer) sets(s *step) {
	in := s.scope.keeps()
	if s.Name == "var.set" {
		if p, given := s.Param("key"); given {
			if name, ok := p.Value.Text(); ok && p.Value.Expression == nil {
				g.f.writes = append(g.f.writes, write{name: name, pos: p.Value.Pos, scope: in, number: s.number})
			} else {
				g.f.opaque = true
			}
		}
	}
	switch s.Name {
	case "vars":
		p, given := s.Param("set")
		if given && p.Value.Kind != pipeline.Fields {
			g.f.opaque = true
		}
		if given {
			for _, field := range p.Value.Fields {
				g.f.writes = append(g.f.writes, write{name: field.Name, pos: field.Pos, scope: in, number: s.number})
			}
		}
	case "body.push", "body.pop", "body.peek":
		name := "bodyStack"
		if p, given := s.Param("var"); given {
			text, ok := p.Value.Text()
			if name = text; !ok || p.Value.Expression != nil {
				g.f.opaque = true
			}
		}
		g.f.writes = append(g.f.writes, write{name: name, pos: s.Pos, scope: in, number: s.number, silent: true})
		g.f.reads = append(g.f.reads, read{name: name, pos: s.Pos, scope: s.scope, number: s.number})
	}
	if mocked, given := s.Param("thenSetVar"); given && s.Name == "mock.command" { // what the command in its place sets
		for _, field := range mocked.Value.Fields {
			g.f.writes = append(g.f.writes, write{name: field.Name, pos: field.Pos, scope: in, number: s.number, silent: true})
		}
	}
	p, given := s.Param("output")
	if !given || p.Value.Expression == nil || len(p.Value.Target) == 0 || p.Value.Target[0] != "vars" {
		return
	}
	if len(p.Value.Target) < 2 {
		g.f.opaque = true
		return
	}
	g.f.writes = append(g.f.writes, write{name: p.Value.Target[1], pos: p.Value.Pos, scope: in, number: s.number, part: len(p.Value.Target) > 2})
}

// value gathers a value and what is inside it.
func (g *gatherer) value(v *pipeline.Value, s *step, p pipeline.Param, around []string, in *scope) {
	number := -1
	if s != nil {
		number = s.number
	}
	path := append(slices.Clone(around), p.Name)
	g.f.values = append(g.f.values, value{Value: v, step: s, param: path[0], path: path, key: p.Pos})
	g.expression(v, in, number, variableOf(s, path))
	for _, item := range v.Items {
		g.value(item, s, pipeline.Param{Name: p.Name, Pos: item.Pos, Value: item}, around, in)
	}
	for _, field := range v.Fields {
		if field.Condition != nil {
			g.expression(field.Condition, in, number, "")
		}
		g.value(field.Value, s, field, path, in)
	}
}

// variableOf names the variable of the section vars that a value belongs to.
func variableOf(s *step, path []string) string {
	if s == nil && len(path) > 1 && path[0] == "vars" {
		return path[1]
	}
	return ""
}

func (g *gatherer) expression(v *pipeline.Value, in *scope, number int, inside string) {
	if v.Expression == nil {
		return
	}
	for _, r := range v.Reads {
		if (r.Root == "body" || r.Root == "event") && len(r.Names) > 1 && r.Names[0] == "payload" {
			g.f.fields = append(g.f.fields, field{root: r.Root, name: r.Names[1], pos: r.Pos, scope: in, number: number})
		}
		if r.Root != "vars" {
			continue
		}
		one := read{pos: r.Pos, scope: in, number: number, inside: inside}
		if len(r.Names) > 0 {
			one.name = r.Names[0]
		}
		g.f.reads = append(g.f.reads, one)
	}
}

package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/trigger"
)

// Outline is a pipeline file as its author wrote it, with what its expressions read: the view of tools that
// say something about a file. It is there for files with faults too, as far as they can be understood. Nobody
// changes it after it was made.
type Outline struct {
	Name, File string
	Headers    []Param
	Vars       []Param
	Body       *Value     // nil = none
	Trigger    *Command   // nil = none; it is not among the commands
	Commands   []*Command // of the section pipeline
	Listens    *trigger.Trigger
	Prefix     string // of expressions, when the header exprPrefix names one
}

// Command is one command of a file.
type Command struct {
	Name    string        // its present name, without a version
	Written string        // as the file has it, without a version
	Spec    *command.Spec // nil for an unknown one; not to be changed
	Flow    bool          // it belongs to the language
	ID      string
	Pos     fault.Position
	Params  []Param
	Lists   []List // the commands inside, in either spelling
}

// List is commands inside a command.
type List struct {
	Name     string // do, then, else; of parallel branches.NAME, of switch cases.NUMBER
	Commands []*Command
}

// Param is a name with its value.
type Param struct {
	Name  string
	Pos   fault.Position // of the name
	Value *Value

	Short     bool   // the short form: the file has no name, and Pos is that of the value
	Condition *Value // that the name itself is, in a switch over values
}

// Kind tells the forms of a [Value] apart.
type Kind uint8

// The kinds.
const (
	Scalar Kind = iota // null, boolean, number or text
	Items              // a list
	Fields             // a map
)

// Value is one value of a file.
type Value struct {
	Pos    fault.Position
	Kind   Kind
	Scalar any
	Items  []*Value
	Fields []Param
	*Expression
}

// Expression is what a text means that is an expression, holds some, or names a place to write to. A text
// without one has none.
type Expression struct {
	Reads    []expr.Read // their positions are those in the file
	Constant bool        // it gives Result every time
	Result   any
	Target   []string // the place to write to: vars or body, and names below it
}

// Text gives the text of a scalar.
func (v *Value) Text() (string, bool) {
	if v == nil || v.Kind != Scalar {
		return "", false
	}
	s, ok := v.Scalar.(string)
	return s, ok
}

// Constantly gives the value of a scalar, or of an expression that depends on nothing.
func (v *Value) Constantly() (any, bool) {
	switch {
	case v == nil || v.Kind != Scalar:
		return nil, false
	case v.Expression != nil:
		return v.Result, v.Constant
	}
	return v.Scalar, true
}

// Param finds a parameter by its name, or by another one that the command has for it.
func (c *Command) Param(name string) (Param, bool) {
	for _, p := range c.Params {
		if p.Name == name {
			return p, true
		}
		if c.Spec != nil {
			if own, known := c.Spec.Param(p.Name); known && own.Name == name {
				return p, true
			}
		}
	}
	return Param{}, false
}

// Walk calls f for every value: v itself, then those inside.
func (v *Value) Walk(f func(*Value)) {
	if v == nil {
		return
	}
	f(v)
	for _, item := range v.Items {
		item.Walk(f)
	}
	for _, field := range v.Fields {
		field.Value.Walk(f)
	}
}

// Examination is what [Examine] found.
type Examination struct {
	Outline  *Outline // nil when the text is not YAML or JSON at all
	Plan     *Plan    // nil when there are faults
	Faults   fault.List
	Warnings fault.List

	calls []called
}

// Examine reads, checks and describes one file. name is the pipeline's name, empty for the one that [Parse] gives.
func Examine(file, name string, src []byte, deps Deps) Examination {
	if name == "" {
		name, _ = cutSuffix(file[strings.LastIndexAny(file, `/\`)+1:])
	}
	var out Examination
	doc, err := parse(file, name, src)
	f := faults{list: listOf(err)}
	if doc != nil {
		notes := map[*node]*Expression{}
		var c *compiler
		out.Plan, c, err = compile(doc, deps, notes)
		f.list = append(f.list, listOf(err)...)
		out.Warnings, out.calls = c.warnings.list, c.plan.calls
		out.Outline = (&outliner{c: c, doc: doc}).outline()
	}
	if len(f.list) > 0 {
		out.Plan, out.Faults = nil, listOf(f.err())
	}
	return out
}

// MissingCalls reports what runs a pipeline whose name known does not accept, as [LoadDir] does. names are for the hint.
func (x *Examination) MissingCalls(known func(name string) bool, names []string) (list fault.List) {
	for _, call := range x.calls {
		if !known(call.name) {
			near := (&faults{list: list}).near(call.name, names)
			list = append(list, fault.New(fault.PipelineUnknown, "there is no pipeline %q", short(call.name)).
				WithHint("%s", near).At(call.pos))
		}
	}
	return list
}

// outliner turns what the compiler has worked on into an outline.
type outliner struct {
	c   *compiler
	doc *Document
}

func (o *outliner) outline() *Outline {
	out := &Outline{
		Name: o.doc.name, File: o.doc.file, Listens: o.c.plan.trigger, Prefix: o.c.prefix,
		Headers: o.params(o.doc.headers), Vars: o.params(o.doc.vars),
	}
	if o.doc.body != nil {
		out.Body = o.value(o.doc.body)
	}
	entries := o.doc.entries
	if len(entries) > 0 {
		if _, is := triggerKind(entries[0].command); is {
			out.Trigger = o.command(&entries[0])
			entries = entries[1:]
		}
	}
	out.Commands = o.commands(entries)
	return out
}

func (o *outliner) commands(entries []entry) []*Command {
	out := make([]*Command, len(entries))
	for i := range entries {
		out[i] = o.command(&entries[i])
	}
	return out
}

func (o *outliner) command(e *entry) *Command {
	c := &Command{Name: e.command, Written: e.written, Pos: o.c.at(e.line, e.col)}
	kind, starts := triggerKind(e.command)
	switch def, err := o.c.deps.Commands.Lookup(e.command); {
	case starts:
		c.Spec = sharedSpecs()[string(kind)]
	case isFlow(e.command):
		c.Flow, c.Spec = true, sharedSpecs()[e.command]
	case err == nil:
		c.Spec, c.Name = &def.Spec, def.Spec.Name
	}
	switch {
	case e.short != nil:
		name := ""
		if c.Spec != nil {
			name = c.Spec.Shorthand
		}
		c.Params = []Param{{Name: name, Pos: o.c.at(e.short.line, e.short.col), Value: o.value(e.short), Short: true}}
	case e.params != nil:
		c.Params = o.params(withoutCommands(e))
	}
	if e.params != nil {
		if n, _, given := e.params.get("id"); given {
			c.ID, _ = n.text()
		}
	}
	c.Lists = o.lists(e)
	return c
}

// lists gives the lists inside a command in the order of the file.
func (o *outliner) lists(e *entry) []List {
	names := make([]string, 0, len(e.lists))
	for name := range e.lists {
		names = append(names, name)
	}
	place := func(name string) int {
		if name == "else" {
			return len(names)
		}
		n := 0
		if _, err := fmt.Sscanf(name, "cases.%d", &n); err == nil {
			return n
		}
		if e.params != nil {
			if branches, _, given := e.params.get("branches"); given {
				return slices.IndexFunc(branches.keys, func(k key) bool { return "branches."+k.name == name })
			}
		}
		return 0
	}
	slices.Sort(names)
	slices.SortStableFunc(names, func(a, b string) int { return place(a) - place(b) })
	out := make([]List, len(names))
	for i, name := range names {
		out[i] = List{Name: name, Commands: o.commands(e.lists[name])}
	}
	return out
}

// withoutCommands gives the parameters of a command without those that hold commands.
func withoutCommands(e *entry) *node {
	if len(e.lists) == 0 {
		return e.params
	}
	out := *e.params
	out.keys, out.items = nil, nil
	for i, k := range e.params.keys {
		item := e.params.items[i]
		if _, is := e.lists[k.name]; is && item.kind == listNode || e.command == "parallel" && k.name == "branches" {
			continue
		}
		if e.command == "switch" && k.name == "cases" {
			item = conditionsOf(item)
		}
		out.keys, out.items = append(out.keys, k), append(out.items, item)
	}
	return &out
}

// conditionsOf gives the cases of a switch without their commands.
func conditionsOf(cases *node) *node {
	out := *cases
	out.items = nil
	for _, item := range cases.items {
		one := *item
		one.keys, one.items = nil, nil
		for i, k := range item.keys {
			if k.name != "then" {
				one.keys, one.items = append(one.keys, k), append(one.items, item.items[i])
			}
		}
		out.items = append(out.items, &one)
	}
	return &out
}

// params gives the fields of a map.
func (o *outliner) params(n *node) []Param {
	if n == nil {
		return nil
	}
	out := make([]Param, len(n.keys))
	for i, k := range n.keys {
		out[i] = Param{Name: k.name, Pos: o.c.at(k.line, k.col), Value: o.value(n.items[i])}
		if k.condition != nil {
			out[i].Condition = o.value(k.condition)
		}
	}
	return out
}

func (o *outliner) value(n *node) *Value {
	v := &Value{Pos: o.c.at(n.line, n.col), Scalar: n.value, Expression: o.c.notes[n]}
	switch n.kind {
	case listNode:
		v.Kind = Items
		for _, item := range n.items {
			v.Items = append(v.Items, o.value(item))
		}
	case mapNode:
		v.Kind, v.Fields = Fields, o.params(n)
	}
	return v
}

// note keeps what an expression or a template reads. offset is where it begins in the text of n, in columns.
func (c *compiler) note(n *node, of interface {
	Reads() []expr.Read
	Constant() (any, bool)
}, offset int,
) {
	if c.notes == nil {
		return
	}
	e := &Expression{Reads: of.Reads()}
	c.place(n, e.Reads, offset)
	e.Result, e.Constant = of.Constant()
	c.notes[n] = e
}

func (c *compiler) noteTarget(n *node, t *expr.Target) {
	if c.notes == nil {
		return
	}
	e := &Expression{Target: append([]string{t.Root()}, t.Names()...), Reads: t.Reads()}
	c.place(n, e.Reads, 0)
	c.notes[n] = e
}

// place moves reads from their places in the text of n to those in the file.
func (c *compiler) place(n *node, reads []expr.Read, offset int) {
	for i := range reads {
		if reads[i].Pos.Line <= 1 {
			reads[i].Pos.Column += offset
		}
		reads[i].Pos = n.place(c.faults.file, reads[i].Pos)
	}
}

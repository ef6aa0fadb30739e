package pipeline

import (
	"context"
	"maps"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// macro is an expression or a list of commands under a name. It is executed where it is run, with its
// arguments as variables; what it does to the variables is its own affair, and its result is its final body.
type macro struct {
	name  string
	line  int
	args  map[string]operand // with their defaults
	value evaluator          // nil for commands
	do    list
}

// macroRun is the body of macro.run.
type macroRun struct {
	macro *macro
	args  map[string]operand
}

// inside is empty: the lists of a macro belong to no single place where it is run.
func (m *macroRun) inside() []*list     { return nil }
func (m *macroRun) sound(f *frame) bool { return f.list == 0 && len(f.branches) <= 1 }

func (m *macroRun) exec(ctx context.Context, x *execution, b *block, f *frame) (signal, *thrown) {
	var vars map[string]any
	if len(f.branches) == 0 || f.branches[0].state == nil {
		var err error
		if vars, err = m.vars(ctx, x); err != nil {
			return goOn, x.throw(ctx, &b.head, err)
		}
	}
	if m.macro.value != nil {
		env := maps.Clone(x.env)
		env["vars"] = vars
		v, err := m.macro.value.eval(ctx, env)
		if err == nil {
			err = x.hand(ctx, &b.head, v)
		}
		if err != nil {
			return goOn, x.throw(ctx, &b.head, err)
		}
		return goOn, nil
	}
	if err := x.tooDeep(); err != nil {
		return goOn, x.throw(ctx, &b.head, err)
	}
	if f.branches == nil {
		f.branches = make([]branch, 1)
	}
	c := x.within(&join{outer: x, frame: f}, 0, x.trace)
	c.enterCall(&b.head, "")
	sig, t := c.branchOf(ctx, &m.macro.do, func() error {
		c.setVars(vars)
		return nil
	}, &b.head)
	return x.returned(ctx, c, &b.head, sig, t, true)
}

// vars gives the variables that the macro sees.
func (m *macroRun) vars(ctx context.Context, x *execution) (map[string]any, error) {
	vars := maps.Clone(x.here.vars)
	for name, o := range m.macro.args {
		if given, ok := m.args[name]; ok {
			o = given
		}
		v, err := o.eval(ctx, x.env)
		if err != nil {
			return nil, err
		}
		vars[name] = v
	}
	return vars, nil
}

func macroSpec() command.Spec {
	return command.Spec{
		Name:    "macro",
		Summary: "Gives an expression or a list of commands a name, for macro.run behind it.",
		Params: []command.Param{
			{Name: "name", Type: command.TypeText, Required: true, Literal: true, Summary: "The name."},
			{Name: "args", Type: command.TypeMap, Summary: "Its arguments with their defaults; inside they are variables."},
			{Name: "do", Type: command.TypeAny, Required: true, Summary: "An expression, or commands."},
			{Name: "flow", Type: command.TypeBoolean, Default: false, Literal: true, Summary: "It is also executed here."},
		},
		Result: "With flow: what it gives.",
		Examples: []command.Example{
			{
				Title:    "an expression",
				Pipeline: "pipeline:\n  - macro: {name: gross, args: {net: 0, rate: 0.19}, do: vars.net * (1 + vars.rate)}\n  - macro.run: {name: gross, args: {net: \"${body}\", rate: 0.5}}\n",
				Body:     `100`,
				Want:     `150`,
			},
			{
				Title:    "commands",
				Pipeline: "pipeline:\n  - macro:\n      name: greet\n      args: {who: nobody}\n      do:\n        - log: greeting\n        - set: Hello ${vars.who}\n  - macro.run: {name: greet, args: {who: Ada}, output: vars.a}\n  - macro.run: {name: greet}\n  - set: ${vars.a}, ${body}\n",
				Want:     `"Hello Ada, Hello nobody"`,
			},
		},
	}
}

func macroRunSpec() command.Spec {
	return command.Spec{
		Name:    "macro.run",
		Summary: "Executes a macro that stands further up in the file.",
		Params: []command.Param{
			{Name: "name", Type: command.TypeText, Required: true, Literal: true, Summary: "Its name."},
			{Name: "args", Type: command.TypeMap, Summary: "Arguments; the others have their defaults."},
		},
		Shorthand: "name",
		Result:    "The value of the expression, or the final body of the commands.",
		Examples: []command.Example{
			{
				Title:    "the short form",
				Pipeline: "pipeline:\n  - macro: {name: double, do: body * 2}\n  - macro.run: double\n  - macro.run: double\n",
				Body:     `3`,
				Want:     `12`,
			},
			{
				Title:    "an argument that the macro does not have",
				Pipeline: "pipeline:\n  - macro: {name: double, args: {n: 1}, do: vars.n * 2}\n  - macro.run: {name: double, args: {m: 2}}\n",
				WantCode: "command.param",
			},
		},
	}
}

func (c *compiler) macroPart(e *entry) part {
	p := c.flow(e)
	c.doubtName(e)
	m := &macro{line: e.line}
	m.name, _ = c.literal(&p, "name").(string)
	if n, given := p.get("args"); given {
		m.args = c.operands(n, "args")
	}
	var b *block
	if c.truth(&p, "flow") {
		b = &block{body: &macroRun{macro: m}}
		c.begin(&b.head, e)
		c.blockParams(b, &p, takes{output: true})
	} else {
		c.onlyOwn(&p)
	}
	if n, given := p.get("do"); given && n.kind == scalarNode && !n.isNull() {
		m.value = c.bare(n).dynamic
	} else {
		m.do = c.inner(e.lists["do"], func(a *around) { *a = around{macro: true} })
	}
	if first, taken := c.macros[m.name]; taken && m.name != "" {
		c.faults.add(fault.PipelineInvalid, e.line, e.col, "another macro is called %q, in line %d", m.name, first.line)
	}
	if c.macros == nil {
		c.macros = map[string]*macro{}
	}
	c.macros[m.name] = m // only now: a macro cannot run itself
	if b == nil {
		return nil
	}
	return b
}

// onlyOwn reports the common parameters of a command that is not executed where it stands.
func (c *compiler) onlyOwn(p *params) {
	for _, k := range p.node.keys {
		if isCommon(k.name) {
			c.faults.add(fault.CommandParam, k.line, k.col, "%s takes %q only with flow: true", p.spec.Name, k.name).
				hint("put it on the macro.run")
		}
	}
}

// operands compiles a map of names and values.
func (c *compiler) operands(n *node, what string) map[string]operand {
	if n.isNull() {
		return nil
	}
	if n.kind != mapNode {
		c.faults.add(fault.CommandType, n.line, n.col, "parameter %q must be a map, not %s", what, n.typeName())
		return nil
	}
	out := make(map[string]operand, len(n.items))
	for i, k := range n.keys {
		if !variableForm.MatchString(k.name) {
			c.faults.add(fault.CommandType, k.line, k.col, "%q cannot be the name of a variable", short(k.name)).hint("use letters, digits and _")
		}
		out[k.name] = c.operand(n.items[i])
	}
	return out
}

func (c *compiler) macroRunPart(e *entry) part {
	b, p := c.block(e, takes{output: true})
	body := &macroRun{macro: &macro{}}
	b.body = body
	args, given := p.get("args")
	if given {
		body.args = c.operands(args, "args")
	}
	name, _ := c.literal(&p, "name").(string)
	m, known := c.macros[name]
	if !known {
		if name != "" {
			c.faults.add(fault.PipelineInvalid, e.line, e.col, "no macro %q stands further up", short(name)).
				hint("%s", nearKey(c.faults, name, c.macros))
		}
		return b
	}
	body.macro = m
	if given && args.kind == mapNode {
		for _, k := range args.keys {
			if _, has := m.args[k.name]; !has {
				c.faults.add(fault.CommandParam, k.line, k.col, "the macro %s has no argument %q", name, short(k.name)).
					hint("%s", nearKey(c.faults, k.name, m.args))
			}
		}
	}
	return b
}

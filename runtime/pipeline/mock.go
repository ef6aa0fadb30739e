package pipeline

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// mockCommand sets up a stand-in for a command. On a server it does nothing: a file must not be able to
// silence its commands where they count.
const mockCommand = "mock.command"

// mock is what it sets up.
type mock struct {
	command string // or the id of a step
	enabled operand
	when    operand
	body    *operand // nil leaves the body as it is
	vars    map[string]operand
}

func (m *mock) do(ctx context.Context, x *execution, _ *step) (signal, error) {
	if x.in.Trial == nil || x.plan.unmocked {
		return goOn, nil
	}
	on, err := x.decides(ctx, m.enabled)
	if on {
		x.in.Trial.set(m)
	}
	return goOn, err
}

// answer gives what the mock says in place of the command, in the surroundings of the command.
func (m *mock) answer(ctx context.Context, x *execution) (res command.Result, answers bool, err error) {
	v, err := m.when.eval(ctx, x.env)
	if err != nil || !expr.Truthy(v) {
		return res, false, err
	}
	if m.body != nil {
		if res.Value, err = m.body.eval(ctx, x.env); err != nil {
			return res, false, err
		}
		res.HasValue = true
	}
	res.SetVars, err = evalAll(ctx, x, m.vars)
	return res, true, err
}

func mockSpec() command.Spec {
	return command.Spec{
		Name:    mockCommand,
		Summary: "Lets a mock stand in for a command from here on, in `pi run` and `pi test`. On a server it does nothing.",
		Params: []command.Param{
			{Name: "command", Type: command.TypeText, Required: true, Literal: true, Summary: "The command, or the id of a step, for which it stands in."},
			{Name: "enabled", Type: command.TypeAny, Default: true, Summary: "False sets up nothing."},
			{Name: "when", Type: command.TypeAny, Default: true, Summary: "A condition that is evaluated when the command would be called; where it does not hold, the command is called."},
			{Name: "thenSetBody", Type: command.TypeAny, Summary: "What becomes the result in place of the command's."},
			{Name: "thenSetVar", Type: command.TypeMap, Summary: "Variables that are set in place of calling the command."},
		},
		Examples: []command.Example{
			{
				Title:    "a result",
				Pipeline: "pipeline:\n  - mock.command: {command: set, thenSetBody: \"mocked: ${body}\"}\n  - set: real\n",
				Body:     `"given"`,
				Want:     `"mocked: given"`,
			},
			{
				Title:    "only one step, under a condition",
				Pipeline: "pipeline:\n  - mock.command:\n      command: answer\n      when: ${body == 'ask'}\n      thenSetVar: {answer: 42}\n  - set: ask\n  - set: {id: answer, value: real}\n  - set: ${vars.answer}\n",
				Want:     `42`,
			},
		},
	}
}

func (c *compiler) mockPart(e *entry) part {
	s, p := c.flowStep(e, takes{policy: true})
	m := &mock{enabled: operand{constant: true}, when: operand{constant: true}}
	s.act = m
	m.command, _ = c.literal(&p, "command").(string)
	if n, given := p.get("command"); given && m.command != "" {
		c.mocked = append(c.mocked, n)
		m.command = c.mockable(m.command)
	}
	if n, given := p.get("enabled"); given {
		m.enabled = c.condition(n)
	}
	if n, given := p.get("when"); given {
		m.when = c.condition(n)
	}
	if n, given := p.get("thenSetBody"); given {
		o := c.operand(n)
		m.body = &o
	}
	if n, given := p.get("thenSetVar"); given {
		m.vars = c.operands(n, "thenSetVar")
	}
	c.warnings.add(fault.PipelineMock, e.line, e.col, "mock.command does nothing on a server").
		hint("it is for `pi run` and `pi test`; mocks of a test belong into its *.test.yaml")
	return s
}

// checkMocked reports mocks of what is neither a command nor a step of the file.
func (c *compiler) checkMocked() {
	for _, n := range c.mocked {
		name, _ := n.text()
		id, only := strings.CutPrefix(name, "#")
		if _, isID := c.ids[id]; isID || !only && c.known(presentName(name)) {
			continue
		}
		known := slices.Collect(maps.Keys(c.ids))
		if !only {
			known = append(append(known, c.deps.Commands.Names()...), callCommand)
		}
		c.faults.add(fault.PipelineInvalid, n.line, n.col, "there is no command and no step with the id %q to stand in for", short(id)).
			hint("%s", c.faults.near(id, known))
	}
}

// mockable gives the name under which a command is found at its steps.
func (c *compiler) mockable(name string) string {
	name = presentName(name)
	if def, err := c.deps.Commands.Lookup(name); err == nil {
		return def.Spec.Name
	}
	return name
}

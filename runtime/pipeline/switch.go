package pipeline

import (
	"context"
	"fmt"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// pick is the body of a switch over values: the value of the first condition that holds is the result.
type pick struct {
	conditions []operand
	values     []operand
}

func (s *pick) do(ctx context.Context, x *execution, st *step) (signal, error) {
	for i, condition := range s.conditions {
		holds, err := x.decides(ctx, condition)
		if err != nil {
			return goOn, err
		}
		if !holds {
			continue
		}
		v, err := s.values[i].eval(ctx, x.env)
		if err != nil {
			return goOn, err
		}
		return goOn, x.hand(ctx, &st.head, v)
	}
	return goOn, nil
}

func switchSpec() command.Spec {
	return command.Spec{
		Name:    "switch",
		Summary: "Takes the first condition that holds: its value is the result, or its commands are executed.",
		Params: []command.Param{
			{Name: "cases", Type: command.TypeList, Summary: "Maps of when (the condition) and then (commands). Without it, every parameter is a condition with its value."},
			{Name: "else", Type: command.TypeAny, Aliases: []string{"default"}, Summary: "The commands, or the value, for when no condition holds."},
		},
		Open:   true,
		Result: "The value; the body stays when no condition holds.",
		Examples: []command.Example{
			{
				Title:    "values",
				Pipeline: "pipeline:\n  - switch:\n      ${body.total > 1000}: large\n      ${body.total > 100}: medium\n      default: small\n      output: vars.size\n  - set: ${vars.size}\n",
				Body:     `{"total":250}`,
				Want:     `"medium"`,
			},
			{
				Title:    "commands",
				Pipeline: "pipeline:\n  - switch:\n      cases:\n        - when: ${body.kind == 'order'}\n          then:\n            - set: an order\n        - when: ${body.kind == 'lead'}\n          then:\n            - set: a lead\n      else:\n        - error: neither\n",
				Body:     `{"kind":"lead"}`,
				Want:     `"a lead"`,
			},
		},
	}
}

func (c *compiler) switchPart(e *entry) part {
	if e.params != nil {
		if n, _, given := e.params.get("cases"); given {
			return c.caseSwitch(e, n)
		}
	}
	s, p := c.flowStep(e, takes{output: true, policy: true})
	body := &pick{}
	s.act = body
	var otherwise *operand
	for i, k := range p.node.keys {
		n := p.node.items[i]
		switch own, known := p.spec.Param(k.name); {
		case isCommon(k.name):
		case known && own.Name == "else":
			o := c.operand(n)
			otherwise = &o
		default:
			at := &node{line: k.line, col: k.col, value: k.name, textLine: k.line, textCol: k.col + k.quote}
			p.node.keys[i].condition = at
			body.conditions, body.values = append(body.conditions, c.bareCondition(at)), append(body.values, c.operand(n))
		}
	}
	if len(body.conditions) == 0 {
		c.faults.add(fault.CommandMissing, e.line, e.col, "switch has no conditions").hint("write ${condition}: value below it")
	}
	if otherwise != nil {
		body.conditions, body.values = append(body.conditions, operand{constant: true}), append(body.values, *otherwise)
	}
	return s
}

// bareCondition compiles a condition that may stand without delimiters.
func (c *compiler) bareCondition(n *node) operand {
	text, _ := n.text()
	if text == "true" || text == "false" || c.hasDelimiter(text) {
		return c.condition(n)
	}
	return c.bare(n)
}

func (c *compiler) caseSwitch(e *entry, cases *node) part {
	b, p := c.block(e, takes{})
	ch := &choice{}
	b.body = ch
	for _, k := range p.node.keys {
		if _, known := p.spec.Param(k.name); !known && !isCommon(k.name) {
			c.faults.addErr((&command.Spec{Name: "switch", Params: p.spec.Params}).Unknown(k.name), k.line, k.col)
		}
	}
	if cases.kind != listNode || len(cases.items) == 0 {
		c.faults.add(fault.CommandType, cases.line, cases.col, `"cases" is a list of maps, not %s`, cases.typeName()).hint("write - when: ${...}, and then: below it")
	}
	for i, item := range cases.items {
		if cases.kind != listNode {
			break
		}
		c.onlyKeys(item, "a case", []string{"when", "then"})
		condition := operand{constant: false}
		if when, _, given := item.get("when"); given {
			condition = c.condition(when)
		} else {
			c.faults.add(fault.CommandMissing, item.line, item.col, `a case needs "when"`).hint("commands for all other cases stand below else")
		}
		if _, _, given := item.get("then"); !given {
			c.faults.add(fault.CommandMissing, item.line, item.col, `a case needs "then"`)
		}
		ch.add(condition, c.inner(e.lists[fmt.Sprint("cases.", i)], nil))
	}
	n, given := p.get("else")
	switch {
	case given && n.kind == listNode:
		ch.add(operand{constant: true}, c.inner(e.lists["else"], nil))
	case given:
		c.faults.add(fault.CommandType, n.line, n.col, `"else" beside "cases" is a list of commands, not %s`, n.typeName())
	}
	return b
}

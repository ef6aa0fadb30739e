package pipetest

import (
	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
)

func (x *expect) needsDoor() bool {
	return x.response != nil || x.refused.given() || x.status == statusRefused
}

// expect reads what a run must do. An expectation of nothing is a fault.
func (p *parser) expect(n *node, at fault.Position) expect {
	x := expect{at: at}
	if n == nil || n.kind != yaml.MappingNode {
		return x
	}
	x.at = n.pos
	if len(n.keys) == 0 {
		p.f.add(fault.TestInvalid, n.pos, "the case checks nothing")
		p.f.hint("say at least how it ends: status: done")
		return x
	}
	x.status = n.textOf("status")
	for name, into := range map[string]struct {
		want *want
		at   *fault.Position
	}{
		"body": {&x.body, &x.bodyAt}, "vars": {&x.vars, &x.varsAt}, "steps": {&x.steps, &x.stepsAt}, "skipped": {&x.skipped, &x.skippedAt},
		"log": {&x.log, &x.logAt}, "result": {&x.result, &x.resultAt}, "refused": {&x.refused, nil}, "took": {&x.took, nil},
	} {
		v := n.get(name)
		if v == nil {
			continue
		}
		*into.want = p.want(v)
		if into.at != nil {
			*into.at = v.pos
		}
	}
	p.shapes(&x, n)
	if v := n.get("error"); v != nil {
		x.failure = p.expectError(v)
	}
	if v := n.get("calls"); v != nil {
		x.calls = p.calls(v)
	}
	if v := n.get("mails"); v != nil && v.kind == yaml.SequenceNode {
		x.hasMails = true
		for _, item := range v.items {
			x.mails = append(x.mails, p.fields(item, ""))
		}
	}
	if v := n.get("events"); v != nil && v.kind == yaml.SequenceNode {
		x.hasSent = true
		for _, item := range v.items {
			x.events = append(x.events, p.fields(item, "key"))
		}
	}
	if v := n.get("response"); v != nil {
		r := p.fields(v, "")
		x.response = &r
	}
	return x
}

// shapes brings the expectations that have a form of their own into it.
func (p *parser) shapes(x *expect, n *node) {
	if x.vars.given() {
		if x.vars.kind != wantMap {
			p.f.add(fault.TestInvalid, x.varsAt, "vars must be a map of names")
		}
		x.vars.open = true
	}
	for name, w := range map[string]*want{"steps": &x.steps, "skipped": &x.skipped} {
		if v := n.get(name); v != nil && w.kind != wantList && w.kind != wantLength && w.kind != wantCondition {
			p.f.add(fault.TestInvalid, v.pos, "%s must be a list of ids and commands, or {$includes: [...]}", name)
		}
	}
	if x.log.given() {
		if x.log.kind == wantEqual || x.log.kind == wantMatches {
			x.log = want{kind: wantList, items: []want{x.log}}
		}
		if x.log.kind == wantList {
			x.log.open = true
			for i := range x.log.items {
				x.log.items[i].include()
			}
		}
	}
}

func (p *parser) expectError(n *node) *expectError {
	e := &expectError{}
	if n.kind == yaml.ScalarNode {
		e.code = p.want(n)
		if code, isText := n.v.(string); isText && !holdsExpression(code) {
			p.failureCode(n, code)
		}
		return e
	}
	if len(n.keys) == 0 {
		p.f.add(fault.TestInvalid, n.pos, "the error says nothing")
	}
	for name, into := range map[string]*want{"code": &e.code, "message": &e.message, "step": &e.step} {
		if v := n.get(name); v != nil {
			*into = p.want(v)
		}
	}
	if v := n.get("code"); v != nil {
		if code, isText := v.v.(string); isText && !holdsExpression(code) {
			p.failureCode(v, code)
		}
	}
	e.message.include()
	if v := n.get("retryable"); v != nil {
		if b, ok := v.v.(bool); ok {
			e.retryable = &b
		}
	}
	return e
}

func (p *parser) calls(n *node) []expectCall {
	var out []expectCall
	for _, item := range n.items {
		if item.kind != yaml.MappingNode {
			continue
		}
		c := expectCall{at: item.pos, command: item.textOf("command"), id: item.textOf("id")}
		if (c.command == "") == (c.id == "") {
			p.f.add(fault.TestInvalid, item.pos, "a call has a command, or the id of a step")
		}
		if v := item.get("args"); v != nil {
			c.args = p.want(v)
			c.args.open = true
		}
		if v := item.get("body"); v != nil {
			c.body = p.want(v)
		}
		if v := item.get("times"); v != nil {
			if i, ok := v.v.(int); ok {
				c.times = &i
			}
		}
		out = append(out, c)
	}
	return out
}

// fields reads wanted values by name; short is the name that a text stands for.
func (p *parser) fields(n *node, short string) wantedFields {
	out := wantedFields{at: n.pos, fields: map[string]want{}}
	if n.kind == yaml.ScalarNode && short != "" {
		out.fields[short] = p.want(n)
		return out
	}
	if n.kind == yaml.MappingNode && len(n.keys) == 0 {
		p.f.add(fault.TestInvalid, n.pos, "this checks nothing")
	}
	for i, k := range n.keys {
		w := p.want(n.items[i])
		if k.name == "headers" {
			w.open = true
		}
		out.fields[k.name] = w
	}
	return out
}

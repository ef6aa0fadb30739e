package pipetest

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

func (p *parser) mocks(n *node) []Mock {
	if n == nil {
		return nil
	}
	var out []Mock
	for _, item := range n.items {
		if item.kind != yaml.MappingNode {
			continue
		}
		m := Mock{Command: item.textOf("command"), ID: item.textOf("id"), Times: item.numberOf("times", 0), At: item.pos}
		switch {
		case m.Command == "" && m.ID == "":
			p.f.add(fault.TestInvalid, item.pos, "a mock needs a command, or the id of a step")
		case m.Command != "" && m.ID != "":
			p.f.add(fault.TestInvalid, item.posOf("id"), "a mock has a command or an id, not both")
		}
		if v := item.get("when"); v != nil {
			m.When = p.value(v)
		}
		if v := item.get("body"); v != nil {
			m.value, m.HasBody = p.value(v), true
			m.Body = m.value.constant
		}
		if v := item.get("vars"); v != nil && v.kind == yaml.MappingNode {
			m.vars = p.value(v)
			m.Vars, _ = m.vars.constant.(map[string]any)
		}
		if v := item.get("fail"); v != nil {
			p.fail(&m, v)
			if m.HasBody || m.vars.given {
				p.f.add(fault.TestInvalid, v.pos, "a mock fails or gives a result, not both")
			}
		}
		out = append(out, m)
	}
	return out
}

func (p *parser) fail(m *Mock, n *node) {
	f := &Failure{Message: "the mock fails"}
	m.Fail = f
	if code, short := n.v.(string); short {
		f.Code = code
	} else {
		f.Code = n.textOf("code")
		if text := n.textOf("message"); text != "" {
			f.Message = text
		}
		if v := n.get("retryable"); v != nil {
			f.Retryable, _ = v.v.(bool)
		}
		if v := n.get("retryAfter"); v != nil {
			f.RetryAfter, _ = command.ParseDuration(v.v)
			f.Retryable = true
		}
		if times := n.numberOf("times", 0); times > 0 {
			m.Times = times
		}
	}
	p.failureCode(n, f.Code)
}

// failureCode reports a code that looks like a slip of one of ours.
func (p *parser) failureCode(n *node, code string) {
	const most = 500 // comparing a name with all codes takes long
	if p.compared++; p.compared > most {
		return
	}
	group, _, dotted := strings.Cut(code, ".")
	var codes []string
	ours := false
	for _, info := range fault.Codes() {
		if string(info.Code) == code {
			return
		}
		codes = append(codes, string(info.Code))
		ours = ours || dotted && strings.HasPrefix(string(info.Code), group+".")
	}
	if near := fault.DidYouMean(code, codes); ours && near != "" {
		at := n.pos
		if v := n.get("code"); v != nil {
			at = v.pos
		}
		p.f.add(fault.TestInvalid, at, "no failure has the code %q", shorten(code, 60))
		p.f.hint("%s", near)
	}
}

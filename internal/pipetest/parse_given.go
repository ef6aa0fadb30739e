package pipetest

import (
	"net/http"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

func (p *parser) given(n *node) given {
	g := given{as: n.textOf("as"), asAt: n.posOf("as"), attempts: max(n.numberOf("attempts", 1), 1), now: standardNow()}
	if text := n.textOf("now"); text != "" {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			g.now = at.UTC()
		}
	}
	if v := n.get("body"); v != nil {
		g.body = p.value(v)
	}
	for name, into := range map[string]*Value{"vars": &g.vars, "properties": &g.properties} {
		if v := n.get(name); v != nil {
			*into = p.value(v)
		}
	}
	g.headers = p.texts(n.get("headers"), "a header")
	if v := n.get("event"); v != nil {
		g.event = p.event(v)
	}
	if v := n.get("request"); v != nil && v.kind == yaml.MappingNode {
		g.request = p.request(v)
		if g.event != nil {
			p.f.add(fault.TestInvalid, v.pos, "a request stands beside an event")
			p.f.hint("the request makes the event: keep one of them")
		}
	}
	return g
}

// standardNow is what the clock of a case shows unless the case says otherwise.
func standardNow() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) }

// texts reads a map of names and texts.
func (p *parser) texts(n *node, what string) map[string]string {
	if n == nil || n.kind != yaml.MappingNode {
		return nil
	}
	out := map[string]string{}
	for i, k := range n.keys {
		if n.items[i].kind != yaml.ScalarNode || n.items[i].v == nil {
			p.f.add(fault.TestInvalid, n.items[i].pos, "%s is a text, not %s", what, n.items[i].typeName())
			continue
		}
		out[k.name] = expr.Text(n.items[i].v)
	}
	return out
}

func (p *parser) event(n *node) *givenEvent {
	e := &givenEvent{at: n.pos, fields: map[string]any{}}
	if key, short := n.v.(string); short {
		e.fields["eventKey"], e.explicit = key, true
		p.eventKey(n)
		return e
	}
	for i, k := range n.keys {
		item := n.items[i]
		switch k.name {
		case "payload":
			e.payload = p.value(item)
		case "key":
			e.fields["eventKey"], e.explicit = item.v, true
			p.eventKey(item)
		case "headers":
			headers := map[string]any{}
			for name, text := range p.texts(item, "a header") {
				headers[name] = text
			}
			e.fields["headers"] = headers
		default:
			e.fields[k.name] = item.plain()
		}
	}
	return e
}

func (p *parser) eventKey(n *node) {
	key, _ := n.v.(string)
	if err := event.CheckKey(key); err != nil && key != "" {
		p.f.addErr(err, n.pos)
	}
}

func (p *parser) request(n *node) *givenRequest {
	r := &givenRequest{
		at: n.pos, webhook: n.textOf("webhook"), preset: n.textOf("preset"), eventKey: n.textOf("eventKey"), payload: n.textOf("payloadType"),
		secret: n.textOf("secret"), signedWith: n.textOf("signedWith"), event: n.textOf("event"), id: n.textOf("id"), method: n.textOf("method"),
		webhookAt: n.posOf("webhook"), presetAt: n.posOf("preset"), eventAt: n.posOf("event"), bodyAt: n.posOf("body"),
		headers: p.texts(n.get("headers"), "a header"),
	}
	if r.method == "" {
		r.method = http.MethodPost
	}
	if v := n.get("unsigned"); v != nil {
		r.unsigned, _ = v.v.(bool)
	}
	if v := n.get("body"); v != nil {
		r.body, r.hasBody = p.value(v), true
	}
	if v := n.get("options"); v != nil && v.kind == yaml.MappingNode {
		r.options = map[string][]string{}
		for i, k := range v.keys {
			if item := v.items[i]; item.kind == yaml.SequenceNode {
				r.options[k.name] = textsOf(item)
			} else {
				r.options[k.name] = []string{expr.Text(item.v)}
			}
		}
	}
	if v := n.get("eventKey"); v != nil {
		p.eventKey(v)
	}
	switch {
	case r.webhook == "" && r.preset == "":
		p.f.add(fault.TestInvalid, n.pos, "a request needs a preset, or a webhook")
		p.f.hint("preset: none is a webhook whose token is its only secret")
	case r.webhook != "" && r.preset != "":
		p.f.add(fault.TestInvalid, n.posOf("preset"), "a preset stands beside a webhook, which has its own")
	case r.webhook != "" && (r.payload != "" || r.options != nil):
		p.f.add(fault.TestInvalid, n.pos, "payloadType and options are those of the webhook")
	}
	return r
}

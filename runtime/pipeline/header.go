package pipeline

import (
	"slices"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// maxDescription is the longest header description, in characters.
const maxDescription = 250

// headers reads the configuration of the runs. What is not known to the language is the author's own.
func (c *compiler) headers(d *Document) {
	if d.headers == nil {
		return
	}
	if n, _, given := d.headers.get("exprPrefix"); given { // before anything that may hold an expression
		c.setPrefix(n)
	}
	for i, k := range d.headers.keys {
		n := d.headers.items[i]
		switch k.name {
		case "onError", "onCommandError":
			c.failure = c.onError(n)
			continue
		case "runWhen":
			o := c.condition(n)
			c.plan.runWhen = &o
			continue
		case "runAs", "authorization", "apitoken", "username", "password":
			c.faults.add(fault.PipelineUnsupported, k.line, k.col, "the header %q is not supported", k.name).
				hint("switch the identity with the command iam.run.as")
		case "mocksEnabled":
			c.plan.unmocked = !c.switched(k.name, n)
		case "tracing":
			c.plan.untraced = !c.switched(k.name, n)
		case "exprPrefix":
			c.plan.headers[k.name], _ = n.text()
			continue
		}
		if text, ok := c.headerText(k, n); ok {
			c.plan.headers[k.name] = text
		}
	}
}

func (c *compiler) headerText(k key, n *node) (string, bool) {
	text, isText := n.text()
	switch {
	case n.kind != scalarNode:
		c.faults.add(fault.PipelineInvalid, n.line, n.col, "a header is a text, not %s", n.typeName())
		return "", false
	case !isText:
		return expr.Text(n.value), true
	case c.hasDelimiter(text):
		c.faults.add(fault.PipelineInvalid, n.line, n.col, "a header is a fixed text, not an expression").
			hint("use vars for values that are evaluated")
	case k.name == "description" && utf8.RuneCountInString(text) > maxDescription:
		c.faults.add(fault.PipelineInvalid, n.line, n.col, "the description is longer than %d characters", maxDescription)
	}
	return text, true
}

// switched reads a header that is true or false.
func (c *compiler) switched(name string, n *node) bool {
	if !slices.Contains([]any{true, false, "true", "false"}, n.value) {
		c.faults.add(fault.PipelineInvalid, n.line, n.col, "the header %s must be true or false", name)
	}
	return n.value != false && n.value != "false"
}

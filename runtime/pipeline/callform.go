package pipeline

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

func pipelineRunSpec() command.Spec {
	return command.Spec{
		Name:    callCommand,
		Summary: "Executes another pipeline, in the name of the same identity, and gives its final body.",
		Params: []command.Param{
			{Name: "path", Type: command.TypeText, Required: true, Literal: true, Aliases: []string{"name", "key"}, Summary: "Name of the pipeline, with dots or slashes between its folders."},
			{Name: "vars", Type: command.TypeMap, Summary: "Variables, on top of those of the other pipeline."},
			{Name: "headers", Type: command.TypeMap, Summary: "Headers that its expressions see, on top of its own."},
		},
		Shorthand: "path",
		Result:    "The final body. The other pipeline begins with the present body, or with input.",
		Examples: []command.Example{
			{
				Title:    "a pipeline that is not there",
				Pipeline: "pipeline:\n  - pipeline.run: sales.order\n",
				WantCode: "pipeline.unknown",
			},
			{
				Title:    "a name that an event would choose",
				Pipeline: "pipeline:\n  - pipeline.run: {path: \"${body.path}\", vars: {a: 1}}\n",
				WantCode: "command.type",
			},
		},
	}
}

func callSpec() command.Spec {
	return command.Spec{
		Name:    "call",
		Summary: "Executes a pipeline or a command that a URI names.",
		Params: []command.Param{
			{Name: "uri", Type: command.TypeText, Required: true, Literal: true, Summary: "$uri:pipeline:NAME or $uri:command:NAME?parameter=value."},
			{Name: "args", Type: command.TypeMap, Summary: "Variables for the pipeline, or parameters for the command."},
		},
		Shorthand: "uri",
		Result:    "What the pipeline or the command gives.",
		Examples: []command.Example{
			{
				Title:    "a command",
				Pipeline: "pipeline:\n  - call:\n      uri: $uri:command:set\n      args: {value: \"Hello ${body}\"}\n",
				Body:     `"Ada"`,
				Want:     `"Hello Ada"`,
			},
			{
				Title:    "a pipeline that is not there",
				Pipeline: "pipeline:\n  - call: $uri:pipeline:sales/order\n",
				WantCode: "pipeline.unknown",
			},
		},
	}
}

// called reads the name of a pipeline: plain, as a path, or as a URI.
func (c *compiler) called(n *node, k key) *called {
	text, ok := n.text()
	if !ok || c.hasDelimiter(text) {
		c.faults.add(fault.CommandType, n.line, n.col, "parameter %q must be written out as a text", k.name).
			hint("what an event carries must not choose which pipeline runs")
		return &called{}
	}
	out := called{name: PlanName(text), pos: c.at(n.line, n.col)}
	if err := checkName(out.name); err != nil {
		c.faults.add(fault.PipelineInvalid, n.line, n.col, "%q is not the name of a pipeline", short(text))
		return &out
	}
	c.plan.calls = append(c.plan.calls, out)
	return &out
}

// PlanName gives the name of a pipeline from its name, path or URI.
func PlanName(text string) string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "$"), "uri:")
	text = strings.TrimPrefix(strings.TrimPrefix(text, "pipeline:"), "property:")
	text, _ = cutSuffix(text)
	return strings.ReplaceAll(strings.Trim(text, "/"), "/", ".")
}

func (c *compiler) pipelineRunPart(e *entry) part {
	b, p := c.block(e, takes{input: true, output: true})
	body := &pipelineRun{}
	b.body = body
	if n, given := p.get("path"); given {
		body.called = *c.called(n, key{name: "path"})
	}
	if n, given := p.get("vars"); given {
		body.vars = c.operands(n, "vars")
	}
	if n, given := p.get("headers"); given {
		body.headers = c.headerOperands(n)
	}
	return b
}

// headerOperands compiles headers for another pipeline. Those that configure a run are not for a caller.
func (c *compiler) headerOperands(n *node) map[string]operand {
	if n.kind != mapNode {
		c.faults.add(fault.CommandType, n.line, n.col, `parameter "headers" must be a map, not %s`, n.typeName())
		return nil
	}
	out := make(map[string]operand, len(n.items))
	for i, k := range n.keys {
		if slices.Contains([]string{"onError", "onCommandError", "runWhen", "exprPrefix", "tracing", "runAs", "authorization"}, k.name) {
			c.faults.add(fault.PipelineInvalid, k.line, k.col, "the header %q belongs to the other pipeline's own file", k.name)
		}
		out[k.name] = c.operand(n.items[i])
	}
	return out
}

var uriForm = regexp.MustCompile(`^\$?uri:([a-z]+):(.+)$`)

// callPart compiles a call by what its URI names: another pipeline, or a command.
func (c *compiler) callPart(e *entry) part {
	p := c.flow(e)
	n, given := p.get("uri")
	text, _ := n.orNull().text()
	m := uriForm.FindStringSubmatch(text)
	switch {
	case given && m == nil, given && m[1] != "pipeline" && m[1] != "command" && m[1] != "property":
		c.faults.add(fault.PipelineUnsupported, n.line, n.col, `parameter "uri" must be a $uri:pipeline:NAME or a $uri:command:NAME`)
		fallthrough
	case !given:
		s := &step{act: &evaluation{}}
		c.begin(&s.head, e)
		return s
	case m[1] == "command":
		return c.commandStep(c.commandCall(e, n, m[2]))
	}
	b := &block{}
	c.begin(&b.head, e)
	c.blockParams(b, &p, takes{input: true, output: true})
	body := &pipelineRun{called: *c.called(n, key{name: "uri"})}
	b.body = body
	if args, given := p.get("args"); given {
		body.vars = c.operands(args, "args")
	}
	return b
}

// commandCall gives the entry that a call of a command stands for.
func (c *compiler) commandCall(e *entry, n *node, uri string) *entry {
	name, query, _ := strings.Cut(uri, "?")
	out := &entry{line: e.line, col: e.col}
	out.name(name)
	out.params = &node{kind: mapNode, line: e.line, col: e.col}
	add := func(k key, item *node) {
		if _, _, twice := out.params.get(k.name); twice {
			c.faults.add(fault.CommandParam, k.line, k.col, "parameter %q is given twice", short(k.name))
			return
		}
		out.params.keys, out.params.items = append(out.params.keys, k), append(out.params.items, item)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		c.faults.add(fault.CommandType, n.line, n.col, "the parameters behind the ? cannot be read")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		add(key{name: name, line: n.line, col: n.col}, &node{line: n.line, col: n.col, value: values.Get(name)})
	}
	if e.params == nil {
		return out
	}
	for i, k := range e.params.keys {
		switch {
		case k.name == "uri":
		case k.name != "args":
			add(k, e.params.items[i])
		case e.params.items[i].kind == mapNode:
			for j, own := range e.params.items[i].keys {
				add(own, e.params.items[i].items[j])
			}
		default:
			c.faults.add(fault.CommandType, k.line, k.col, `parameter "args" must be a map, not %s`, e.params.items[i].typeName())
		}
	}
	return out
}

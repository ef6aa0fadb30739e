package pipeline

import (
	"context"
	"log/slog"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

// callCommand is the right that running another pipeline takes, whatever the spelling.
const callCommand = "pipeline.run"

// called names a pipeline that another one runs. The name is always written out: what an event carries
// must not choose what is executed.
type called struct {
	name string
	pos  fault.Position
}

// pipelineRun is the body of pipeline.run and of a call.
type pipelineRun struct {
	called
	vars, headers map[string]operand
}

func (p *pipelineRun) inside() []*list     { return nil }
func (p *pipelineRun) sound(f *frame) bool { return f.list == 0 && len(f.branches) <= 1 }

func (p *pipelineRun) exec(ctx context.Context, x *execution, b *block, f *frame) (signal, *thrown) {
	s, err := p.start(ctx, x, b)
	if err != nil {
		return goOn, x.throw(ctx, &b.head, err)
	}
	c, sig, t := x.callPlan(ctx, &b.head, f, p.name, s, nil)
	if c == nil {
		return goOn, t
	}
	return x.returned(ctx, c, &b.head, sig, t, true)
}

// start gives what the called pipeline begins with.
func (p *pipelineRun) start(ctx context.Context, x *execution, b *block) (s start, err error) {
	s = start{body: x.here.body, hasBody: true, identity: x.here.identity}
	if b.input != nil {
		if s.body, err = b.input.eval(ctx, x.env); err != nil {
			return s, err
		}
	}
	if s.vars, err = evalAll(ctx, x, p.vars); err != nil {
		return s, err
	}
	s.headers, err = evalAll(ctx, x, p.headers)
	return s, err
}

func evalAll(ctx context.Context, x *execution, operands map[string]operand) (map[string]any, error) {
	if len(operands) == 0 {
		return nil, nil
	}
	out := make(map[string]any, len(operands))
	for _, name := range slices.Sorted(maps.Keys(operands)) {
		v, err := operands[name].eval(ctx, x.env)
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

// callPlan executes another pipeline inside the part h, from where it stands in f or from its beginning.
// Its identity begins as the caller's and ends with it. exception is what it sees under that name.
func (x *execution) callPlan(ctx context.Context, h *head, f *frame, name string, s start, exception *thrown) (*execution, signal, *thrown) {
	if !x.policy.MayRun(x.here.identity, callCommand) {
		return nil, goOn, x.throw(ctx, h, fault.New(fault.IAMDenied, "%s may not run %s", x.here.identity, callCommand))
	}
	if err := x.tooDeep(); err != nil {
		return nil, goOn, x.throw(ctx, h, err)
	}
	if f.branches == nil {
		f.branches = make([]branch, 1)
	}
	s.resume = f.branches[0].state
	plan, err := x.find(name, s.resume)
	if err != nil {
		return nil, goOn, x.throw(ctx, h, err)
	}
	if s.resume != nil && s.resume.Version != plan.version {
		x.logger.LogAttrs(ctx, slog.LevelWarn, "a called pipeline changed while a run was inside it; it starts again from its first step",
			slog.String("pipeline", name), slog.String("run_id", x.in.RunID), slog.Int("step", h.index))
		s.resume, f.branches[0].state = nil, nil
	}
	c := x.within(&join{outer: x, frame: f}, 0, x.trace)
	defer c.giveBack()
	c.plan = plan
	c.enterCall(h, name)
	goes, err := c.begin(ctx, s)
	if err != nil {
		t := c.throw(ctx, h, err)
		t.err, t.by.Pipeline = t.err.In(""), x.plan.name // the sections of the other file are no step of it
		return nil, goOn, x.through(t, h)
	}
	if exception != nil && plan.mentions.exception {
		c.env["exception"] = x.exception(exception)
	}
	if !goes {
		x.logger.LogAttrs(ctx, slog.LevelInfo, "the header runWhen says no; nothing is run", slog.String("pipeline", name))
		return c, goOn, nil
	}
	sig, t := c.list(ctx, &plan.root)
	switch {
	case t != nil:
		f.branches[0].state = t.at
	case sig == paused:
		f.branches[0].state = c.stopped
	default:
		f.branches[0] = branch{done: true}
	}
	return c, sig, t
}

// find finds the plan; of a version that a run is inside of, if it is still there.
func (x *execution) find(name string, resume *State) (*Plan, error) {
	version := ""
	if resume != nil {
		version = resume.Version
	}
	if x.in.Plans != nil {
		if plan := x.in.Plans.Plan(name, version); plan != nil {
			return plan, nil
		}
	}
	return nil, fault.New(fault.PipelineUnknown, "there is no pipeline %q here", name).WithHint("load it beside this one")
}

// returned ends the part h whose execution inside was c: it hands the result on, or what else happened.
func (x *execution) returned(ctx context.Context, c *execution, h *head, sig signal, t *thrown, hand bool) (signal, *thrown) {
	switch {
	case t != nil:
		return goOn, x.through(t, h)
	case sig == paused:
		x.until, x.stopped = c.until, x.capture()
		return paused, nil
	case !hand:
		return goOn, nil
	}
	if err := x.hand(ctx, h, c.here.body); err != nil {
		return goOn, x.throw(ctx, h, err)
	}
	return goOn, nil
}

// rollBack runs the pipeline that takes back what was done, and lets the failure go on: it is final now.
func (x *execution) rollBack(ctx context.Context, h *head, f *frame, t *thrown) (signal, *thrown) {
	if f.thrown == nil {
		f.restart()
		f.thrown = t
	}
	s := start{body: x.here.body, hasBody: true, vars: x.here.vars, identity: x.here.identity}
	c, sig, failed := x.callPlan(ctx, h, f, h.failure.rollback.name, s, t)
	if c != nil {
		sig, failed = x.returned(ctx, c, h, sig, failed, false)
	}
	switch {
	case sig == paused:
		return paused, nil
	case failed != nil && (failed.fatal || !x.final(failed)):
		failed.fatal = true // it is the rollback that is repeated, whatever excepts there are
		return goOn, failed
	case failed != nil:
		x.logger.LogAttrs(ctx, slog.LevelError, "a rollback failed", slog.String("pipeline", x.plan.name), slog.Int("step", h.index),
			slog.String("rollback", h.failure.rollback.name), slog.String("code", string(failed.err.Code)), slog.String("error", failed.err.Error()))
	}
	out, e := *t, *t.err
	e.Retry, e.RetryAfter = false, 0
	out.err = &e
	return goOn, &out
}

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
	out := called{name: planName(text), pos: c.at(n.line, n.col)}
	if err := checkName(out.name); err != nil {
		c.faults.add(fault.PipelineInvalid, n.line, n.col, "%q is not the name of a pipeline", short(text))
		return &out
	}
	c.plan.calls = append(c.plan.calls, out)
	return &out
}

// planName gives the name of a pipeline from its name, path or URI.
func planName(text string) string {
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
	b.own = c.common(&b.head, &p, takes{input: true, output: true, policy: true})
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

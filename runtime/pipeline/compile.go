package pipeline

import (
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
)

// DefaultMessagePrefix stands in front of an event's key in the key of its message.
const DefaultMessagePrefix = "pipeforce.event."

// Deps is what pipelines are compiled against. Commands, Language and Policy are required.
type Deps struct {
	Commands      *command.Registry
	Language      *expr.Language
	Policy        *iam.Policy
	MessagePrefix string       // empty = DefaultMessagePrefix
	Dir           string       // shown in front of the file names of LoadDir
	Logger        *slog.Logger // for runs whose Input has none; nil discards
}

func (d Deps) withDefaults() Deps {
	if d.MessagePrefix == "" {
		d.MessagePrefix = DefaultMessagePrefix
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return d
}

// compiler works on one document.
type compiler struct {
	deps     Deps
	faults   *faults
	warnings *faults
	plan     *Plan
	failure  failure // of steps without their own
	ids      map[string]int
}

// Compile checks the meaning of a document and gives the plan. The error is a fault.List with every fault,
// in the order of their positions.
func Compile(d *Document, deps Deps) (*Plan, error) {
	c := &compiler{
		deps:     deps.withDefaults(),
		faults:   &faults{file: d.file},
		warnings: &faults{file: d.file},
		failure:  failure{action: actThrow},
		ids:      map[string]int{},
	}
	c.plan = &Plan{
		name: d.name, file: d.file, version: d.version, headers: map[string]any{},
		usesContext: d.mentionsContext, usesEvent: d.mentionsEvent,
		policy: deps.Policy, logger: c.deps.Logger,
	}
	c.headers(d)
	c.vars(d)
	if d.body != nil {
		c.plan.body = c.operand(d.body)
	}
	c.calls(d)
	c.checkRights()
	if err := c.faults.err(); err != nil {
		return nil, err
	}
	if len(c.warnings.list) > 0 {
		sortFaults(c.warnings.list)
		c.plan.Warnings = c.warnings.list
	}
	return c.plan, nil
}

// maxDescription is the longest header description, in characters.
const maxDescription = 250

// unsupportedHeaders change how a pipeline runs, in ways that this version does not have.
var unsupportedHeaders = []string{ //nolint:gochecknoglobals // constant data
	"authorization", "runAs", "runWhen", "exprPrefix", "mocksEnabled", "apitoken", "username", "password",
}

func (c *compiler) headers(d *Document) {
	if d.headers == nil {
		return
	}
	for i, k := range d.headers.keys {
		n := d.headers.items[i]
		switch {
		case k.name == "onError" || k.name == "onCommandError":
			c.failure = c.onError(n)
			continue
		case k.name == "runAs" || k.name == "authorization":
			c.faults.add(fault.PipelineUnsupported, k.line, k.col, "the header %q is not supported", k.name).
				hint("switch the identity with the command iam.run.as")
		case slices.Contains(unsupportedHeaders, k.name):
			c.faults.add(fault.PipelineUnsupported, k.line, k.col, "the header %q is not supported yet by this version", k.name)
		}
		switch v := n.value.(type) {
		case string:
			if hasDelimiter(v) {
				c.faults.add(fault.PipelineInvalid, n.line, n.col, "a header is a fixed text, not an expression").
					hint("use vars for values that are evaluated")
			}
			if k.name == "description" && utf8.RuneCountInString(v) > maxDescription {
				c.faults.add(fault.PipelineInvalid, n.line, n.col, "the description is longer than %d characters", maxDescription)
			}
			c.plan.headers[k.name] = v
		default:
			if n.kind != scalarNode {
				c.faults.add(fault.PipelineInvalid, n.line, n.col, "a header is a text, not %s", n.typeName())
				continue
			}
			c.plan.headers[k.name] = expr.Text(v)
		}
	}
}

func (c *compiler) vars(d *Document) {
	if d.vars == nil {
		return
	}
	for i, k := range d.vars.keys {
		c.plan.vars = append(c.plan.vars, variable{name: k.name, value: c.operand(d.vars.items[i])})
	}
}

// laterCommands belong to the language and are not there yet, in contrast to unknown ones.
var laterCommands = []string{ //nolint:gochecknoglobals // constant data
	"if", "if.else", "if.end", "foreach", "foreach.end", "switch", "finally", "except", "except.end", "error", "assert",
	"wait", "eval", "call", "pipeline.run", "pipeline.start", "macro", "macro.run", "function.call", "mock.command", "job",
	"message.send", "message.ack", "message.nack", "message.drop",
}

func (c *compiler) calls(d *Document) {
	triggered := false
	for i := range d.calls {
		call := &d.calls[i]
		if kind, ok := triggerKind(call.command); ok {
			switch {
			case triggered:
				c.faults.add(fault.PipelineTrigger, call.line, call.col, "%s is a second trigger", call.command).
					hint("write one pipeline file for each trigger")
			case i > 0:
				c.faults.add(fault.PipelineTrigger, call.line, call.col, "%s must be the first command", call.command).
					hint("a trigger starts the pipeline: put it in front of the other commands")
			default:
				c.plan.trigger = c.trigger(kind, call)
			}
			triggered = true
			continue
		}
		c.step(call)
	}
}

// lookup finds the command, or reports why there is none.
func (c *compiler) lookup(call *call) *command.Definition {
	def, err := c.deps.Commands.Lookup(call.command)
	if err == nil {
		return def
	}
	if slices.Contains(laterCommands, call.command) {
		c.faults.add(fault.PipelineUnsupported, call.line, call.col, "the command %q is not supported yet by this version", call.command)
		return nil
	}
	added := c.faults.add(fault.CommandUnknown, call.line, call.col, "unknown command %q", short(call.command))
	name, rest, spaced := strings.Cut(call.command, " ")
	switch {
	case call.command == "event.receive":
		added.hint(`did you mean "event.listen"?`)
	case strings.Contains(call.command, " - "):
		added.hint(`begin every "- " of a list in the same column`)
	case spaced && c.known(strings.TrimSuffix(name, ":")) && rest != "":
		added.hint(`put a colon behind the name: "%s: ..."`, strings.TrimSuffix(name, ":"))
	default:
		added.hint("%s", fault.DidYouMean(call.command, append([]string{"event.listen", "message.receive"}, c.deps.Commands.Names()...)))
	}
	return nil
}

func (c *compiler) known(name string) bool {
	_, err := c.deps.Commands.Lookup(name)
	return err == nil
}

package pipeline

import (
	"log/slog"

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
	TimeZone      string       // of jobs that name none: a name of the IANA list; empty = UTC
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
	failure  failure // of parts without their own
	prefix   string  // of expressions; empty = $ and #
	ids      map[string]int
	macros   map[string]*macro
	depth    int // of the list that is compiled
	around   around

	mocked       []*node // what mocks of the file stand in for
	strayTrigger bool    // a trigger stands where none may
	expressions  int     // that were compiled
	stopped      bool    // the file is larger than a pipeline may be

	notes map[*node]*Expression // what Examine wants to know of the values; nil = nothing
}

// around is what the list that is compiled lies in.
type around struct {
	loop     bool // break and continue mean something
	parallel bool // the run cannot be ended from here
	finally  bool
	macro    bool // another place decides when it is executed
}

// Compile checks the meaning of a document and gives the plan. The error is a fault.List with every fault,
// in the order of their positions.
func Compile(d *Document, deps Deps) (*Plan, error) {
	plan, _, err := compile(d, deps, nil)
	return plan, err
}

// compile is Compile, and gives the compiler too. With notes it keeps what the expressions read.
func compile(d *Document, deps Deps, notes map[*node]*Expression) (*Plan, *compiler, error) {
	c := &compiler{
		notes:    notes,
		deps:     deps.withDefaults(),
		faults:   &faults{file: d.file},
		warnings: &faults{file: d.file},
		failure:  failure{action: actThrow},
		ids:      map[string]int{},
	}
	c.plan = &Plan{
		name: d.name, file: d.file, version: d.version, src: d.src, headers: map[string]any{}, mentions: d.mentions,
		policy: deps.Policy, logger: c.deps.Logger,
	}
	c.headers(d)
	c.vars(d)
	if d.body != nil {
		c.plan.body = c.operand(d.body)
	}
	c.plan.root = c.list(c.trigger(d.entries))
	c.plan.flat = true
	c.plan.root.walk(func(p part) {
		if _, isStep := p.(*step); !isStep {
			c.plan.flat = false
		}
	})
	c.checkMocked()
	c.checkRights()
	sortFaults(c.warnings.list)
	if err := c.faults.err(); err != nil {
		return nil, c, err
	}
	if len(c.warnings.list) > 0 {
		c.plan.Warnings = c.warnings.list
	}
	return c.plan, c, nil
}

func (c *compiler) vars(d *Document) {
	if d.vars == nil {
		return
	}
	for i, k := range d.vars.keys {
		c.plan.vars = append(c.plan.vars, variable{name: k.name, value: c.operand(d.vars.items[i])})
	}
}

// list compiles commands in a row.
func (c *compiler) list(entries []entry) list {
	l := list{parts: make([]part, 0, len(entries))}
	c.depth++
	defer func() { c.depth-- }()
	for i := range entries {
		e := &entries[i]
		if c.done(e) {
			break
		}
		if _, isTrigger := triggerKind(e.command); isTrigger {
			c.misplacedTrigger(e)
			continue
		}
		p := c.part(e)
		if p == nil {
			continue
		}
		switch p.(type) {
		case *except:
			l.guarded = true
		case *finally:
			l.guarded = true
			if i < len(entries)-1 {
				c.faults.add(fault.PipelineInvalid, entries[i+1].line, entries[i+1].col, "nothing may stand behind the finally in line %d", e.line).
					hint("put the command into the finally, or in front of it")
			}
		}
		l.parts = append(l.parts, p)
	}
	return l
}

// inner compiles a list of a block, in which other words may mean something.
func (c *compiler) inner(entries []entry, change func(*around)) list {
	before := c.around
	if change != nil {
		change(&c.around)
	}
	defer func() { c.around = before }()
	return c.list(entries)
}

// part compiles one command; nil when it is none that is executed where it stands.
func (c *compiler) part(e *entry) part {
	switch e.command {
	case "if":
		return c.ifPart(e)
	case "switch":
		return c.switchPart(e)
	case "foreach":
		return c.foreachPart(e)
	case "while":
		return c.whilePart(e)
	case "break", "continue":
		return c.leavePart(e)
	case "do":
		return c.doPart(e)
	case "parallel":
		return c.parallelPart(e)
	case "except":
		return c.exceptPart(e)
	case "finally":
		return c.finallyPart(e)
	case "error":
		return c.errorPart(e)
	case "assert":
		return c.assertPart(e)
	case "wait":
		return c.waitPart(e)
	case mockCommand:
		return c.mockPart(e)
	case "eval":
		return c.evalPart(e)
	case "macro":
		return c.macroPart(e)
	case "macro.run":
		return c.macroRunPart(e)
	case "pipeline.run":
		return c.pipelineRunPart(e)
	case "call":
		return c.callPart(e)
	case exitCommand:
		if c.around.parallel {
			c.faults.add(fault.PipelineInvalid, e.line, e.col, "a branch of parallel cannot end the run").
				hint("put exit behind the parallel, with a condition")
		}
	}
	return c.commandStep(e)
}

// exitCommand ends the run. It is a command like others, but where it may stand is a matter of the language.
const exitCommand = "exit"

// block makes a part with lists inside; it takes its number before what is in it.
func (c *compiler) block(e *entry, t takes) (*block, params) {
	p := c.flow(e)
	b := &block{}
	c.begin(&b.head, e)
	c.blockParams(b, &p, t)
	return b, p
}

// blockParams compiles the common parameters of a block.
func (c *compiler) blockParams(b *block, p *params, t takes) {
	t.policy, t.timeout = true, b.command != "switch" // of which one form is a step
	b.own = c.common(&b.head, p, t)
	if n, _, given := p.node.get("timeout"); given {
		b.timeout = c.timeout(n)
	}
}

// flowStep makes a step of the language.
func (c *compiler) flowStep(e *entry, t takes) (*step, params) {
	p := c.flow(e)
	s := &step{}
	c.begin(&s.head, e)
	t.step = true
	c.common(&s.head, &p, t)
	return s, p
}

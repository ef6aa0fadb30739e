package pipeline

import (
	"log/slog"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/trigger"
)

// Plan is a compiled pipeline. It never changes; it may be run many times at once.
type Plan struct {
	// Warnings are doubts that do not keep the pipeline from running, in the order of their positions.
	Warnings []*fault.Error

	name    string
	file    string
	version string
	trigger *trigger.Trigger
	headers map[string]any
	vars    []variable
	body    operand
	steps   []step

	usesContext, usesEvent bool

	policy *iam.Policy
	logger *slog.Logger
}

type variable struct {
	name  string
	value operand
}

// step is one compiled command.
type step struct {
	index   int // the trigger not included
	id      string
	command string // its own name, also where the file uses an alias
	where   string // for faults
	pos     fault.Position
	def     *command.Definition

	when    operand // `if`; the constant true when there is none
	input   *operand
	after   evaluator // `eval`; nil = none
	output  *expr.Target
	args    map[string]any // constants and defaults
	dynamic []argument     // evaluated on top of args for every call
	failure failure
	timeout time.Duration // 0 = the command's own, else the run's
}

type argument struct {
	param *command.Param // nil for a free one
	name  string
	value operand
	pos   fault.Position
}

// Name is the pipeline's name: the file's path without [Suffix], with dots between the folders.
func (p *Plan) Name() string { return p.name }

// File is the file as positions show it.
func (p *Plan) File() string { return p.file }

// Version is a short hash of the file's text.
func (p *Plan) Version() string { return p.version }

// Description is the header description.
func (p *Plan) Description() string {
	text, _ := p.headers["description"].(string)
	return text
}

// Trigger says which events start the pipeline; nil for one that is only started by hand.
func (p *Plan) Trigger() *trigger.Trigger { return p.trigger }

// StepInfo describes a step for listings.
type StepInfo struct {
	Index   int // from 0, the trigger not included
	ID      string
	Command string
	Pos     fault.Position
}

// Steps lists the steps.
func (p *Plan) Steps() []StepInfo {
	out := make([]StepInfo, len(p.steps))
	for i := range p.steps {
		s := &p.steps[i]
		out[i] = StepInfo{Index: s.index, ID: s.id, Command: s.command, Pos: s.pos}
	}
	return out
}

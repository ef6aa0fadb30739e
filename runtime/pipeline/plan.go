package pipeline

import (
	"log/slog"
	"slices"

	"github.com/penstock/penstock/runtime/event"
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
	src     []byte
	trigger *trigger.Trigger
	headers map[string]any
	vars    []variable
	body    operand
	root    list
	flat    bool    // only steps: a number says where a run stands
	heads   []*head // of all parts, in the order of the file
	calls   []called

	identities []string // that steps switch to, wherever they stand

	runWhen  *operand // the header of that name; nil = always
	untraced bool     // only failures are recorded
	unmocked bool     // mock.command does nothing
	mentions mentions

	policy *iam.Policy
	logger *slog.Logger
}

type variable struct {
	name  string
	value operand
}

// Name is the pipeline's name: the file's path without its suffix, with dots between the folders.
func (p *Plan) Name() string { return p.name }

// File is the file as positions show it.
func (p *Plan) File() string { return p.file }

// Version is a short hash of the file's text.
func (p *Plan) Version() string { return p.version }

// Source is the file's text. The caller must not change it.
func (p *Plan) Source() []byte { return p.src }

// Description is the header description.
func (p *Plan) Description() string {
	text, _ := p.headers["description"].(string)
	return text
}

// Trigger says which events start the pipeline; nil for one that is only started by hand.
func (p *Plan) Trigger() *trigger.Trigger { return p.trigger }

// BodyOf gives the first body of a run for an event that matches the trigger: the event; for a message that is no event
// and for a batch, the payload. It is false where the file's section body is the first one: for a job.
func (p *Plan) BodyOf(e event.Event, o event.Object) (body any, has bool) {
	switch {
	case e.Message, e.Batch != nil:
		return o["payload"], true
	case p.trigger != nil && p.trigger.Kind == trigger.Job:
		return nil, false
	}
	return map[string]any(o), true
}

// Flat reports whether the pipeline is a plain row of steps, so that State.Step alone says where a run of
// it stands.
func (p *Plan) Flat() bool { return p.flat }

// Calls names the pipelines that this one runs, each once, sorted.
func (p *Plan) Calls() []string {
	var names []string
	for _, c := range p.calls {
		names = append(names, c.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// StepInfo describes a step for listings.
type StepInfo struct {
	Index   int // in the order of the file, from 0, the trigger not included
	Depth   int // of blocks around it
	ID      string
	Command string
	Pos     fault.Position

	Parent      int  // Index of the block that it is in; -1 for the pipeline's own list and for the commands of a macro
	List        int  // of that block's lists, the one it is in, from 0
	Lists       int  // how many lists it has itself
	Falls       bool // an if or a switch that may execute none of them
	Conditional bool // it has a condition of its own
}

// Steps lists the steps and blocks, in the order of the file.
func (p *Plan) Steps() []StepInfo {
	out := make([]StepInfo, len(p.heads))
	for i, h := range p.heads {
		out[i] = StepInfo{
			Index: h.index, Depth: h.depth - 1, ID: h.id, Command: h.command, Pos: h.pos, Parent: -1, Conditional: !h.always(),
		}
	}
	p.root.walk(func(p part) {
		at := &out[p.about().index]
		at.Lists = len(p.lists())
		if b, isBlock := p.(*block); isBlock {
			ch, chooses := b.body.(*choice)
			at.Falls = chooses && !ch.exhaustive()
		}
		for i, l := range p.lists() {
			for _, inner := range l.parts {
				out[inner.about().index].Parent, out[inner.about().index].List = at.Index, i
			}
		}
	})
	return out
}

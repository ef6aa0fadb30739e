package pipeline

import (
	"slices"
	"time"

	"github.com/penstock/penstock/runtime/command"
)

// frame is where a run stands within one part that is under way, and what the part remembers meanwhile.
// The frames of an execution are chained from the innermost one upwards; a kept position is the same
// frames as a slice, outermost first.
type frame struct {
	up    *frame
	part  string // the command of the part
	index int    // of the next part of the list that is being executed

	list  int   // which of the part's lists that is, from 1; 0 = the part has not chosen one yet
	round int   // of a loop, from 0
	begun bool  // of a loop: the round's condition and variables are settled
	items []any // of a foreach: those from round on
	outer outer // of a foreach: the variables that its own ones hide

	tries  int       // that were made of a part that is to be repeated
	until  time.Time // when the part goes on
	due    time.Time // when the time of a block is up; zero = it has no limit
	before *scope    // of a block that may be repeated: what was there at its beginning

	thrown *thrown // that is being handled
	after  signal  // of a finally: how the list in front of it ended

	branches []branch // executions inside: of parallel, of a called pipeline or macro
}

// scope is what a step sees and changes.
type scope struct {
	body     any
	vars     map[string]any
	identity string
}

// outer is what a loop variable hides.
type outer struct {
	as, loop       any
	hadAs, hadLoop bool
}

// branch is an execution inside a part.
type branch struct {
	done  bool
	body  any    // its final one, when done
	state *State // where it stands; nil = not begun, or done
}

// enter makes the frame of a part: a new one, or the kept one when the run goes on within the part.
func (x *execution) enter(h *head) (f *frame, resumed bool) {
	f = new(frame)
	if len(x.pending) > 0 {
		*f, x.pending, resumed = x.pending[0], x.pending[1:], true
		f.branches = slices.Clone(f.branches) // what was kept is not ours to change
	}
	f.up, f.part = x.at, h.command
	x.at = f
	return f, resumed
}

func (x *execution) leave(f *frame) { x.at = f.up }

// restart makes a block's frame as it was at its beginning, but for what its repetition needs.
func (f *frame) restart() {
	*f = frame{up: f.up, part: f.part, tries: f.tries, before: f.before}
}

func (x *execution) capture() *State {
	s := x.state()
	return &s
}

// depth is how many parts the execution is within.
func (x *execution) depth() int {
	depth := 0
	for f := x.at; f != &x.root; f = f.up {
		depth++
	}
	return depth
}

// state gives where the execution stands. What it gives does not change when the execution goes on.
func (x *execution) state() State {
	s := State{
		Version: x.plan.version, Step: x.root.index,
		Body: x.here.body, Vars: x.here.vars, Identity: x.here.identity, Acked: x.acknowledged == command.Ack,
	}
	depth := x.depth()
	if depth == 0 && x.plan.flat {
		return s
	}
	path := make([]frame, depth)
	for f := x.at; f != &x.root; f = f.up {
		depth--
		path[depth] = *f
		path[depth].up = nil
		path[depth].branches = slices.Clone(f.branches)
	}
	s.Inside = &Inside{path: path}
	return s
}

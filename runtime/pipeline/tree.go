package pipeline

import (
	"context"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
)

// A pipeline is compiled to a tree: a list of parts, where a part is a step or a block, and a block has
// lists of its own. The flat spelling (foreach ... foreach.end) and the nested one (do:) give the same tree.

// part is one entry of a list.
type part interface {
	// run executes the part, or goes on with it where x.pending says.
	run(ctx context.Context, x *execution) (signal, *thrown)
	// about gives what every part has.
	about() *head
	// fits reports whether a kept position, whose first frame is this part's, can be gone on from.
	fits(path []frame) bool
	// lists gives the lists inside, in the order of the file.
	lists() []*list
}

// list is parts in a row.
type list struct {
	parts   []part
	guarded bool // holds an except or a finally
}

// signal says how a part ended that did not fail.
type signal uint8

const (
	goOn      signal = iota
	broke            // leave the innermost loop
	continued        // go on with its next round
	exited           // end the run, successfully
	paused           // the run waits for longer than it may hold on to; see execution.until
)

// head is what every part has.
type head struct {
	index   int    // in the order of the file, from 0; the trigger is not counted
	depth   int    // of lists around the pipeline's own one
	id      string // as the author named it
	command string // its own name, also where the file uses an alias
	where   string // for faults
	pos     fault.Position

	when    operand // `if`; the constant true when there is none
	input   *operand
	after   evaluator // `eval`; nil = none
	output  *expr.Target
	failure failure
}

func (h *head) about() *head { return h }

// always reports whether the part has no condition.
func (h *head) always() bool { return h.when.dynamic == nil && h.when.constant == true }

// fits reports whether a position in l, at index and within the part there, can be gone on from.
func (l *list) fits(index int, path []frame) bool {
	if index < 0 || index > len(l.parts) {
		return false
	}
	return len(path) == 0 || index < len(l.parts) && l.parts[index].fits(path)
}

// walk calls f for every part below l, in the order of the file.
func (l *list) walk(f func(part)) {
	for _, p := range l.parts {
		f(p)
		for _, inner := range p.lists() {
			inner.walk(f)
		}
	}
}

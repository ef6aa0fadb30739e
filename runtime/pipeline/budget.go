package pipeline

import (
	"context"
	"sync/atomic"

	"github.com/penstock/penstock/runtime/fault"
)

// StandardSteps is how many steps and rounds of loops one attempt of a run may take where nobody says
// otherwise.
const StandardSteps = 1_000_000

// budget counts the steps of a run, over all its branches. An execution borrows some at a time, so that a
// step costs it a subtraction.
type budget struct {
	most int64
	lent atomic.Int64
}

const largestLease = 1024

// lend adds to a lease that is used up; false when nothing is left.
func (b *budget) lend(lease *int) bool {
	want := min(largestLease, max(1, b.most/64))
	end := b.lent.Add(want)
	*lease = int(max(0, min(want, b.most-(end-want))))
	return *lease > 0
}

// giveBack returns what an execution that ended did not use.
func (x *execution) giveBack() {
	x.budget.lent.Add(-int64(x.lease))
	x.lease = 0
}

// spend takes one step from the lease, for a round of a loop.
func (x *execution) spend() bool {
	if x.lease == 0 && !x.budget.lend(&x.lease) {
		return false
	}
	x.lease--
	return true
}

func (x *execution) exhausted(ctx context.Context, h *head) *thrown {
	x.lease = 0
	return x.end(ctx, h, fault.New(fault.PipelineLimit, "the run took more than %d steps", x.budget.most).
		WithHint("look for a loop that does not end, or raise engine.max_steps"))
}

package pipeline

import (
	"context"
	"errors"
	"sync"
	"time"
)

// deadline is the context of one try of a step. Its timer starts when somebody first asks for it: most
// built-in commands never do, and a timer costs more than they take. The time that passed until then counts.
type deadline struct {
	parent  context.Context
	timeout time.Duration
	started time.Time
	now     func() time.Time

	mu     sync.Mutex
	real   context.Context // nil until asked for
	cancel context.CancelFunc
	over   bool
}

// deadline gives one that was never used: a command may keep its context. They are made a few at a time,
// which costs less than one for each try.
func (x *execution) deadline() *deadline {
	if len(x.deadlines) == 0 {
		x.deadlines = make([]deadline, 4)
	}
	d := &x.deadlines[0]
	x.deadlines = x.deadlines[1:]
	return d
}

func (d *deadline) start() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.real == nil {
		d.real, d.cancel = context.WithTimeout(d.parent, d.timeout-d.now().Sub(d.started))
		if d.over {
			d.cancel()
		}
	}
	return d.real
}

// end releases the timer. A context that a command kept is done from then on.
func (d *deadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	if d.cancel != nil {
		d.cancel()
	}
}

// exceeded reports whether the time was up, as far as anybody asked.
func (d *deadline) exceeded() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.real != nil && errors.Is(d.real.Err(), context.DeadlineExceeded)
}

func (d *deadline) Deadline() (time.Time, bool) { return d.start().Deadline() }
func (d *deadline) Done() <-chan struct{}       { return d.start().Done() }
func (d *deadline) Err() error                  { return d.start().Err() }
func (d *deadline) Value(key any) any           { return d.parent.Value(key) }

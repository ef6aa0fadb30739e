package pipeline

import "github.com/penstock/penstock/runtime/run"

// Of a long run the first and the last steps are recorded.
const (
	firstRecords = 500
	lastRecords  = 500
)

// trace is the record of what was executed. It is for one goroutine.
type trace struct {
	first  []run.Step
	last   []run.Step // a ring, once it is full
	total  int        // records that were added
	missed int        // records that inner traces had dropped
}

// next makes room for a record and gives it with its number. It can be written to until the next one is made.
func (t *trace) next() (s *run.Step, n int) {
	n = t.total
	t.total++
	switch {
	case n < firstRecords:
		t.first = append(t.first, run.Step{})
		return &t.first[n], n
	case len(t.last) < lastRecords:
		t.last = append(t.last, run.Step{})
	}
	s = &t.last[(n-firstRecords)%lastRecords]
	*s = run.Step{}
	return s, n
}

// at gives a record for completion, nil when it is not kept.
func (t *trace) at(n int) *run.Step {
	switch {
	case n < 0:
		return nil
	case n < len(t.first):
		return &t.first[n]
	case n >= t.total-len(t.last):
		return &t.last[(n-firstRecords)%lastRecords]
	}
	return nil
}

// append adds what another trace kept.
func (t *trace) append(more *trace) {
	for _, s := range more.steps() {
		room, _ := t.next()
		*room = s
	}
	t.missed += more.dropped()
}

// dropped is how many records are not kept.
func (t *trace) dropped() int { return t.total - len(t.first) - len(t.last) + t.missed }

// steps gives the records in the order of execution.
func (t *trace) steps() []run.Step {
	if len(t.last) == 0 {
		return t.first
	}
	out := append(make([]run.Step, 0, len(t.first)+len(t.last)), t.first...)
	start := 0
	if t.total > firstRecords+lastRecords {
		start = (t.total - firstRecords) % lastRecords
	}
	return append(append(out, t.last[start:]...), t.last[:start]...)
}

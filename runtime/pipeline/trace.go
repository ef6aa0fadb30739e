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

// add records a step and gives its number.
func (t *trace) add(s run.Step) int {
	n := t.total
	t.total++
	switch {
	case len(t.first) < firstRecords:
		t.first = append(t.first, s)
	case len(t.last) < lastRecords:
		t.last = append(t.last, s)
	default:
		t.last[(n-firstRecords)%lastRecords] = s
	}
	return n
}

// at gives a record for completion, nil when it is not kept any more.
func (t *trace) at(n int) *run.Step {
	switch {
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
		t.add(s)
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

package pipeline

import (
	"reflect"
	"sync/atomic"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

// Observer is told of every part of a run, as it begins and as it ends. Branches of parallel tell from their
// own goroutines. What it is given is shared with the run and must not be changed.
type Observer interface {
	Begin(p Place)
	End(p Place, s Seen)
}

// Place names one execution of a part.
type Place struct {
	Number   int // counts from 1 in the order in which parts begin
	Parent   int // number of the part around it; 0 = none
	Pipeline string
	Index    int // in the order of the file, from 0
	ID       string
	Command  string
	Path     string // rounds of loops and calls around it
	Pos      fault.Position
}

// Seen is what one execution of a part did.
type Seen struct {
	Step   run.Step
	Args   map[string]any // evaluated parameters of the last try; those that are secret are not shown
	Input  any            // the body that it was given
	Output any            // the body behind it
	Vars   map[string]any // the variables that it set
	Mocked bool           // something stood in for the command
}

// watch tells the observer of one execution. It is for one goroutine.
type watch struct {
	to    Observer
	count *atomic.Int64
	outer int       // number of the part around the execution
	under []watched // the parts under way, outermost first
}

type watched struct {
	place  Place
	rec    *run.Step
	number int
	input  any
	vars   map[string]any
	args   map[string]any
	mocked bool
}

func newWatch(to Observer) *watch { return &watch{to: to, count: new(atomic.Int64)} }

// inner gives the watch of an execution inside this one.
func (w *watch) inner() *watch {
	if w == nil {
		return nil
	}
	return &watch{to: w.to, count: w.count, outer: w.around()}
}

func (w *watch) around() int {
	if len(w.under) == 0 {
		return w.outer
	}
	return w.under[len(w.under)-1].place.Number
}

// place names a part of the execution.
func (x *execution) place(h *head) Place {
	return Place{Pipeline: x.plan.name, Index: h.index, ID: h.id, Command: h.command, Path: x.path, Pos: h.pos}
}

// begin is called with the record of each part; end follows.
func (w *watch) begin(x *execution, h *head, rec *run.Step, number int) {
	p := x.place(h)
	p.Number, p.Parent = int(w.count.Add(1)), w.around()
	w.under = append(w.under, watched{place: p, rec: rec, number: number, input: x.here.body, vars: x.here.vars})
	w.to.Begin(p)
}

// given notes what the step under way gives its command.
func (w *watch) given(s *step, args map[string]any, body any) {
	one := &w.under[len(w.under)-1]
	one.input, one.args = body, args
	for i := range s.def.Spec.Params {
		if p := &s.def.Spec.Params[i]; p.Secret && args[p.Name] != nil {
			one.args = withoutSecrets(&s.def.Spec, args)
			return
		}
	}
}

func withoutSecrets(spec *command.Spec, args map[string]any) map[string]any {
	shown := make(map[string]any, len(args))
	for name, v := range args {
		if p, known := spec.Param(name); known && p.Secret {
			v = "(secret)"
		}
		shown[name] = v
	}
	return shown
}

func (w *watch) mocked() {
	if w != nil && len(w.under) > 0 {
		w.under[len(w.under)-1].mocked = true
	}
}

// ended tells of the end of the innermost part under way.
func (x *execution) ended(sig signal, t *thrown) {
	w := x.watch
	if w == nil {
		return
	}
	one := w.under[len(w.under)-1]
	w.under = w.under[:len(w.under)-1]
	s := Seen{Args: one.args, Input: one.input, Output: x.here.body, Vars: changed(one.vars, x.here.vars), Mocked: one.mocked}
	switch rec := x.trace.at(one.number); {
	case rec != nil:
		s.Step = *rec
	case one.number < 0:
		s.Step = *one.rec
	default: // its room was given to others meanwhile
		s.Step = run.Step{Index: one.place.Index, ID: one.place.ID, Command: one.place.Command, Path: one.place.Path}
		s.Step.Status = statusOf(sig, t, false)
	}
	if s.Step.Status == run.StepFailed && t == nil {
		s.Step.Status = run.StepIgnored
	}
	w.to.End(one.place, s)
}

// changed gives the variables of after that are not those of before.
func changed(before, after map[string]any) map[string]any {
	var out map[string]any
	for name, v := range after {
		if old, had := before[name]; had && same(old, v) {
			continue
		}
		if out == nil {
			out = map[string]any{}
		}
		out[name] = v
	}
	return out
}

// same reports whether two values are one. Maps and lists are the same only where nobody made a new one.
func same(a, b any) bool {
	l, r := reflect.ValueOf(a), reflect.ValueOf(b)
	if l.Kind() != r.Kind() {
		return false
	}
	switch l.Kind() {
	case reflect.Map:
		return l.Pointer() == r.Pointer()
	case reflect.Slice:
		return l.Len() == r.Len() && l.Pointer() == r.Pointer()
	case reflect.Invalid:
		return true
	}
	return a == b
}

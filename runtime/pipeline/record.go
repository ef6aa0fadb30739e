package pipeline

import (
	"encoding/json"
	"reflect"
	"sync"

	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/secret"
	"github.com/penstock/penstock/runtime/value"
)

// Recording says of which steps the values are kept in run.Step, and how much of them. The zero value keeps
// none and costs nothing.
type Recording struct {
	Of    run.Recording       // empty = run.RecordNone
	Limit int                 // most bytes of one value's JSON text; 0 = StandardRecord
	Used  int                 // bytes that earlier attempts of the run have recorded
	Scrub func(string) string // takes the secrets that the process knows out of a text; nil = it knows none
}

// StandardRecord is the most bytes of one recorded value where nobody says otherwise. All values of a run
// together have at most recordShare times as many; of later ones only the size is recorded.
const (
	StandardRecord = 16 << 10
	recordShare    = 64
)

// recorder keeps the values of the steps of one attempt, over all its branches. It is nil where none are
// recorded.
type recorder struct {
	Recording
	mu     sync.Mutex
	secret *secret.Scrubber // what parameters that are marked as secret held in this attempt
	holds  bool             // any value
	learnt bool             // since older records were last scrubbed
	vars   map[string]any   // those in the last record of the pipeline's own list; nil = none, or they are not whole there
}

func newRecorder(r Recording) *recorder {
	if r.Of != run.RecordFailures && r.Of != run.RecordAll {
		return nil
	}
	if r.Limit <= 0 {
		r.Limit = StandardRecord
	}
	return &recorder{Recording: r, secret: secret.NewScrubber()}
}

// used are the values of the part that an execution is at.
type used struct {
	before   scope
	params   map[string]any // nil for what is no command, or was not called
	input    any            // what `input` gave, if hasInput
	result   any            // what it gave, if gave
	hasInput bool
	gave     bool
}

// noteStart notes what a part begins with.
func (x *execution) noteStart() {
	if x.recorder == nil {
		return
	}
	if x.used == nil {
		x.used = new(used)
	}
	*x.used = used{before: x.here}
}

// keepValues writes the values of a part that ended, or begins, into its record.
func (x *execution) keepValues(h *head, s *step, rec *run.Step, failed bool) {
	r := x.recorder
	if r == nil || x.used == nil || r.Of == run.RecordFailures && !failed {
		return
	}
	own := x.calls == 0 && h.depth <= 1
	r.mu.Lock()
	defer r.mu.Unlock()
	u, in, w := x.used, run.Input{}, redactor{scrub: r.scrub}
	if u.params != nil {
		in.Params = r.text(&w, w.params(s, u.params))
	}
	if u.hasInput {
		in.Input = r.text(&w, w.value(u.input))
	}
	w.changed = false
	in.Body = r.text(&w, w.value(u.before.body))
	if vars := u.before.vars; own && (r.vars == nil || !sameMap(vars, r.vars)) {
		in.Vars = r.text(&w, w.value(vars))
		if r.vars = vars; w.changed {
			r.vars = nil
		}
	}
	if own {
		in.Identity = u.before.identity
	}
	in.Exact = own && !w.changed && r.Of == run.RecordAll
	if text, err := json.Marshal(in); err == nil {
		rec.Input, r.holds = text, true
	}
	if u.gave && !failed {
		rec.Output = r.text(&w, w.value(u.result))
	}
}

// sameMap reports whether two variables hold one map. One that a step has seen never changes.
func sameMap(a, b map[string]any) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// firstJournaled is how many steps a journal carries that holds no values: a loop with an effect in each round would
// else write all of its rounds in each of them.
const firstJournaled = 50

// journaled gives the steps for a journal.
func (r *recorder) journaled(t *trace) []run.Step {
	r.mu.Lock()
	holds := r.holds
	r.mu.Unlock()
	if !holds {
		return t.first[:min(len(t.first), firstJournaled)]
	}
	steps := t.steps()
	r.forget(steps)
	return steps
}

// scrub takes every known secret out of a text.
func (r *recorder) scrub(text string) string {
	if r.Scrub != nil {
		text = r.Scrub(text)
	}
	return r.secret.Scrub(text)
}

// learn takes the values of secret parameters, which are then replaced in all records of the attempt.
func (r *recorder) learn(values []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range values {
		r.secret.Add(v)
	}
	r.learnt = r.learnt || len(values) > 0
}

// forget replaces what turned out to be a secret after it was recorded.
func (r *recorder) forget(steps []run.Step) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.learnt {
		return
	}
	for i := range steps {
		s := &steps[i]
		s.Message = r.secret.Scrub(s.Message)
		s.Input, s.Output = scrubJSON(r.secret, s.Input), scrubJSON(r.secret, s.Output)
	}
	r.learnt = false
}

func scrubJSON(sc *secret.Scrubber, text []byte) []byte {
	clean := sc.Scrub(string(text))
	switch {
	case clean == string(text):
		return text
	case json.Valid([]byte(clean)): // a step whose values are not exact is never replayed from
		var in run.Input
		if json.Unmarshal([]byte(clean), &in) != nil || !in.Exact {
			return []byte(clean)
		}
		in.Exact = false
		if again, err := json.Marshal(in); err == nil {
			return again
		}
	}
	return []byte(`"` + secret.Redacted + `"`)
}

// text gives the JSON text of a redacted value, or what stands for one that is too large.
func (r *recorder) text(w *redactor, v any) json.RawMessage {
	text, err := value.AppendJSON(nil, v)
	if err != nil {
		w.changed = true
		return json.RawMessage(`"` + unkept + `"`)
	}
	room := max(0, min(r.Limit, r.Limit*recordShare-r.Used))
	if len(text) <= room {
		r.Used += len(text)
		return text
	}
	w.changed = true
	r.Used += room
	cut, err := json.Marshal(run.Cut{Bytes: len(text), Start: string(text[:min(room, maxStart)])})
	if err != nil {
		return json.RawMessage(`"` + unkept + `"`)
	}
	return cut
}

const (
	unkept   = "[not JSON]"
	maxStart = 1 << 10 // of a value that is too large; its beginning is for people
)

package pipetest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/value"
)

// mostParts is how many parts of a run a trace keeps; shownValue how many characters of a value its text shows.
const (
	mostParts  = 10_000
	shownValue = 100
)

// Trace keeps what a run did, for reading. It may be told by many goroutines; it is read when the run is over.
// The zero Trace is ready.
type Trace struct {
	mu      sync.Mutex
	parts   []*part
	known   map[int]*part
	dropped int
}

type part struct {
	pipeline.Place
	pipeline.Seen
	ended bool
	inner []*part
}

var _ pipeline.Observer = (*Trace)(nil)

// Begin notes a part.
func (t *Trace) Begin(p pipeline.Place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.parts) == mostParts {
		t.dropped++
		return
	}
	if t.known == nil {
		t.known = map[int]*part{}
	}
	one := &part{Place: p}
	t.known[p.Number] = one
	t.parts = append(t.parts, one)
	if around := t.known[p.Parent]; around != nil {
		around.inner = append(around.inner, one)
	}
}

// End notes what a part did.
func (t *Trace) End(p pipeline.Place, s pipeline.Seen) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.known[p.Number]; one != nil {
		one.Seen, one.ended = s, true
	}
}

// attempt separates the attempts of a run.
func (t *Trace) attempt() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known = nil // numbers begin again
}

// Lines gives the trace as text, indented by blocks and rounds. times shows how long the parts took.
func (t *Trace) Lines(times bool) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := traceText{times: times}
	for _, p := range t.roots() {
		w.part(p, 0)
	}
	if t.dropped > 0 {
		w.line(0, "and %d more parts", t.dropped)
	}
	return w.lines
}

type traceText struct {
	times bool
	lines []string
	body  string // as it was shown last
}

func (w *traceText) line(depth int, format string, args ...any) {
	w.lines = append(w.lines, strings.Repeat("  ", depth)+fmt.Sprintf(format, args...))
}

func (w *traceText) part(p *part, depth int) {
	head := strconv.Itoa(p.Index+1) + " " + p.Command
	if p.ID != "" {
		head += " #" + p.ID
	}
	switch {
	case !p.ended:
		head += "  not ended"
	case p.Step.Status != run.StepDone:
		head += "  " + string(p.Step.Status)
	}
	if p.Mocked {
		head += "  mocked"
	}
	if p.Step.Attempt > 1 {
		head += fmt.Sprintf("  %d tries", p.Step.Attempt)
	}
	if w.times && p.ended && p.Step.Status != run.StepSkipped {
		head += "  " + shortTime(p.Step.Duration)
	}
	w.line(depth, "%s", head)
	if p.Step.Status != run.StepSkipped {
		w.values(p, depth+2)
	}
	w.rounds(p, depth+1)
}

// values shows what came in and out.
func (w *traceText) values(p *part, depth int) {
	if len(p.Args) > 0 {
		w.line(depth, "with %s", shortValue(p.Args))
	}
	if from := shortBody(p.Input); (p.Args != nil || p.Step.Code != "") && from != w.body {
		w.line(depth, "from %s", from)
		w.body = from
	}
	if p.ended && p.Step.Code == "" && !equal(p.Input, p.Output) && len(p.inner) == 0 {
		w.body = shortBody(p.Output)
		w.line(depth, "to   %s", w.body)
	}
	for _, name := range sortedNames(p.Vars) {
		if len(p.inner) == 0 {
			w.line(depth, "vars.%s = %s", name, shortValue(p.Vars[name]))
		}
	}
	if p.Step.Code != "" {
		w.line(depth, "%s: %s", p.Step.Code, p.Step.Message)
	}
}

// rounds shows the parts inside; those of different rounds or branches apart.
func (w *traceText) rounds(p *part, depth int) {
	inner := ordered(p.inner, p)
	last := p.Path
	for _, one := range inner {
		at := depth
		if round, isRound := strings.CutPrefix(one.Path, p.Path); isRound && strings.HasPrefix(round, "[") {
			if one.Path != last {
				w.line(depth, "%s", round)
				last = one.Path
			}
			at++
		}
		w.part(one, at)
	}
}

// roots are the parts that lie in no other one.
func (t *Trace) roots() []*part {
	var out []*part
	for _, p := range t.parts {
		if p.Parent == 0 {
			out = append(out, p)
		}
	}
	return out
}

// ordered gives the parts inside a part in the order of their rounds, and those of branches that ran side by
// side in the order of the file.
func ordered(list []*part, around *part) []*part {
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b *part) int {
		if c := comparePaths(a.Path, b.Path); c != 0 || around == nil || around.Command != "parallel" {
			return c
		}
		return a.Index - b.Index
	})
	return out
}

// comparePaths orders rounds by their numbers.
func comparePaths(a, b string) int {
	if len(a) != len(b) && strings.HasSuffix(a, "]") && strings.HasSuffix(b, "]") {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// Took is how long something took, for people.
func Took(d time.Duration) string { return shortTime(d) }

func shortTime(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.3f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// shortValue gives the beginning of a value's JSON text.
func shortValue(v any) string {
	text, err := value.AppendJSON(nil, v)
	if err != nil {
		return expr.Text(v)
	}
	return shorten(string(text), shownValue)
}

// shortBody is shortValue, but of an event shows key and payload alone.
func shortBody(v any) string {
	m, _ := v.(map[string]any)
	key, isText := m["eventKey"].(string)
	if payload, has := m["payload"]; has && isText && m["correlationId"] != nil {
		return "event " + key + " " + shortValue(payload)
	}
	return shortValue(v)
}

func shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// equal compares by value.
func equal(a, b any) bool {
	left, err := value.AppendJSON(nil, a)
	if err != nil {
		return false
	}
	right, err := value.AppendJSON(nil, b)
	return err == nil && string(left) == string(right)
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Values gives the trace as a list of maps, in the order in which the parts began.
func (t *Trace) Values() []any {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]any, len(t.parts))
	for i, p := range t.parts {
		one := map[string]any{
			"step": p.Index + 1, "command": p.Command, "pipeline": p.Pipeline, "status": string(p.Step.Status),
			"durationMs": float64(p.Step.Duration.Microseconds()) / 1000, "input": p.Input, "output": p.Output,
		}
		for name, text := range map[string]string{"id": p.ID, "path": p.Path, "code": p.Step.Code, "message": p.Step.Message} {
			if text != "" {
				one[name] = text
			}
		}
		if p.Args != nil {
			one["args"] = p.Args
		}
		if p.Vars != nil {
			one["vars"] = p.Vars
		}
		if p.Mocked {
			one["mocked"] = true
		}
		if p.Step.Attempt > 1 {
			one["attempt"] = p.Step.Attempt
		}
		out[i] = one
	}
	return out
}

package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/command/commandtest"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/value"
)

// TestFlow: the wanted text is what was executed, attempt by attempt, then the final body or the fault. A
// file with the settings of a case may stand beside it:
//
//	fails=N    how often test.flaky and test.break fail; default 0
//	server     failures are retried and waits of more than a second are durable, as on a server: the state
//	           goes through JSON between the attempts and is shown
//	attempts=N how many attempts the server makes; default 5
//	steps=N    the budget of steps
//	effects    the calls of test.effect and test.break are shown, with the key they were offered
//	vars       the final variables are shown
//
// Other pipelines stand in files called STEM.NAME.other. A case whose name ends in -flat must do the same as
// the one of that name ending in -nested.
func TestFlow(t *testing.T) {
	t.Parallel()
	spelled := map[string]string{}
	golden(t, "testdata/flow/*.txtar", func(t *testing.T, file string, src []byte, more map[string]string) (text string) {
		synctest.Test(t, func(t *testing.T) { text = flow(t, file, string(src), more) })
		stem, form := file, ""
		for _, known := range []string{"-flat", "-nested"} {
			if s, is := strings.CutSuffix(strings.TrimSuffix(strings.TrimSuffix(file, pipeline.Suffix), pipeline.SuffixJSON), known); is {
				stem, form = s, known
			}
		}
		if form == "" {
			return text
		}
		key := t.Name() + " " + stem
		plain := place.ReplaceAllString(text, "PLACE")
		if other, seen := spelled[key]; seen && other != plain {
			t.Errorf("%s: the two spellings do not do the same:\n%s\n%s", stem, other, plain)
		}
		spelled[key] = plain
		return text
	})
}

var place = regexp.MustCompile(`[a-z0-9-]+\.pi\.(?:yaml|json):\d+:\d+|line \d+|-(?:flat|nested)|"version":"[0-9a-f]*",?|"Line":\d+,"Column":\d+`)

// settings are those of a case.
type settings struct {
	fails, attempts, steps int
	server, effects, vars  bool
}

func readSettings(t *testing.T, text string) settings {
	t.Helper()
	s := settings{attempts: 5}
	for word := range strings.FieldsSeq(text) {
		name, number, _ := strings.Cut(word, "=")
		n, _ := strconv.Atoi(number)
		switch name {
		case "fails":
			s.fails = n
		case "attempts":
			s.attempts = n
		case "steps":
			s.steps = n
		case "server":
			s.server = true
		case "effects":
			s.effects = true
		case "vars":
			s.vars = true
		default:
			t.Fatalf("unknown setting %q", word)
		}
	}
	return s
}

// library is the pipelines that one may run.
type library map[string]*pipeline.Plan

func (l library) Plan(name, _ string) *pipeline.Plan { return l[name] }

func flow(t *testing.T, file, src string, more map[string]string) string {
	t.Helper()
	s := readSettings(t, more["settings"])
	w := &world{fails: s.fails}
	d := deps(t, w)
	p, err := pipeline.Load(file, []byte(src), d)
	if err != nil {
		return faultsOf(t, err)
	}
	var b strings.Builder
	for _, warning := range p.Warnings {
		fmt.Fprintf(&b, "warning %s\n", warning)
	}
	plans := library{p.Name(): p}
	for name, text := range more {
		if stem, is := strings.CutSuffix(name, ".other"); is {
			if plans[stem], err = pipeline.Load(stem+pipeline.Suffix, []byte(text), d); err != nil {
				t.Fatal(err)
			}
		}
	}
	e := event.New("webhook.lead.created", now())
	e.ID, e.TraceID, e.CorrelationID, e.Namespace = "event-1", "trace-1", "correlation-1", "acme"
	in := pipeline.Input{
		RunID: "e1:a", Event: e, Now: time.Now, Timeout: time.Minute, Plans: plans, MaxSteps: s.steps, HasBody: more["body"] != "", Instance: "here",
	}
	if in.HasBody {
		if in.Body, err = value.Decode([]byte(more["body"])); err != nil {
			t.Fatal(err)
		}
	}
	attempt(t, &b, p, in, s)
	if s.effects {
		var lines []string
		for _, c := range w.calls {
			if c.Args["effect"] != nil {
				lines = append(lines, fmt.Sprintf("    %v as %s %d\n", c.Args["effect"], c.RunID, c.Step))
			}
		}
		if strings.Contains(src, "parallel") { // branches have no order among each other
			slices.Sort(lines)
		}
		b.WriteString("effects:\n" + strings.Join(lines, ""))
		for _, e := range w.events {
			fmt.Fprintf(&b, "    sent %s %s\n", e.Key, e.Payload)
		}
	}
	return b.String()
}

func faultsOf(t *testing.T, err error) string {
	t.Helper()
	var b strings.Builder
	list, ok := err.(fault.List) //nolint:errorlint // it is the list itself
	if !ok {
		t.Fatalf("the error is no list: %v", err)
	}
	for _, e := range list {
		fmt.Fprintf(&b, "%s\n    %s\n", e.Code, e)
	}
	return b.String()
}

// attempt runs the plan, and again as a server would.
func attempt(t *testing.T, b *strings.Builder, p *pipeline.Plan, in pipeline.Input, s settings) {
	t.Helper()
	begun := time.Now()
	in.Attempt = 1
	if s.server {
		in.Hold = time.Second
		in.Journal = func(_ context.Context, state pipeline.State, _ []run.Step) error {
			fmt.Fprintf(b, "recorded at %s\n", position(t, &state))
			return nil
		}
	}
	for rounds := 0; ; rounds++ {
		in.Retries = s.server && in.Attempt < s.attempts
		watched := &counted{}
		in.Observe = watched // changes nothing, and is told of an end for each beginning
		out, err := p.Run(t.Context(), in)
		if n := watched.Load(); n != 0 {
			t.Errorf("%d parts began and did not end", n)
		}
		b.WriteString(steps(out))
		if out.Dropped > 0 {
			fmt.Fprintf(b, "%d more steps\n", out.Dropped)
		}
		retry, after := fault.Retryable(err)
		switch {
		case rounds > 50:
			t.Fatal("the run does not come to an end")
		case !out.Until.IsZero():
			fmt.Fprintf(b, "waits until +%s at %s\n", out.Until.Sub(begun).Round(time.Millisecond), position(t, &out.State))
			time.Sleep(time.Until(out.Until))
		case err != nil && retry && in.Retries:
			fmt.Fprintf(b, "attempt %d: %s\n    %s\n", in.Attempt, fault.CodeOf(err), err)
			fmt.Fprintf(b, "goes on after %s at %s\n", after, position(t, &out.State))
			time.Sleep(after)
			in.Attempt++
		case err != nil:
			fmt.Fprintf(b, "at step %d: %s\n    %s\n", out.Step, fault.CodeOf(err), err)
			return
		default:
			if out.Skipped {
				b.WriteString("skipped\n")
			}
			if out.Message != "" {
				fmt.Fprintf(b, "message %s\n", out.Message)
			}
			fmt.Fprintf(b, "%s\n", show(t, out.Body))
			if s.vars {
				fmt.Fprintf(b, "vars %s\n", show(t, out.Vars))
			}
			if took := time.Since(begun); took > 0 {
				fmt.Fprintf(b, "after %s\n", took)
			}
			return
		}
		in.Resume = through(t, out.State)
	}
}

// counted counts the parts under way.
type counted struct{ atomic.Int64 }

func (c *counted) Begin(pipeline.Place)              { c.Add(1) }
func (c *counted) End(pipeline.Place, pipeline.Seen) { c.Add(-1) }

// through gives a state as it comes back from a store.
func through(t *testing.T, s pipeline.State) *pipeline.State {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	out := new(pipeline.State)
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(out)
	if err != nil || string(again) != string(text) {
		t.Fatalf("the state became another one: %s, %s, %v", text, again, err)
	}
	return out
}

var version = regexp.MustCompile(`"version":"[0-9a-f]*",?`)

func position(t *testing.T, s *pipeline.State) string {
	t.Helper()
	text, err := s.Position()
	if err != nil {
		t.Fatal(err)
	}
	if text == nil {
		return fmt.Sprintf("step %d", s.Step)
	}
	short := version.ReplaceAllString(string(text), "")
	return strings.Replace(short, `{"format":1,`, "{", 1)
}

func show(t *testing.T, v any) string {
	t.Helper()
	text, err := value.AppendJSON(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestFlowExamples executes the examples of the commands of the language.
func TestFlowExamples(t *testing.T) {
	t.Parallel()
	for _, spec := range pipeline.FlowCommands() {
		if spec.Summary == "" || len(spec.Examples) < 2 {
			t.Errorf("%s: %d examples", spec.Name, len(spec.Examples))
		}
		for _, p := range spec.Params {
			if p.Summary == "" {
				t.Errorf("%s: the parameter %s says nothing", spec.Name, p.Name)
			}
		}
		if !slices.IsSorted(names()) {
			t.Error("the names are not sorted")
		}
		for _, ex := range spec.Examples {
			if err := check(t, ex); err != nil {
				t.Errorf("%s: %v", spec.Name, err)
			}
		}
	}
}

func names() (out []string) {
	for _, spec := range pipeline.FlowCommands() {
		out = append(out, spec.Name)
	}
	return out
}

func check(t *testing.T, ex command.Example) error {
	t.Helper()
	return commandtest.Check(t.Context(), builtin.All(builtin.Deps{Now: now}), ex)
}

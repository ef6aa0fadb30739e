package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/value"
)

// author writes random pipelines that use all of the language and come to an end.
type author struct {
	r      *rand.Rand
	names  int // for variables and effects
	inLoop bool
	branch bool // no exit, and no wait: a branch that waits is given up when another one fails meanwhile
	macros []string
}

type words = map[string]any

func (a *author) pipeline(depth int) []byte {
	list := []any{}
	for range a.r.IntN(2) {
		name := fmt.Sprintf("m%d", len(a.macros))
		list = append(list, words{"macro": words{"name": name, "args": words{"arg": 1}, "do": a.alone(depth)}})
		a.macros = append(a.macros, name)
	}
	list = append(list, a.list(depth)...)
	text, err := value.AppendJSON(nil, words{"vars": words{"n": 0}, "body": "b", "pipeline": list})
	if err != nil {
		panic(err)
	}
	return text
}

// list is commands in a row; some of them fail, and then something takes it.
func (a *author) list(depth int) []any {
	out := []any{}
	for range 1 + a.r.IntN(4) {
		out = append(out, a.command(depth))
	}
	if a.r.IntN(5) == 0 {
		out = append(out, words{"error": words{"message": "e", "type": "own", "if": "${vars.n % 2 == 0}"}}, a.effect())
		out = append(out, words{"except": words{"do": a.inside(depth-1, nil), "drop": a.r.IntN(4) > 0}})
	}
	if a.r.IntN(6) == 0 {
		out = append(out, words{"finally": words{"do": a.inside(depth-1, func() { a.inLoop = false }), "drop": a.r.IntN(2) > 0}})
	}
	return out
}

func (a *author) inside(depth int, change func()) []any {
	before := *a
	if change != nil {
		change()
	}
	out := a.list(depth)
	a.inLoop, a.branch = before.inLoop, before.branch
	return out
}

func (a *author) alone(depth int) []any {
	return a.inside(depth-1, func() { a.inLoop, a.branch = false, true })
}

func (a *author) effect() any {
	a.names++
	return words{"test.effect": words{"effect": fmt.Sprintf("e%d ${vars.n}", a.names)}}
}

func (a *author) command(depth int) any {
	a.names++
	name := fmt.Sprintf("v%d", a.names)
	kinds := 7
	if depth > 0 {
		kinds = 16
	}
	switch a.r.IntN(kinds) {
	case 0, 1:
		return a.effect()
	case 2:
		return words{"set": "${body}" + fmt.Sprint(a.names%10)}
	case 3:
		if a.branch {
			return a.effect()
		}
		return words{"wait": "5s"}
	case 4:
		switch {
		case a.inLoop && a.r.IntN(2) == 0:
			return words{[]string{"break", "continue"}[a.r.IntN(2)]: words{"if": "${vars.n % 3 == 1}"}}
		case !a.branch && a.r.IntN(8) == 0:
			return words{"exit": words{"if": "${vars.n % 5 == 1}"}}
		}
		return "log"
	case 5, 6:
		return words{"var.set": words{"key": "n", "value": "${vars.n + 1}"}}
	case 7, 8:
		return words{"foreach": words{"in": []any{1, 2, 3}[:1+a.r.IntN(3)], "as": name, "do": a.inside(depth-1, func() { a.inLoop = true })}}
	case 9:
		do := a.inside(depth-1, func() { a.inLoop = true })
		count := words{"var.set": words{"key": name, "value": "${(vars." + name + " ?? 0) + 1}"}}
		return words{"while": words{"true": "${(vars." + name + " ?? 0) < 2}", "do": append([]any{count}, do...)}}
	case 10:
		return words{"if": words{"true": "${vars.n % 2 == 0}", "then": a.inside(depth-1, nil), "else": a.inside(depth-1, nil)}}
	case 11:
		return words{"do": words{"do": a.inside(depth-1, nil), "onError": []string{"IGNORE", "THROW"}[a.r.IntN(2)]}}
	case 12:
		return words{"parallel": words{"limit": 1, "output": "vars." + name, "branches": words{"a": a.alone(depth), "b": a.alone(depth)}}}
	case 13: // side by side, where a failure of one would change what the others do
		do := []any{words{"do": words{"do": a.alone(depth), "onError": "IGNORE"}}}
		return words{"parallel": words{"output": "vars." + name, "in": []any{1, 2, 3}, "do": do}}
	case 14:
		return words{"pipeline.run": words{"path": "other", "vars": words{"n": "${vars.n}"}}}
	default:
		if len(a.macros) == 0 {
			return a.effect()
		}
		return words{"macro.run": words{"name": a.macros[a.r.IntN(len(a.macros))]}}
	}
}

// trip is what a run came to, whatever lay between.
type trip struct {
	Body, Vars any
	Exited     bool
	Code       fault.Code
	Effects    []string // with their keys, sorted: branches have no order
}

// crash says when a run is cut short.
type crash struct {
	at   int  // the record after which, or in which, it happens; 0 = never
	lost bool // the record does not come to the disk any more
}

var errCrash = errors.New("the process ended")

// drive runs a plan to its end as a server does, over crashes and waits.
func drive(t *testing.T, plan *pipeline.Plan, w *world, plans library, c crash) (out trip, records int) {
	t.Helper()
	in := pipeline.Input{RunID: "r", Now: time.Now, Hold: time.Second, Plans: plans, MaxSteps: 5000}
	kept := []byte(nil)
	var dead bool // between the crash and the next start: nothing is kept, and what runs is stopped
	var stop func()
	in.Journal = func(_ context.Context, s pipeline.State, _ []run.Step) error {
		if dead {
			return errCrash
		}
		records++
		dead = records == c.at
		if !dead || !c.lost {
			kept = encode(t, s)
		}
		if dead {
			stop()
			return errCrash
		}
		return nil
	}
	for rounds := 0; ; rounds++ {
		ctx, cancel := context.WithCancel(t.Context())
		stop = cancel
		if rounds > 2000 {
			t.Fatal("the run does not come to an end")
		}
		if kept != nil {
			in.Resume = new(pipeline.State)
			if err := json.Unmarshal(kept, in.Resume); err != nil {
				t.Fatal(err)
			}
			if again := encode(t, *in.Resume); !bytes.Equal(again, kept) {
				t.Fatalf("the state became another one:\n%s\n%s", kept, again)
			}
		}
		end, err := plan.Run(ctx, in)
		cancel()
		switch {
		case dead:
			dead = false
			continue
		case err == nil && !end.Until.IsZero():
			kept = encode(t, end.State)
			time.Sleep(time.Until(end.Until))
			continue
		}
		out = trip{Body: end.Body, Vars: end.Vars, Exited: end.Exited, Code: fault.CodeOf(err)}
		for _, call := range w.calls {
			if call.Args["effect"] != nil {
				out.Effects = append(out.Effects, fmt.Sprintf("%s %d %s", call.RunID, call.Step, call.Args["effect"]))
			}
		}
		slices.Sort(out.Effects)
		return out, records
	}
}

func encode(t *testing.T, s pipeline.State) []byte {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var pipelines = flag.Int("pipelines", 25, "how many random pipelines TestRunsGoOnAnywhere cuts short")

// TestRunsGoOnAnywhere cuts runs of random pipelines short at every record and compares with one that was
// left alone: what was recorded is not repeated, and everything else is as it would have been.
func TestRunsGoOnAnywhere(t *testing.T) {
	t.Parallel()
	n := *pipelines
	if testing.Short() {
		n = min(n, 5)
	}
	cuts, effects := 0, 0
	for seed := range n {
		synctest.Test(t, func(t *testing.T) {
			a := &author{r: rand.New(rand.NewPCG(uint64(seed), 1)), branch: true}
			other := a.pipeline(1)
			a.macros, a.branch = nil, false
			src := a.pipeline(3)
			load := func(w *world) (*pipeline.Plan, library) {
				d := deps(t, w)
				plan, err := pipeline.Load("a.pi.json", src, d)
				if err != nil {
					t.Fatalf("seed %d: %v\n%s", seed, err, src)
				}
				called, err := pipeline.Load("other.pi.json", bytes.ReplaceAll(other, []byte(`"path":"other"`), []byte(`"path":"none"`)), d)
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				return plan, library{"other": called}
			}
			w := &world{}
			plan, plans := load(w)
			want, records := drive(t, plan, w, plans, crash{})
			effects += len(want.Effects)
			for at := 1; at <= records; at += 1 + records/15 {
				for _, lost := range []bool{false, true} {
					w := &world{}
					plan, plans := load(w)
					got, _ := drive(t, plan, w, plans, crash{at: at, lost: lost})
					// What was not recorded happens once more, under its key: in every branch that ran. There are three
					// branches at most in each of three levels.
					const branches = 3 * 3 * 3
					if extra := len(got.Effects) - len(want.Effects); extra > branches || !lost && !bytes.Contains(src, []byte(`"parallel"`)) && extra > 0 {
						t.Errorf("seed %d, cut at record %d, lost %v: %d effects more", seed, at, lost, extra)
					}
					got.Effects, want.Effects = slices.Compact(got.Effects), slices.Compact(want.Effects)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("seed %d, cut at record %d of %d, lost %v: %s\n%s", seed, at, records, lost, diff, src)
					}
					cuts++
				}
			}
		})
	}
	t.Logf("%d pipelines with %d effects, %d cuts", n, effects, cuts)
	if cuts < n {
		t.Errorf("only %d cuts were made", cuts)
	}
}

// TestForeignPositions: whatever a kept position says, a run goes on in it or refuses it.
func TestForeignPositions(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	refused, taken := 0, 0
	a := &author{r: r}
	w := &world{}
	d := deps(t, w)
	var plans []*pipeline.Plan
	var states [][]byte
	for range 30 {
		p, err := pipeline.Load("a.pi.json", a.pipeline(3), d)
		if err != nil {
			t.Fatal(err)
		}
		a.macros = nil
		plans = append(plans, p)
		_, err = p.Run(t.Context(), pipeline.Input{Now: now, Hold: time.Second, MaxSteps: 2000, Journal: func(_ context.Context, s pipeline.State, _ []run.Step) error {
			s.Version = ""
			states = append(states, encode(t, s))
			return nil
		}})
		_ = err // whatever it was
	}
	replace := strings.NewReplacer("\"list\":1", "\"list\":7", "\"index\":1", "\"index\":-3")
	for i := range 3000 {
		text := states[r.IntN(len(states))]
		if i%3 == 0 {
			text = []byte(replace.Replace(string(text)))
		}
		s := new(pipeline.State)
		if err := json.Unmarshal(text, s); err != nil {
			t.Fatal(err)
		}
		_, err := plans[r.IntN(len(plans))].Run(t.Context(), pipeline.Input{Now: now, Hold: time.Second, MaxSteps: 500, Resume: s})
		if fault.CodeOf(err) == fault.PipelinePosition {
			refused++
		} else {
			taken++
		}
		if fault.CodeOf(err) == fault.Internal {
			t.Fatalf("%v at %s", err, text)
		}
	}
	t.Logf("%d positions refused, %d taken", refused, taken)
	if refused == 0 || taken == 0 {
		t.Error("the test tried only one of both")
	}
}

// TestPositionsOfOtherForms: what another version of the program, or of the file, has kept is refused.
func TestPositionsOfOtherForms(t *testing.T) {
	t.Parallel()
	p := plan(t, &world{}, "pipeline:\n  - foreach: {in: [1, 2]}\n  - log\n  - foreach.end\n")
	fits := `{"format":1,"version":"` + p.Version() + `","step":0,"vars":{},"path":[{"part":"foreach","list":1,"begun":true,"items":[2]}]}`
	cases := map[string]struct {
		text string
		code fault.Code
	}{
		"the own form":       {fits, ""},
		"no place inside":    {`{"format":1,"step":0,"vars":{}}`, ""},
		"the end":            {`{"format":1,"step":1,"vars":{}}`, ""},
		"another format":     {strings.Replace(fits, `"format":1`, `"format":2`, 1), fault.PipelinePosition},
		"no format":          {strings.Replace(fits, `"format":1,`, ``, 1), fault.PipelinePosition},
		"another version":    {strings.Replace(fits, p.Version(), "0123456789ab", 1), fault.PipelinePosition},
		"another block":      {strings.Replace(fits, `"foreach"`, `"while"`, 1), fault.PipelinePosition},
		"behind the end":     {strings.Replace(fits, `"step":0`, `"step":2`, 1), fault.PipelinePosition},
		"no such list":       {strings.Replace(fits, `"list":1`, `"list":2`, 1), fault.PipelinePosition},
		"no items":           {strings.Replace(fits, `[2]`, `[]`, 1), fault.PipelinePosition},
		"items that are not": {strings.Replace(fits, `[2]`, `"x"`, 1), fault.PipelinePosition},
		"deeper than it is":  {strings.Replace(fits, `]}`, `]},{"part":"log"},{"part":"log"}]`, 1), fault.PipelinePosition},
		"no JSON":            {`{`, fault.PipelinePosition},
		"another JSON":       {`[]`, fault.PipelinePosition},
	}
	for name, c := range cases {
		s := new(pipeline.State)
		err := s.UnmarshalJSON([]byte(c.text))
		if err == nil {
			_, err = p.Run(t.Context(), pipeline.Input{Now: now, Resume: s})
		}
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPositionBesideItsValues: a caller may keep body, vars and identity by themselves.
func TestPositionBesideItsValues(t *testing.T) {
	t.Parallel()
	w := &world{fails: 1}
	p := plan(t, w, "pipeline:\n  - foreach: {in: \"a,b\", as: x}\n  - test.break\n  - set: ${body}${vars.x}\n  - foreach.end\n")
	if p.Flat() {
		t.Error("a loop is not flat")
	}
	out, err := p.Run(t.Context(), pipeline.Input{Now: now, Body: "", HasBody: true})
	if fault.CodeOf(err) != fault.MailRelay {
		t.Fatal(err)
	}
	text, err := out.Position()
	if err != nil {
		t.Fatal(err)
	}
	s := pipeline.State{Body: out.Body, Vars: out.Vars, Identity: out.Identity}
	if err := s.SetPosition(text); err != nil {
		t.Fatal(err)
	}
	if out, err = p.Run(t.Context(), pipeline.Input{Now: now, Resume: &s}); err != nil || out.Body != "ab" {
		t.Errorf("%v, %v", out.Body, err)
	}
	flat := plan(t, w, "pipeline:\n  - test.fail\n")
	if out, err = flat.Run(t.Context(), pipeline.Input{Now: now}); err == nil || !flat.Flat() {
		t.Fatal("no failure")
	}
	if text, err := out.Position(); text != nil || err != nil {
		t.Errorf("the position in a flat pipeline is %s, %v", text, err)
	}
}

// TestCalledPipelineChanges: a run that is inside a called pipeline begins that one again when it is
// another one now.
func TestCalledPipelineChanges(t *testing.T) {
	t.Parallel()
	w := &world{fails: 1}
	d := deps(t, w)
	load := func(name, text string) *pipeline.Plan {
		p, err := pipeline.Load(name+".pi.yaml", []byte(text), d)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := load("a", "pipeline:\n  - pipeline.run: other\n")
	plans := library{"other": load("other", "pipeline:\n  - test.effect: {effect: old}\n  - test.break\n")}
	in := pipeline.Input{Now: now, Plans: plans}
	out, err := p.Run(t.Context(), in)
	if err == nil {
		t.Fatal("no failure")
	}
	plans["other"] = load("other", "pipeline:\n  - test.effect: {effect: new}\n  - set: new\n")
	in.Resume = through(t, out.State)
	if out, err = p.Run(t.Context(), in); err != nil || out.Body != "new" {
		t.Errorf("%v, %v", out.Body, err)
	}
	if n := len(w.calls); n != 3 || w.calls[2].Args["effect"] != "new" {
		t.Errorf("%d calls", n)
	}
	delete(plans, "other")
	if _, err = p.Run(t.Context(), in); fault.CodeOf(err) != fault.PipelineUnknown {
		t.Errorf("%v", err)
	}
}

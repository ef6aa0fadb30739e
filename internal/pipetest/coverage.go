package pipetest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
)

// coverage counts which steps and branches of the tested pipelines the cases executed.
type coverage struct{ plans map[string]*planCoverage } // by file

type planCoverage struct {
	name, file string
	steps      []pipeline.StepInfo
	executed   map[int]bool
	branches   []*branch
}

// branch is one way that a run may take.
type branch struct {
	at    fault.Position
	what  string
	taken bool

	step  int    // whose execution or skipping it is
	first int    // or the first step of the list; -1 = none
	kind  string // taken, skipped, list, none
}

// cover takes a pipeline into the coverage, even if no case runs.
func (r *Report) cover(p *pipeline.Plan) {
	if r.coverage.plans == nil {
		r.coverage.plans = map[string]*planCoverage{}
	}
	if r.coverage.plans[p.File()] != nil {
		return
	}
	c := &planCoverage{name: p.Name(), file: p.File(), steps: p.Steps(), executed: map[int]bool{}}
	c.branches = branchesOf(c.steps)
	r.coverage.plans[p.File()] = c
}

// branchesOf finds the branches: the lists of if, switch and except, none of them where that may be, and both
// ends of a condition.
func branchesOf(steps []pipeline.StepInfo) []*branch {
	var out []*branch
	for _, s := range steps {
		if s.Conditional {
			out = append(out,
				&branch{at: s.Pos, what: fmt.Sprintf("%s is executed", s.Command), step: s.Index, kind: "taken"},
				&branch{at: s.Pos, what: fmt.Sprintf("%s is skipped", s.Command), step: s.Index, kind: "skipped"})
		}
		switch s.Command {
		case "if", "switch", "except":
		default:
			continue
		}
		for list := range s.Lists {
			i := slices.IndexFunc(steps, func(in pipeline.StepInfo) bool { return in.Parent == s.Index && in.List == list })
			if i >= 0 {
				out = append(out, &branch{at: steps[i].Pos, what: listName(s, list), step: s.Index, first: steps[i].Index, kind: "list"})
			}
		}
		if s.Falls {
			what := "the condition of if does not hold"
			if s.Command == "switch" {
				what = "no case of switch fits"
			}
			out = append(out, &branch{at: s.Pos, what: what, step: s.Index, kind: "none"})
		}
	}
	return out
}

func listName(s pipeline.StepInfo, list int) string {
	switch {
	case s.Command == "except":
		return "except handles a failure"
	case s.Command == "switch":
		return fmt.Sprintf("case %d of switch", list+1)
	case list == 0:
		return "the condition of if holds"
	}
	return "the else of if"
}

// covered notes what a case executed.
func (r *Report) covered(t *Trace, library *app.Library) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.parts {
		c := r.coverage.plans[p.Pos.File]
		if c == nil {
			if plan := library.Plan(p.Pipeline, ""); plan != nil && plan.File() == p.Pos.File {
				r.cover(plan)
				c = r.coverage.plans[p.Pos.File]
			}
		}
		if c != nil {
			c.note(p)
		}
	}
}

func (c *planCoverage) note(p *part) {
	skipped := p.Step.Status == run.StepSkipped
	if !skipped {
		c.executed[p.Index] = true
	}
	for _, b := range c.branches {
		switch {
		case b.kind == "list" && b.first == p.Index:
			b.taken = true
		case b.step != p.Index:
		case b.kind == "taken" && !skipped, b.kind == "skipped" && skipped:
			b.taken = true
		case b.kind == "none" && p.ended && len(p.inner) == 0 && p.Step.Status == run.StepDone:
			b.taken = true
		}
	}
}

// PlanCoverage is what the cases executed of one pipeline.
type PlanCoverage struct {
	Pipeline, File          string
	Steps, StepsTaken       int
	Branches, BranchesTaken int
	Missed                  []Missed
}

// Missed is a step or branch that no case executed.
type Missed struct {
	At   fault.Position
	What string
}

// Percent is the share of steps and branches that were executed; 100 for a pipeline without any.
func (c *PlanCoverage) Percent() float64 {
	return percent(c.StepsTaken+c.BranchesTaken, c.Steps+c.Branches)
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

// Coverage gives the coverage of each pipeline, by file, and the share over all of them.
func (r *Report) Coverage() (plans []PlanCoverage, total float64) {
	part, whole := 0, 0
	for _, file := range sortedNames(r.coverage.plans) {
		c := r.coverage.plans[file]
		out := PlanCoverage{Pipeline: c.name, File: c.file, Steps: len(c.steps), Branches: len(c.branches)}
		for _, s := range c.steps {
			if c.executed[s.Index] {
				out.StepsTaken++
			} else {
				out.Missed = append(out.Missed, Missed{s.Pos, s.Command + " is never executed"})
			}
		}
		for _, b := range c.branches {
			if b.taken {
				out.BranchesTaken++
			} else {
				out.Missed = append(out.Missed, Missed{b.at, "never: " + b.what})
			}
		}
		slices.SortStableFunc(out.Missed, func(a, b Missed) int {
			return cmp.Or(cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column))
		})
		part, whole = part+out.StepsTaken+out.BranchesTaken, whole+out.Steps+out.Branches
		plans = append(plans, out)
	}
	return plans, percent(part, whole)
}

func (c coverage) value() map[string]any {
	r := Report{coverage: c}
	plans, total := r.Coverage()
	list := make([]any, len(plans))
	for i, p := range plans {
		missed := make([]any, len(p.Missed))
		for k, m := range p.Missed {
			missed[k] = map[string]any{"line": m.At.Line, "column": m.At.Column, "what": m.What}
		}
		list[i] = map[string]any{
			"pipeline": p.Pipeline, "file": p.File, "steps": p.Steps, "stepsExecuted": p.StepsTaken,
			"branches": p.Branches, "branchesTaken": p.BranchesTaken, "percent": round(p.Percent()), "missed": missed,
		}
	}
	return map[string]any{"percent": round(total), "pipelines": list}
}

func round(f float64) float64 { return float64(int(f*10+0.5)) / 10 }

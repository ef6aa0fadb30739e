package pipetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

// Outcome is how a case ended.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped"
)

// Report is what running test files gave.
type Report struct {
	Files    []*FileReport
	coverage coverage
}

// FileReport is one test file.
type FileReport struct {
	Path     string
	Pipeline string // the file that was tested
	Cases    []*CaseReport
}

// CaseReport is one case.
type CaseReport struct {
	File     string
	Name     string
	Line     int
	Outcome  Outcome
	Why      string // it is skipped
	Problems []Problem
	Trace    []string // of a failed case: what was executed
	Took     time.Duration

	trace *Trace
}

// Problem is one expectation that did not come true.
type Problem struct {
	What  string
	At    fault.Position // of the expectation
	Lines []string
	Diff  string // unified; empty where the lines say it all
}

func (c *CaseReport) fail(p Problem) {
	c.Outcome = Failed
	c.Problems = append(c.Problems, p)
}

// Count gives how many cases ended so.
func (r *Report) Count(o Outcome) int {
	n := 0
	for _, f := range r.Files {
		for _, c := range f.Cases {
			if c.Outcome == o {
				n++
			}
		}
	}
	return n
}

// Failed is how many cases failed.
func (r *Report) Failed() int { return r.Count(Failed) }

// Lines gives a failed case as text: what was expected, what there was, what was executed.
func (c *CaseReport) Lines() []string {
	var out []string
	add := func(depth int, text string) {
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			out = append(out, strings.Repeat("  ", depth)+line)
		}
	}
	for _, p := range c.Problems {
		place := p.At.String()
		if place != "" {
			place += ": "
		}
		add(1, place+p.What)
		for _, line := range p.Lines {
			add(2, line)
		}
		if p.Diff != "" {
			add(2, p.Diff)
		}
	}
	if len(c.Trace) > 0 {
		add(1, "what was executed:")
		for _, line := range c.Trace {
			add(2, line)
		}
	}
	return out
}

// Value gives the report as a value for JSON.
func (r *Report) Value() map[string]any {
	files := make([]any, len(r.Files))
	for i, f := range r.Files {
		cases := make([]any, len(f.Cases))
		for k, c := range f.Cases {
			one := map[string]any{"name": c.Name, "line": c.Line, "outcome": string(c.Outcome), "tookMs": millis(c.Took)}
			if c.Why != "" {
				one["why"] = c.Why
			}
			if len(c.Problems) > 0 {
				problems := make([]any, len(c.Problems))
				for n, p := range c.Problems {
					problems[n] = map[string]any{
						"what": p.What, "file": p.At.File, "line": p.At.Line, "column": p.At.Column, "text": strings.Join(p.Lines, "\n"), "diff": p.Diff,
					}
				}
				one["problems"] = problems
				if c.trace != nil {
					one["steps"] = c.trace.Values()
				}
			}
			cases[k] = one
		}
		files[i] = map[string]any{"file": f.Path, "pipeline": f.Pipeline, "cases": cases}
	}
	return map[string]any{
		"passed": r.Count(Passed), "failed": r.Count(Failed), "skipped": r.Count(Skipped), "files": files, "coverage": r.coverage.value(),
	}
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Summary counts the cases.
func (r *Report) Summary() string {
	text := fmt.Sprintf("%d passed, %d failed", r.Count(Passed), r.Count(Failed))
	if n := r.Count(Skipped); n > 0 {
		text += fmt.Sprintf(", %d skipped", n)
	}
	return text
}

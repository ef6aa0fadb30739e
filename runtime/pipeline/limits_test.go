package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
)

// flatNest is blocks in each other, one command a line.
func flatNest(depth int) string {
	return "pipeline:\n" + strings.Repeat("  - if: ${true}\n", depth) + "  - set: deep\n" + strings.Repeat("  - if.end\n", depth)
}

func TestNesting(t *testing.T) {
	t.Parallel()
	nested := func(depth int) string {
		return `{"pipeline": ` + strings.Repeat(`[{"do": `, depth) + `["log"]` + strings.Repeat(`}]`, depth) + `}`
	}
	for name, c := range map[string]struct {
		file, text string
		code       fault.Code
	}{
		"flat, deep enough":        {"a.pi.yaml", flatNest(49), ""},
		"flat, too deep":           {"a.pi.yaml", flatNest(50), fault.PipelineLimit},
		"flat, far too deep":       {"a.pi.yaml", flatNest(5000), fault.PipelineLimit},
		"nested, deep enough":      {"a.pi.json", nested(23), ""},
		"nested, too deep as text": {"a.pi.json", nested(24), fault.PipelineSyntax},
	} {
		p, err := pipeline.Load(c.file, []byte(c.text), deps(t, &world{}))
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %.300v", name, err)
		}
		if err != nil {
			continue
		}
		out, err := p.Run(t.Context(), pipeline.Input{Now: now})
		if err != nil || len(out.Steps) < 24 {
			t.Errorf("%s: %d steps, %v", name, len(out.Steps), err)
		}
	}
}

// TestBoundedLoops: a loop without an end comes to one by the budget of steps, or when the run is cancelled.
func TestBoundedLoops(t *testing.T) {
	t.Parallel()
	endless := "pipeline:\n  - while: {true: \"${true}\", max: 1000000}\n  - log: {if: false}\n  - while: {true: \"${true}\", max: 1000000}\n  - while.end\n  - while.end\n"
	p := plan(t, &world{}, endless)
	if _, err := p.Run(t.Context(), pipeline.Input{Now: now, MaxSteps: 10_000}); fault.CodeOf(err) != fault.PipelineLimit {
		t.Errorf("%v", err)
	}
	for name, text := range map[string]string{
		"while":    endless,
		"foreach":  "pipeline:\n  - foreach: {in: \"${1..100000}\"}\n  - foreach: {in: \"${1..100000}\"}\n  - foreach.end\n  - foreach.end\n",
		"parallel": "pipeline:\n  - parallel: {in: [1, 2, 3], do: [{while: {true: \"${true}\", max: 1000000, do: [{while: {true: \"${true}\", max: 1000000, do: [log]}}]}}]}\n",
		"finally":  "pipeline:\n  - while: {true: \"${true}\", max: 1000000}\n  - while.end\n  - finally\n  - test.fail\n",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		_, err := plan(t, &world{}, text).Run(ctx, pipeline.Input{Now: now, MaxSteps: 1 << 40})
		if fault.CodeOf(err) != fault.CommandCanceled {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStandardBudget(t *testing.T) {
	t.Parallel()
	p := plan(t, &world{}, "pipeline:\n  - foreach: {in: \"${1..1000}\"}\n  - while: {true: \"${true}\", max: 1000000}\n  - while.end\n  - foreach.end\n")
	_, err := p.Run(t.Context(), pipeline.Input{Now: now})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("more than %d steps", pipeline.StandardSteps)) {
		t.Errorf("%v", err)
	}
}

// TestJitter: the random share of a wait is taken off it.
func TestJitter(t *testing.T) {
	t.Parallel()
	for share, least := range map[string]time.Duration{"true": 5 * time.Second, "0.1": 9 * time.Second, "1": 0, "false": 10 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var waits []time.Duration
			p := plan(t, &world{fails: 1 << 20}, "pipeline:\n  - test.flaky: {retry: {times: 1, wait: 10s, jitter: "+share+"}, onError: IGNORE}\n")
			for range 50 {
				started := time.Now()
				if _, err := p.Run(t.Context(), pipeline.Input{Now: time.Now}); err != nil {
					t.Fatal(err)
				}
				waits = append(waits, time.Since(started))
			}
			slices.Sort(waits)
			if waits[0] < least || waits[49] > 10*time.Second || share != "false" && waits[0] == waits[49] {
				t.Errorf("%s: waits from %s to %s", share, waits[0], waits[49])
			}
		})
	}
}

// TestBranchesRecordOneAfterTheOther: many branches with effects, each of whose records shows all of them.
func TestBranchesRecordOneAfterTheOther(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := plan(t, w, "pipeline:\n  - parallel: {in: \"${1..40}\", as: n, limit: 16, do: [{test.effect: {effect: \"${vars.n}\"}}, {test.effect: {effect: \"${vars.n}\"}}, {set: \"${vars.n}\"}]}\n")
	var mu sync.Mutex
	records, last := 0, 0
	out, err := p.Run(t.Context(), pipeline.Input{Now: now, Journal: func(_ context.Context, s pipeline.State, _ []run.Step) error {
		if !mu.TryLock() {
			t.Error("two records at once")
			return nil
		}
		defer mu.Unlock()
		text, err := s.Position()
		if err != nil {
			return err
		}
		begun := strings.Count(string(text), `"state"`) + strings.Count(string(text), `"done"`)
		if begun < last {
			t.Errorf("a record shows %d branches, the one before showed %d", begun, last)
		}
		records, last = records+1, begun
		return nil
	}})
	if list, _ := out.Body.([]any); err != nil || len(list) != 40 || list[39] != 40 || records != 80 {
		t.Errorf("%v, %d records, %v", out.Body, records, err)
	}
	if len(out.Steps) != 1+3*40 {
		t.Errorf("%d steps", len(out.Steps))
	}
}

// TestRecordFailsInABranch: the run ends, retryable, whatever handlers there are.
func TestRecordFailsInABranch(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := plan(t, w, "pipeline:\n  - parallel: {branches: [[test.effect, test.note], [log]], onError: IGNORE}\n  - except\n  - test.note\n  - finally\n  - test.note\n")
	_, err := p.Run(t.Context(), pipeline.Input{Now: now, Journal: func(context.Context, pipeline.State, []run.Step) error {
		return fault.New(fault.StoreFull, "the disk is full")
	}})
	if retry, _ := fault.Retryable(err); fault.CodeOf(err) != fault.StoreFull || !retry || len(w.calls) != 1 {
		t.Errorf("%d calls, %v", len(w.calls), err)
	}
}

// TestRightToRunPipelines: it is a right of its own, and of the moment.
func TestRightToRunPipelines(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := plan(t, w, "pipeline:\n  - pipeline.run: other\n")
	other, err := pipeline.Load("other.pi.yaml", []byte("pipeline:\n  - test.note\n"), deps(t, w))
	if err != nil {
		t.Fatal(err)
	}
	none, err := iam.NewPolicy(map[string][]string{"r": {"CAN_CMD_test.*"}}, map[string]iam.Identity{iam.Anonymous: {Roles: []string{"r"}}})
	if err != nil {
		t.Fatal(err)
	}
	in := pipeline.Input{Now: now, Plans: library{"other": other}, Policy: none}
	if _, err := p.Run(t.Context(), in); fault.CodeOf(err) != fault.IAMDenied || len(w.calls) != 0 {
		t.Errorf("%v", err)
	}
	in.Policy = nil
	if _, err := p.Run(t.Context(), in); err != nil || len(w.calls) != 1 {
		t.Errorf("%v", err)
	}
}

// TestCalls: the names of the pipelines that one runs, wherever it says so.
func TestCalls(t *testing.T) {
	t.Parallel()
	d := deps(t, &world{})
	texts := map[string]string{
		"a.pi.yaml":       "pipeline:\n  - if: ${true}\n  - pipeline.run: sales/b\n  - if.end\n  - call: $uri:pipeline:c\n  - log: {onError: {action: ROLLBACK, pipeline: sales.b}}\n",
		"sales/b.pi.yaml": "pipeline:\n  - log\n",
		"c.pi.json":       `{"pipeline": ["log"]}`,
	}
	plans, err := pipeline.LoadDir(files(texts), d)
	if err != nil {
		t.Fatal(err)
	}
	if got := plans[0].Calls(); !slices.Equal(got, []string{"c", "sales.b"}) {
		t.Errorf("calls %v", got)
	}
	delete(texts, "sales/b.pi.yaml")
	texts["sales/bb.pi.yaml"] = fine
	_, err = pipeline.LoadDir(files(texts), d)
	want := `a.pi.yaml:3:19: there is no pipeline "sales.b"; did you mean "sales.bb"?` + "\n" + `a.pi.yaml:6:49: there is no pipeline "sales.b"; did you mean "sales.bb"?`
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

// A panic ends the run and nothing else, wherever it is; what it said is in the debug log only.
func TestPanics(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		step       int // where the run stands
		kept       bool
	}{
		{"step", "pipeline:\n  - set: 1\n  - test.note: {a: 1}\n  - set: 2\n", 1, true},
		{"block", "pipeline:\n  - set: 1\n  - if: {true: \"${true}\", then: [{test.note: {a: 1}}]}\n", 0, false},
		{"branch", "pipeline:\n  - set: 1\n  - parallel: {branches: {a: [{test.note: {a: 1}}], b: [{set: 2}]}, limit: 2}\n", 1, true},
		{"handler", "pipeline:\n  - error: x\n  - except\n  - test.note: {a: 1}\n  - except.end\n", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			in := pipeline.Input{Now: now, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
			in.Trial = &pipeline.Trial{Answer: func(_ context.Context, at pipeline.Place, _ command.Call) (command.Result, bool, error) {
				if at.Command == "test.note" {
					panic("S3CRET")
				}
				return command.Result{}, false, nil
			}}
			out, err := plan(t, &world{}, c.text).Run(t.Context(), in)
			if retry, _ := fault.Retryable(err); fault.CodeOf(err) != fault.Internal || strings.Contains(err.Error(), "S3CRET") || retry {
				t.Errorf("%v, retryable %t", err, retry)
			}
			if !strings.Contains(log.String(), `level=DEBUG msg="a pipeline panicked"`) || !strings.Contains(log.String(), "S3CRET") {
				t.Errorf("the debug log lacks the panic: %s", log.String())
			}
			if out.Step != c.step || out.Vars != nil != c.kept {
				t.Errorf("it stands at step %d with the variables %v", out.Step, out.Vars)
			}
		})
	}
}

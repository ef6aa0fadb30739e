package pipeline_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
)

const tenSteps = 10

// benchRun runs a pipeline of ten equal steps; divide by ten for the cost of a step.
func benchRun(b *testing.B, stepText string, in pipeline.Input) {
	b.Helper()
	p := plan(b, &world{}, "pipeline:\n"+strings.Repeat("  - "+stepText+"\n", tenSteps))
	in.RunID, in.Now, in.HasBody = "r", time.Now, true
	in.Body = map[string]any{"name": "Ada", "lead": map[string]any{"email": "a@example.org"}}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Run(ctx, in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTenStepsConstant(b *testing.B) {
	benchRun(b, "body.set: {value: {a: 1}}", pipeline.Input{})
}

func BenchmarkTenStepsConstantWithTimeout(b *testing.B) {
	benchRun(b, "body.set: {value: {a: 1}}", pipeline.Input{Timeout: time.Minute})
}

func BenchmarkTenStepsExpression(b *testing.B) {
	benchRun(b, "set: {value: \"${body.lead.email}\", output: vars.x}", pipeline.Input{Timeout: time.Minute})
}

func BenchmarkTenStepsLog(b *testing.B) {
	benchRun(b, "log: \"lead ${body.lead.email}\"", pipeline.Input{Timeout: time.Minute})
}

func BenchmarkTenStepsSkipped(b *testing.B) {
	benchRun(b, "log: {if: \"${body.name == 'x'}\"}", pipeline.Input{Timeout: time.Minute})
}

// benchText runs a pipeline of its own; steps is how many steps one run takes.
func benchText(b *testing.B, steps int, text string, in pipeline.Input) {
	b.Helper()
	p := plan(b, &world{}, text)
	in.RunID, in.Now, in.HasBody, in.Timeout = "r", time.Now, true, time.Minute
	in.Plans = library{"a": plan(b, &world{}, "pipeline:\n  - body.set: {value: 1}\n")}
	if in.Body == nil {
		in.Body = map[string]any{"name": "Ada"}
	}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Run(ctx, in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(steps), "ns/step")
}

// BenchmarkForeach is a hundred rounds of one step.
func BenchmarkForeach(b *testing.B) {
	benchText(b, 100, "pipeline:\n  - foreach: {in: \"${1..100}\", as: x}\n  - body.set: {value: 1}\n  - foreach.end\n", pipeline.Input{})
}

// BenchmarkWhile is a hundred rounds of one step.
func BenchmarkWhile(b *testing.B) {
	benchText(b, 100, "pipeline:\n  - while: ${body < 100}\n  - set: ${body + 1}\n  - while.end\n", pipeline.Input{Body: 0})
}

// BenchmarkTenChoices is ten ifs with one step in each.
func BenchmarkTenChoices(b *testing.B) {
	benchText(b, 10, "pipeline:\n"+strings.Repeat("  - if: ${body.name == 'Ada'}\n  - log\n  - if.end\n", tenSteps), pipeline.Input{})
}

// BenchmarkTenStepsInDeepBlocks is ten steps, twenty blocks deep.
func BenchmarkTenStepsInDeepBlocks(b *testing.B) {
	benchText(b, 10, "pipeline:\n"+strings.Repeat("  - if: ${true}\n", 20)+strings.Repeat("  - body.set: {value: 1}\n", tenSteps)+strings.Repeat("  - if.end\n", 20), pipeline.Input{})
}

// BenchmarkTenHandlers is ten steps with an except behind each that has nothing to do.
func BenchmarkTenHandlers(b *testing.B) {
	benchText(b, 10, "pipeline:\n"+strings.Repeat("  - body.set: {value: 1}\n  - except\n  - log\n  - except.end\n", tenSteps), pipeline.Input{})
}

// BenchmarkException is a failure that an except takes.
func BenchmarkException(b *testing.B) {
	benchText(b, 1, "pipeline:\n  - error: x\n  - except\n  - body.set: {value: 1}\n", pipeline.Input{})
}

// BenchmarkParallel is ten branches of one step.
func BenchmarkParallel(b *testing.B) {
	benchText(b, 10, "pipeline:\n  - parallel: {in: \"${1..10}\", do: [{body.set: {value: 1}}]}\n", pipeline.Input{})
}

// BenchmarkPipelineRun is ten calls of a pipeline of one step.
func BenchmarkPipelineRun(b *testing.B) {
	benchText(b, 10, "pipeline:\n"+strings.Repeat("  - pipeline.run: a\n", tenSteps), pipeline.Input{})
}

// BenchmarkPosition is what a record inside a loop costs before it is stored.
func BenchmarkPosition(b *testing.B) {
	var s pipeline.State
	p := plan(b, &world{}, "pipeline:\n  - foreach: {in: \"${1..100}\", as: x}\n  - if: ${true}\n  - test.effect\n  - if.end\n  - foreach.end\n")
	if _, err := p.Run(b.Context(), pipeline.Input{Now: now, Journal: func(_ context.Context, at pipeline.State, _ []run.Step) error {
		s = at
		return nil
	}}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Position(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTenStepsFloor is the same work in Go: an argument map and a call for each step.
func BenchmarkTenStepsFloor(b *testing.B) {
	registry, err := command.NewRegistry((&world{}).commands()...)
	if err != nil {
		b.Fatal(err)
	}
	def, err := registry.Lookup("body.set")
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	var body any = map[string]any{"name": "Ada", "lead": map[string]any{"email": "a@example.org"}}
	b.ReportAllocs()
	for b.Loop() {
		current := body
		for i := range tenSteps {
			args := map[string]any{"value": current.(map[string]any)["lead"]}
			if _, err := def.Command.Run(ctx, command.Call{Args: args, Body: current, Step: i}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkTenStepsFloorConstant is the call alone, as for constant arguments.
func BenchmarkTenStepsFloorConstant(b *testing.B) {
	registry, err := command.NewRegistry((&world{}).commands()...)
	if err != nil {
		b.Fatal(err)
	}
	def, err := registry.Lookup("body.set")
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	args := map[string]any{"value": map[string]any{"a": 1}}
	b.ReportAllocs()
	for b.Loop() {
		for i := range tenSteps {
			if _, err := def.Command.Run(ctx, command.Call{Args: args, Step: i}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	d := deps(b, &world{})
	src := []byte("pipeline:\n  - event.listen:\n      eventKey: webhook.lead.created\n  - iam.run.as: systemuser\n  - mail.send:\n      to: name@company.tld\n      subject: \"New lead was created!\"\n      body: ${@convert.fromBase64(body.payload.origin)}\n")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pipeline.Load("a.pi.yaml", src, d); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoadDir1000 compiles a directory of a thousand pipelines of eight commands each.
func BenchmarkLoadDir1000(b *testing.B) {
	d := deps(b, &world{})
	dir := fstest.MapFS{}
	for i := range 1000 {
		dir[fmt.Sprintf("team%d/lead%d.pi.yaml", i%10, i)] = &fstest.MapFile{Data: fmt.Appendf(nil, `headers: {description: leads of source %[1]d}
vars: {source: %[1]d, seen: []}
pipeline:
  - event.listen: {eventKey: webhook.lead.s%[1]d, selector: "${body.headers != null}"}
  - set: {value: "${@convert.fromBase64(body.payload.origin)}", output: vars.lead}
  - if: ${vars.lead != ''}
  - foreach: {in: "${[1, 2, 3]}", as: n}
  - set: {value: "${vars.seen + [vars.n * 2]}", output: vars.seen}
  - foreach.end
  - if.else
  - exit
  - if.end
  - mail.send: {to: name@company.tld, subject: "New lead of source ${vars.source}", body: "${vars.lead}"}
`, i)}
	}
	b.ReportAllocs()
	for b.Loop() {
		if plans, err := pipeline.LoadDir(dir, d); err != nil || len(plans) != 1000 {
			b.Fatal(len(plans), err)
		}
	}
}

// watcher is an observer that does nothing.
type watcher struct{}

func (watcher) Begin(pipeline.Place)              {}
func (watcher) End(pipeline.Place, pipeline.Seen) {}

// BenchmarkTenStepsObserved is what being observed costs; the other benchmarks of ten steps have no observer.
func BenchmarkTenStepsObserved(b *testing.B) {
	benchRun(b, "body.set: {value: {a: 1}}", pipeline.Input{Observe: watcher{}})
}

// BenchmarkTenStepsMocked asks mocks that never answer.
func BenchmarkTenStepsMocked(b *testing.B) {
	benchRun(b, "body.set: {value: {a: 1}}", pipeline.Input{Trial: &pipeline.Trial{Answer: func(context.Context, pipeline.Place, command.Call) (command.Result, bool, error) {
		return command.Result{}, false, nil
	}}})
}

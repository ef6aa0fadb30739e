package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/pipeline"
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

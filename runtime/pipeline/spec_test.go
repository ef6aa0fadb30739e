package pipeline_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

// TestTriggerExamples executes the examples of the commands that start a pipeline.
func TestTriggerExamples(t *testing.T) {
	t.Parallel()
	for _, spec := range pipeline.TriggerCommands() {
		if _, err := command.NewRegistry(command.Definition{Spec: spec}); err != nil {
			t.Error(err)
		}
		if spec.Summary == "" || len(spec.Examples) < 2 {
			t.Errorf("%s: %d examples", spec.Name, len(spec.Examples))
		}
		for _, ex := range spec.Examples {
			if err := check(t, ex); err != nil {
				t.Errorf("%s: %v", spec.Name, err)
			}
		}
	}
}

// TestTakesCommon holds what TakesCommon says against what the compiler refuses.
func TestTakesCommon(t *testing.T) {
	t.Parallel()
	values := map[string]string{"id": "x", "if": "true", "eval": "body", "onError": "LOG", "input": "1", "output": "vars.x", "timeout": "1s", "retry": "2"}
	specs := append(pipeline.FlowCommands(), pipeline.TriggerCommands()...)
	for _, spec := range specs {
		for _, p := range command.CommonParams() {
			text := fmt.Sprintf("pipeline:\n  - %s: {%s: %s", spec.Name, p.Name, values[p.Name])
			switch spec.Name {
			case "macro":
				text += ", flow: true"
			case "call":
				text += ", uri: $uri:command:log?message=x"
			}
			_, err := pipeline.Load("a.pi.yaml", []byte(text+"}\n"), deps(t, &world{}))
			var list fault.List
			errors.As(err, &list)
			refused := false
			for _, e := range list {
				refused = refused || strings.Contains(e.Error(), fmt.Sprintf("takes no %q", p.Name)) || strings.Contains(e.Error(), "takes no parameters")
			}
			if takes := pipeline.TakesCommon(spec.Name, p.Name); takes == refused {
				t.Errorf("%s takes %s: %t, but the compiler says %v", spec.Name, p.Name, takes, err)
			}
		}
	}
}

// TestHeaderParams holds the described headers against what the compiler refuses.
func TestHeaderParams(t *testing.T) {
	t.Parallel()
	const rest = "\npipeline:\n  - set: 1\n"
	for _, p := range pipeline.HeaderParams() {
		for _, name := range append([]string{p.Name}, p.Aliases...) {
			value := map[string]string{"onError": "LOG", "onCommandError": "LOG", "exprPrefix": `"%"`}[name]
			if value == "" {
				value = "true"
			}
			if _, err := pipeline.Load("a.pi.yaml", []byte("headers:\n  "+name+": "+value+rest), deps(t, &world{})); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, name := range pipeline.RefusedHeaders() {
		_, err := pipeline.Load("a.pi.yaml", []byte("headers:\n  "+name+": x"+rest), deps(t, &world{}))
		if fault.CodeOf(err) != fault.PipelineUnsupported {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOldNames reads each old name as the present one, with a warning.
func TestOldNames(t *testing.T) {
	t.Parallel()
	params := map[string]string{"macro": "{name: x, do: body}", "macro.run": "x", "pipeline.run": "a.b", "mail.send": "{to: a@example.org}"}
	for old, present := range pipeline.OldNames() {
		text := "pipeline:\n"
		if present == "macro.run" {
			text += "  - macro: {name: x, do: body}\n"
		}
		p, err := pipeline.Load("a.pi.yaml", []byte(text+"  - iam.run.as: systemuser\n  - "+old+": "+params[present]+"\n"), deps(t, &world{}))
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Warnings) == 0 || p.Warnings[0].Code != fault.PipelineDeprecated {
			t.Errorf("%s: %v", old, p.Warnings)
		}
	}
}

package commandtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/value"
)

// PipelineName is the name of the pipelines that Run makes; SystemUser is an identity they may act as.
const (
	PipelineName = "example"
	SystemUser   = "systemuser"
)

// Now is the time that pipelines under test see.
func Now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// Event is the event that pipelines under test answer.
func Event() event.Event {
	e := event.New("webhook.lead.created", Now())
	e.ID = "0192f0c4-0000-7000-8000-00000000e7e7"
	e.TraceID, e.CorrelationID, e.Headers = e.ID, e.ID, map[string]string{"content-type": "application/json"}
	return e
}

// Deps is what pipelines under test are compiled against: the given commands, which every identity may run.
func Deps(defs []command.Definition) (pipeline.Deps, error) {
	registry, err := command.NewRegistry(defs...)
	if err != nil {
		return pipeline.Deps{}, err
	}
	policy, err := iam.NewPolicy(
		map[string][]string{"all": {iam.RightPrefix + "*"}},
		map[string]iam.Identity{iam.Anonymous: {Roles: []string{"all"}}, SystemUser: {Roles: []string{"all"}, Pipelines: []string{"*"}}},
	)
	return pipeline.Deps{Commands: registry, Language: expr.New(expr.Options{Now: Now}), Policy: policy}, err
}

// Run loads the text of a pipeline file and runs it with body (JSON text; empty = null). It gives the final
// body as JSON text.
func Run(ctx context.Context, defs []command.Definition, text, body string) (string, error) {
	deps, err := Deps(defs)
	if err != nil {
		return "", err
	}
	plan, err := pipeline.Load(PipelineName+pipeline.Suffix, []byte(text), deps)
	if err != nil {
		return "", err
	}
	var first any
	if body != "" {
		if first, err = value.Decode([]byte(body)); err != nil {
			return "", err
		}
	}
	e := Event()
	out, err := plan.Run(ctx, pipeline.Input{
		RunID: e.ID + ":" + PipelineName, Event: e, Body: first, HasBody: body != "", Now: time.Now,
		Logger: slog.New(slog.DiscardHandler), Timeout: 30 * time.Second,
		Trial: &pipeline.Trial{}, // so that examples may show mocks
	})
	if err != nil {
		return "", err
	}
	final, err := value.AppendJSON(nil, out.Body)
	return string(final), err
}

// Check executes one example and says what is wrong with it.
func Check(ctx context.Context, defs []command.Definition, ex command.Example) error {
	if ex.Title == "" {
		return errors.New("the example has no title")
	}
	got, err := Run(ctx, defs, ex.Pipeline, ex.Body)
	if code := string(fault.CodeOf(err)); code != ex.WantCode {
		return fmt.Errorf("%s: code %q, want %q: %w", ex.Title, code, ex.WantCode, err)
	}
	if ex.WantCode != "" {
		return nil
	}
	want, err := value.Decode([]byte(ex.Want))
	if err != nil {
		return fmt.Errorf("%s: the wanted body: %w", ex.Title, err)
	}
	final, err := value.Decode([]byte(got))
	if err != nil {
		return fmt.Errorf("%s: the final body: %w", ex.Title, err)
	}
	if diff := cmp.Diff(want, final); diff != "" {
		return fmt.Errorf("%s: the final body is not the wanted one: %s", ex.Title, diff)
	}
	return nil
}

// RunExamples executes the examples of the commands, each as its own subtest: of those named in only, or of
// all. All defs may be used by each example. A command needs at least two examples.
func RunExamples(t *testing.T, defs []command.Definition, only ...string) {
	t.Helper()
	for _, d := range defs {
		if len(only) > 0 && !slices.Contains(only, d.Spec.Name) {
			continue
		}
		if len(d.Spec.Examples) < 2 {
			t.Errorf("%s has %d examples, want at least 2", d.Spec.Name, len(d.Spec.Examples))
		}
		for i, ex := range d.Spec.Examples {
			t.Run(fmt.Sprintf("%s/%d", d.Spec.Name, i+1), func(t *testing.T) {
				if err := Check(t.Context(), defs, ex); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

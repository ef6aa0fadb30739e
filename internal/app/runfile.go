package app

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/value"
)

// RunFile says how one pipeline file is run by hand.
type RunFile struct {
	Path     string
	Event    *event.Event // nil: the run gets an event of its own, and the body below
	Body     any
	HasBody  bool // false: the event, or without one the file's body section
	Vars     map[string]any
	Identity string // empty = anonymousUser

	Trial   *pipeline.Trial   // what stands in for commands; nil = what the file itself says
	Mocked  []string          // commands for which it does, which need not be there
	Observe pipeline.Observer // nil = nobody
}

// RunFile runs one pipeline in this process, without a server. Nothing is retried but by its own steps. The
// pipelines that it runs are those of its [Library].
func (t *Tools) RunFile(ctx context.Context, r RunFile) (pipeline.Outcome, error) {
	deps, _, err := t.DepsWith(r.Mocked)
	if err != nil {
		return pipeline.Outcome{}, err
	}
	library := t.NewLibrary(t.RootOf(r.Path), deps)
	plan, err := library.Load(r.Path)
	if err != nil {
		return pipeline.Outcome{}, err
	}
	in := pipeline.Input{
		Body: r.Body, HasBody: r.HasBody, Vars: r.Vars, Attempt: 1, Identity: r.Identity,
		Policy: t.policy, Logger: t.p.Logger, Timeout: t.p.Config.Engine.StepTimeout, MaxSteps: t.p.Config.Engine.MaxSteps, Now: t.p.Now,
		Plans: library, Trial: r.Trial, Observe: r.Observe,
	}
	if in.Trial == nil {
		in.Trial = &pipeline.Trial{}
	}
	if in.Identity == "" {
		in.Identity = iam.Anonymous
	}
	in.Event = event.New("pipeline."+plan.Name(), t.p.Now())
	if r.Event != nil {
		in.Event = *r.Event
		if _, in.Object, err = event.Unmarshal(r.Event.AppendJSON(nil)); err != nil {
			return pipeline.Outcome{}, err
		}
		if !r.HasBody {
			in.Body, in.HasBody = plan.BodyOf(in.Event, in.Object)
		}
	}
	in.RunID = in.Event.ID + ":" + plan.Name()
	out, err := plan.Run(ctx, in)
	if err == nil {
		if _, jsonErr := value.AppendJSON(nil, out.Body); jsonErr != nil {
			err = fault.Wrap(fault.ExprType, jsonErr, "the final body cannot be shown as JSON")
		}
	}
	return out, err
}

func unreadable(name string, err error) *fault.Error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	e := fault.Wrap(fault.PipelineRead, err, "reading the pipeline").At(fault.Position{File: name})
	if !strings.HasSuffix(name, pipeline.Suffix) {
		return e.WithHint("a pipeline file ends in %s", pipeline.Suffix)
	}
	return e
}

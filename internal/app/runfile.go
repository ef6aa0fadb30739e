package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
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
}

// RunFile runs one pipeline in this process, without a server. Nothing is retried.
func (t *Tools) RunFile(ctx context.Context, r RunFile) (pipeline.Outcome, error) {
	plan, err := t.loadFile(r.Path)
	if err != nil {
		return pipeline.Outcome{}, err
	}
	in := pipeline.Input{
		Body: r.Body, HasBody: r.HasBody, Vars: r.Vars, Attempt: 1, Identity: r.Identity,
		Policy: t.policy, Logger: t.p.Logger, Timeout: t.p.Config.Engine.StepTimeout, MaxSteps: t.p.Config.Engine.MaxSteps, Now: t.p.Now,
	}
	if in.Identity == "" {
		in.Identity = iam.Anonymous
	}
	in.Event = event.New("pipeline."+plan.Name(), t.p.Now())
	if r.Event != nil {
		in.Event = *r.Event
		if !r.HasBody {
			_, object, err := event.Unmarshal(r.Event.AppendJSON(nil))
			if err != nil {
				return pipeline.Outcome{}, err
			}
			in.Body, in.HasBody = map[string]any(object), true
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

func (t *Tools) loadFile(file string) (*pipeline.Plan, error) {
	if info, err := os.Stat(file); err == nil && info.Size() > pipeline.MaxSize {
		return nil, fault.New(fault.PipelineSyntax, "the file has more than %d bytes", pipeline.MaxSize).At(fault.Position{File: file})
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, unreadable(file, err)
	}
	return pipeline.Load(file, src, t.deps())
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

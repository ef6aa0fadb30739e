package app

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/penstock/penstock/ingress/admin"
	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/engine"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/run"
)

// The rights on pipelines, beside those on the commands of the same names.
const (
	rightAdHoc  = "pipeline.adhoc"
	rightRun    = "pipeline.run"
	rightPut    = "pipeline.put"
	rightGet    = "pipeline.get"
	rightDelete = "pipeline.delete"
)

// adHocName is what a pipeline is called that is not kept.
const adHocName = "adhoc"

// callers serves pipelines to the admin API. It implements admin.Pipelines.
type callers struct {
	catalog *catalog
	engine  *engine.Engine
	policy  *iam.Policy
	adHoc   bool // pipelines that are not kept are run
}

var _ admin.Pipelines = callers{}

func (c callers) may(identity, right string) error {
	if c.policy.MayRun(identity, right) {
		return nil
	}
	return fault.New(fault.IAMDenied, "%s may not use %s", identity, right).
		WithHint("grant %s%s to a role of the identity under iam in the configuration", iam.RightPrefix, right)
}

// Run implements admin.Pipelines.
func (c callers) Run(ctx context.Context, identity, where string, call admin.Call) (admin.Answer, error) {
	if err := c.may(identity, rightRun); err != nil {
		return admin.Answer{}, err
	}
	name := nameOf(where)
	if c.catalog.plan(name) == nil {
		return admin.Answer{}, c.catalog.unknown(name)
	}
	begin, response := beginning(identity, call)
	out, id, err := c.engine.Call(ctx, name, begin)
	a := answerOf(out, response)
	if id != "" { // it may be gone meanwhile
		a.Ran, a.Run = true, run.ID(id, name)
	}
	return a, err
}

// RunText implements admin.Pipelines.
func (c callers) RunText(ctx context.Context, identity string, t admin.Text, call admin.Call) (admin.Answer, error) {
	if !c.adHoc {
		return admin.Answer{}, fault.New(fault.IAMDenied, "pipelines that are not stored are switched off").
			WithHint("store the pipeline, or set pipelines.ad_hoc")
	}
	if err := c.may(identity, rightAdHoc); err != nil {
		return admin.Answer{}, err
	}
	plan, err := pipeline.LoadForm(pipeline.Form(t.Form), adHocName, t.Text, c.catalog.tools.deps())
	if err != nil {
		return admin.Answer{}, sentAsForm(t, err)
	}
	if plan.Trigger() != nil {
		return admin.Answer{}, fault.List{
			fault.New(fault.PipelineTrigger, "a pipeline that is not stored is started by nothing but its call").
				WithHint("take %s out, or store the pipeline", plan.Trigger().Kind),
		}
	}
	if err := mayWrite(c.policy, identity, plan); err != nil {
		return admin.Answer{}, err
	}
	begin, response := beginning(identity, call)
	out, err := c.engine.CallPlan(ctx, plan, begin)
	a := answerOf(out, response)
	a.Ran = true
	return a, err
}

func beginning(identity string, call admin.Call) (engine.Call, *command.Response) {
	response := &command.Response{}
	return engine.Call{
		Identity: identity, Body: call.Body, HasBody: call.HasBody, Vars: call.Vars, Request: call.Request, Response: response,
	}, response
}

func answerOf(out pipeline.Outcome, response *command.Response) admin.Answer {
	status, header := response.Get()
	return admin.Answer{Body: out.Body, Status: status, Header: header}
}

// Get implements admin.Pipelines.
func (c callers) Get(_ context.Context, identity, where string) (admin.Text, string, error) {
	if err := c.may(identity, rightGet); err != nil {
		return admin.Text{}, "", err
	}
	t, err := c.catalog.Get(where)
	form := pipeline.FormYAML
	if t.JSON {
		form = pipeline.FormJSON
	}
	return admin.Text{Form: string(form), Text: t.Text}, t.Version, err
}

// Put implements admin.Pipelines.
func (c callers) Put(ctx context.Context, identity, where string, t admin.Text, match string) (string, bool, error) {
	if err := c.may(identity, rightPut); err != nil {
		return "", false, err
	}
	now, created, err := c.catalog.Put(ctx, identity, where, pipeline.Form(t.Form), t.Text, match)
	return now.Version, created, sentAsForm(t, err)
}

// sentAsForm says what to do where YAML or JSON was sent as a form, as curl does when it is told nothing else.
func sentAsForm(t admin.Text, err error) error {
	var list fault.List
	if !errors.As(err, &list) || t.Form != string(pipeline.FormPairs) || !bytes.Contains(t.Text, []byte("pipeline")) || bytes.HasPrefix(t.Text, []byte("pipeline.")) {
		return err
	}
	hinted := slices.Clone(list)
	hinted[0] = hinted[0].WithHint("the text was sent as application/x-www-form-urlencoded; for YAML send the Content-Type application/yaml")
	return hinted
}

// Delete implements admin.Pipelines.
func (c callers) Delete(ctx context.Context, identity, where, match string, force bool) error {
	if err := c.may(identity, rightDelete); err != nil {
		return err
	}
	return c.catalog.Delete(ctx, identity, where, match, force)
}

// List implements admin.Pipelines.
func (c callers) List() any { return c.catalog.List() }

// History implements admin.Pipelines.
func (c callers) History(ctx context.Context, where string) (any, error) {
	return c.catalog.History(ctx, where)
}

// Version implements admin.Pipelines.
func (c callers) Version(ctx context.Context, identity, where, version string) (any, error) {
	if err := c.may(identity, rightGet); err != nil {
		return nil, err
	}
	return c.catalog.Version(ctx, where, version)
}

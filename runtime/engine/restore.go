package engine

import (
	"context"
	"errors"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/store"
)

// PlanOf gives the plan of a version of a pipeline: loaded now, or kept from before. An empty version asks for the
// loaded one. The error has fault.PipelineUnknown when there is none, or is the store's.
func (e *Engine) PlanOf(ctx context.Context, name, version string) (*pipeline.Plan, error) {
	p := e.plans.Load()
	if l := p.byName[name]; l != nil && (version == "" || l.plan.Version() == version) {
		return l.plan, nil
	}
	if version == "" {
		return nil, fault.New(fault.PipelineUnknown, "the pipeline %q is not loaded", name).WithHint("%s", fault.DidYouMean(name, p.names()))
	}
	k, err := e.version(ctx, name, version)
	switch {
	case err != nil:
		return nil, err
	case k == nil:
		return nil, fault.New(fault.PipelineUnknown, "version %s of the pipeline %q is not kept", version, name).
			WithHint("list what is kept with `pi pipelines history %s`", name)
	}
	return k.lane.plan, nil
}

// version gives a version that is not the present one, from memory or from the store; nil when it is kept nowhere or
// cannot be compiled any more.
func (e *Engine) version(ctx context.Context, name, version string) (*keptLane, error) {
	if k := e.versions.find(name, version); k != nil || e.o.Compile == nil {
		return k, nil
	}
	e.restores.Lock() // many runs of one version come at once after a restart
	defer e.restores.Unlock()
	if k := e.versions.find(name, version); k != nil {
		return k, nil
	}
	src, err := e.store.Source(ctx, store.PipelineVersion{Pipeline: name, Version: version})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l := e.revive(src)
	if l == nil {
		return nil, nil
	}
	k := &keptLane{lane: l, set: &plans{byName: map[string]*lane{name: l}}}
	if err := e.reviveCalled(ctx, k.set, l.plan, src.Until); err != nil {
		return nil, err
	}
	e.versions.keep(l, k.set)
	return k, nil
}

// revive compiles a kept text; nil when that fails, as when a plugin is gone.
func (e *Engine) revive(src store.Source) *lane {
	plan, err := e.o.Compile(src)
	if err == nil && plan.Version() != src.Version {
		err = fault.New(fault.Internal, "the kept text has another version")
	}
	if err != nil {
		e.log.Error("compiling a kept version of a pipeline", "pipeline", src.Pipeline, "version", src.Version, "code", fault.CodeOf(err), "error", err)
		return nil
	}
	l := &lane{plan: plan, turns: newTurns(e.o.PerPipeline)}
	if present := e.plans.Load().byName[src.Pipeline]; present != nil {
		l.turns = present.turns
	}
	return l
}

// reviveCalled adds the pipelines that plan runs, at any depth, as they were loaded together with it, until it was
// replaced.
func (e *Engine) reviveCalled(ctx context.Context, set *plans, plan *pipeline.Plan, until time.Time) error {
	present := e.plans.Load()
	for _, name := range plan.Calls() {
		if set.byName[name] != nil {
			continue
		}
		l := present.byName[name]
		if !until.IsZero() {
			switch src, err := e.store.SourceAt(ctx, name, until); {
			case errors.Is(err, store.ErrNotFound):
			case err != nil:
				return err
			case l == nil || l.plan.Version() != src.Version:
				if was := e.revive(src); was != nil {
					l = was
				}
			}
		}
		if l == nil {
			continue // the run says so when it comes there
		}
		set.byName[name] = l
		if err := e.reviveCalled(ctx, set, l.plan, until); err != nil {
			return err
		}
	}
	return nil
}

// freshVersions is how long a version is kept in any case: a run that just began may not be written down yet.
const freshVersions = time.Hour

// pruneVersions forgets texts that are past their time or too many.
func (e *Engine) pruneVersions(ctx context.Context, now time.Time) {
	n, err := e.store.PruneSources(ctx, store.SourcePrune{
		Before: now.Add(-e.o.VersionAge), Most: e.o.Versions + 1, After: now.Add(-freshVersions),
	})
	if err != nil && ctx.Err() == nil {
		e.log.Warn("pruning versions of pipelines; it is tried again", "error", err)
	}
	if n > 0 {
		e.log.Info("pruned versions of pipelines", "versions", n)
	}
}

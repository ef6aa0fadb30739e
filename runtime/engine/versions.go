package engine

import (
	"context"
	"slices"
	"sync"

	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/store"
)

// versions keeps plans that are no longer loaded while unfinished runs began with them. It may be used
// from many goroutines.
type versions struct {
	mu   sync.Mutex
	turn int // counts the calls of begin
	kept map[store.PipelineVersion]*keptLane
}

type keptLane struct {
	lane *lane
	set  *plans // that it was loaded with
	turn int    // when it was last needed
}

func newVersions() *versions { return &versions{kept: map[store.PipelineVersion]*keptLane{}} }

func (l *lane) key() store.PipelineVersion {
	return store.PipelineVersion{Pipeline: l.plan.Name(), Version: l.plan.Version()}
}

// keep holds a lane until the store knows no unfinished run of it.
func (v *versions) keep(l *lane, set *plans) {
	v.mu.Lock()
	defer v.mu.Unlock()
	k, known := v.kept[l.key()]
	if !known {
		k = &keptLane{lane: l, set: set}
		v.kept[l.key()] = k
	}
	k.turn = v.turn
}

// find gives a kept lane, or nil.
func (v *versions) find(pipeline, version string) *keptLane {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.kept[store.PipelineVersion{Pipeline: pipeline, Version: version}]
}

func (v *versions) size() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.kept)
}

// begin is called before the store is asked which versions unfinished runs have; its turn goes to drop.
func (v *versions) begin() (turn int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.turn++
	return v.turn
}

// drop forgets what no unfinished run needs: neither began with it nor may run it inside. What was kept
// since the turn began stays, because the store may not have told of it.
func (v *versions) drop(turn int, open []store.PipelineVersion, loaded *plans) {
	v.mu.Lock()
	defer v.mu.Unlock()
	needed := map[string]bool{} // run by a pipeline with an unfinished run, at any depth
	for _, o := range open {
		v.called(o.Pipeline, loaded, needed)
	}
	for key, k := range v.kept {
		if k.turn < turn && !needed[key.Pipeline] && !slices.Contains(open, key) {
			delete(v.kept, key)
		}
	}
}

// called marks the pipelines that any version of the named one runs. The caller holds the lock.
func (v *versions) called(name string, loaded *plans, needed map[string]bool) {
	var next []string
	if l := loaded.byName[name]; l != nil {
		next = l.plan.Calls()
	}
	for key, k := range v.kept {
		if key.Pipeline == name {
			next = append(next, k.lane.plan.Calls()...)
		}
	}
	for _, n := range next {
		if !needed[n] {
			needed[n] = true
			v.called(n, loaded, needed)
		}
	}
}

// library finds the pipelines that a run runs inside: those that were loaded together with its own, and
// older versions that it began with. It implements pipeline.Plans.
type library struct {
	ctx    context.Context //nolint:containedctx // of the attempt, which asks through an interface without one
	engine *Engine
	set    *plans
}

// Plan implements pipeline.Plans.
func (l library) Plan(name, version string) *pipeline.Plan {
	present := l.set.byName[name]
	if version != "" && (present == nil || present.plan.Version() != version) {
		k, err := l.engine.version(l.ctx, name, version)
		if err != nil {
			l.engine.log.Warn("reading the version of a called pipeline; it begins again", "pipeline", name, "version", version, "error", err)
		}
		if k != nil {
			return k.lane.plan
		}
	}
	if present == nil {
		return nil
	}
	return present.plan
}

// began gives the lane that a run began with, and the plans that were loaded with it: the present one,
// or one that is kept here or in the store. When the version is gone it is the present one, which is nil for
// a pipeline that is gone as well. An error means that the store could not be asked.
func (e *Engine) began(ctx context.Context, p *plans, name, version string) (*lane, *plans, error) {
	present := p.byName[name]
	if version != "" && (present == nil || present.plan.Version() != version) {
		k, err := e.version(ctx, name, version)
		if err != nil {
			return nil, nil, err
		}
		if k != nil {
			return k.lane, k.set, nil
		}
	}
	return present, p, nil
}

// retain keeps the lane of a run that is not over, if it is not the present one.
func (e *Engine) retain(j job) {
	if j.lane != nil && e.plans.Load().byName[j.lane.plan.Name()] != j.lane {
		e.versions.keep(j.lane, j.set)
	}
}

// retire forgets kept versions that no unfinished run needs.
func (e *Engine) retire(ctx context.Context) {
	e.reload.Lock()
	defer e.reload.Unlock()
	if e.versions.size() == 0 {
		return
	}
	turn := e.versions.begin()
	open, err := e.store.OpenVersions(ctx)
	if err != nil {
		if ctx.Err() == nil {
			e.log.Warn("looking for versions that unfinished runs need; all are kept", "error", err)
		}
		return
	}
	e.versions.drop(turn, open, e.plans.Load())
}

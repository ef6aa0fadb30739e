package engine

import (
	"context"

	"github.com/penstock/penstock/runtime/pipeline"
)

// Reload replaces the pipelines, all at once: events that are handled from now on see the new set, a run
// that began keeps its version until it ended, also over retries and waits. A pipeline that is not in the
// set takes no new events. The limit of runs at once is one for all versions of a pipeline. An error
// changes nothing. It may be called at any time, from any goroutine; ctx bounds nothing but the tidying
// up of versions that nobody needs any more.
func (e *Engine) Reload(ctx context.Context, set []*pipeline.Plan) error {
	if err := e.swap(set); err != nil {
		return err
	}
	e.retire(ctx)
	return nil
}

func (e *Engine) swap(set []*pipeline.Plan) error {
	e.reload.Lock()
	defer e.reload.Unlock()
	old := e.plans.Load()
	p, err := newPlans(set, e.o.PerPipeline, old)
	if err != nil {
		return err
	}
	for name, l := range old.byName {
		if p.byName[name] != l {
			e.versions.keep(l, old)
		}
	}
	e.plans.Store(p)
	return nil
}
